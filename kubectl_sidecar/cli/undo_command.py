"""`kubectl sidecar undo TYPE/NAME`: the exact old template comes back, or a diff says why not."""

from __future__ import annotations

import threading
from typing import Any

import click

from kubectl_sidecar.cli.console import Console, console
from kubectl_sidecar.cli.manners import Command
from kubectl_sidecar.cli.options import Connection, connection, duration, shared
from kubectl_sidecar.errors import Interrupted, SidecarError


@click.command("undo", cls=Command)
@click.argument("workload", nargs=-1)
@connection
@shared("dry-run", "yes", "no-wait", "timeout", "field-manager", "color")
def undo_command(workload: tuple[str, ...], **options: Any) -> int:
    """Restore the Pod template as it was before the last migration.

    Refuses, with a diff, when somebody changed the template since: restoring would lose that change.
    """
    from kubectl_sidecar.cli.migrate_command import so_far
    from kubectl_sidecar.cli.targets import parse_targets
    from kubectl_sidecar.cli.world import connect

    parse_targets(workload, "")
    seconds = duration(options["timeout"], "--timeout")
    world = connect(Connection.of(options))
    screen = console(options["color"])
    codes: list[int] = []
    written: list[str] = []
    targets = parse_targets(workload, world.namespace)
    for target in targets:
        try:
            codes.append(_undo(world, screen, target, options, seconds, written))
        except KeyboardInterrupt as interrupt:  # outside of `execute_undo`, which says itself how far it came
            raise Interrupted(f"interrupted; {so_far(written)}") from interrupt
        except Interrupted:
            raise
        except SidecarError as error:  # the others are done all the same, and the exit code tells
            if len(targets) == 1:
                raise
            screen.say(f"error: {error}")
            codes.append(error.exit_code)
    return max(codes, default=0) if len(set(codes)) <= 1 else 4


def _undo(world: Any, screen: Console, target: Any, options: dict[str, Any], seconds: float, written: list[str]) -> int:
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
    if result.written:
        written.append(target.qualified)
    screen.print(closing_undo(result, screen.paint))
    return {"done": 0, "unwatched": 0, "failed": 4}.get(result.outcome, 3)
