"""`kubectl sidecar describe TYPE/NAME`: evidence, problems, the plan, what could break."""

from __future__ import annotations

from typing import Any

import click

from kubectl_sidecar.cli.console import console
from kubectl_sidecar.cli.manners import Command
from kubectl_sidecar.cli.options import Connection, connection, decisions, places, shared


@click.command("describe", cls=Command)
@click.argument("workload", nargs=-1)
@connection
@shared("files", "recursive", "container", "startup-probe", "place", "recipes", "color")
def describe_command(workload: tuple[str, ...], **options: Any) -> int:
    """Show what a workload's containers are and why we think so, what is wrong today, what a migration would change, and what
    it could break. Nothing is written.
    """
    from kubectl_sidecar.core.planner import PlanOptions

    plan = PlanOptions(
        containers=decisions(options["container"]),
        startup_probe=options["startup_probe"],
        place=places(options["place"]),
    )
    prepared = _from_files(workload, options, plan) if options["filename"] else _from_cluster(workload, options, plan)
    screen = console(options["color"])
    from kubectl_sidecar.output.plan import describe

    for number, item in enumerate(prepared):
        if number:
            screen.print([""])
        screen.prose(describe(item, screen.paint))
    return 0


def _from_cluster(workload: tuple[str, ...], options: dict[str, Any], plan: Any) -> list[Any]:
    from kubectl_sidecar.actions.migrate import MigrateOptions, prepare
    from kubectl_sidecar.cli.targets import parse_targets
    from kubectl_sidecar.cli.world import connect, recipe_index

    parse_targets(workload, "")  # wrong words are told before anything is asked of a cluster
    world = connect(Connection.of(options))
    targets = parse_targets(workload, world.namespace)
    index = recipe_index(options["recipes"])
    return [prepare(world.cluster, target, index, MigrateOptions(plan), dry_runs=False) for target in targets]


def _from_files(workload: tuple[str, ...], options: dict[str, Any], plan: Any) -> list[Any]:
    from kubectl_sidecar.actions.migrate import prepare_files
    from kubectl_sidecar.cli.targets import parse_targets
    from kubectl_sidecar.cli.world import recipe_index
    from kubectl_sidecar.sources.manifests import read

    targets = parse_targets(workload, options["namespace"] or "") if workload else ()
    manifests = list(read(options["filename"], recursive=options["recursive"]))
    return prepare_files(manifests, targets, recipe_index(options["recipes"]), plan)
