"""`kubectl sidecar undo TYPE/NAME`: the exact old template comes back, or a diff says why not."""

from __future__ import annotations

import threading
from typing import Any

import click

from kubectl_sidecar.cli.console import Console, console
from kubectl_sidecar.cli.manners import Command
from kubectl_sidecar.cli.options import Connection, connection, duration, shared


@click.command("undo", cls=Command)
@click.argument("workload", nargs=-1)
@connection
@shared("dry-run", "yes", "no-wait", "timeout", "field-manager", "color")
def undo_command(workload: tuple[str, ...], **options: Any) -> int:
    """Restore the Pod template as it was before the last migration.

    Refuses, with a diff, when somebody changed the template since: restoring would lose that change.
    """
    from kubectl_sidecar.cli.targets import parse_targets
    from kubectl_sidecar.cli.world import connect

    parse_targets(workload, "")
    seconds = duration(options["timeout"], "--timeout")
    world = connect(Connection.of(options))
    screen = console(options["color"])
    codes = [_undo(world, screen, target, options, seconds) for target in parse_targets(workload, world.namespace)]
    return max(codes, default=0) if len(set(codes)) <= 1 else 4


def _undo(world: Any, screen: Console, target: Any, options: dict[str, Any], seconds: float) -> int:
    from kubectl_sidecar.actions.undo import execute_undo, prepare_undo
    from kubectl_sidecar.cli.migrate_command import progress_on
    from kubectl_sidecar.output.diff import painted
    from kubectl_sidecar.output.undo import closing_undo, undo_diff, undo_question

    prepared = prepare_undo(world.cluster, world.journal, target)
    screen.print(painted(undo_diff(prepared), screen.paint))
    if prepared.refusal:
        screen.say(f"{target.qualified}: {prepared.refusal}")
        return 0 if prepared.outcome == "already" else 3
    screen.print([f"{prepared.effect}"])
    if options["dry_run"] != "none":
        screen.say("Dry run: nothing was written.")
        return 1
    if not options["yes"]:
        if not screen.interactive:
            screen.say("There is no terminal to ask on; give -y to restore without being asked. Nothing was written.")
            return 3
        if not screen.confirm(undo_question(prepared)):
            screen.say("Nothing was written.")
            return 3
    try:
        result = execute_undo(
            prepared,
            cluster=world.cluster,
            journal=world.journal,
            report=progress_on(screen),
            stop=threading.Event(),
            clock=world.clock,
            wait=not options["no_wait"],
            timeout_seconds=seconds,
            field_manager=options["field_manager"],
        )
    finally:
        screen.end_progress()
    screen.print(closing_undo(result, screen.paint))
    return {"done": 0, "unwatched": 0, "failed": 4}.get(result.outcome, 3)
