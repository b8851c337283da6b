"""`kubectl sidecar describe TYPE/NAME`: evidence, problems, the plan, what could break."""

from __future__ import annotations

import gc
from typing import Any

import click

from kubectl_sidecar.cli.console import console
from kubectl_sidecar.cli.manners import Command, flag
from kubectl_sidecar.cli.options import Connection, connection, decisions, kube_version, places, shared


@click.command("describe", cls=Command)
@click.argument("workload", nargs=-1)
@connection
@shared("files", "recursive", "kube-version")
@flag("--output", "-o", choices=("json", "yaml"), help="json or yaml: the whole plan as data; for people if not given.")
@shared("container", "startup-probe", "place", "recipes", "color")
def describe_command(workload: tuple[str, ...], **options: Any) -> int:
    """Show what a workload's containers are and why we think so, what is wrong today, what a migration would change, and what
    it could break. Nothing is written.
    """
    gc.disable()  # as in `list`: the process ends before looking for cycles would pay
    prepared = _from_files(workload, options) if options["filename"] else _from_cluster(workload, options)
    screen = console(options["color"])
    if options["output"]:
        from kubectl_sidecar.output.data import dump
        from kubectl_sidecar.output.plan_data import plans_data

        screen.out.write(dump(plans_data(prepared), options["output"]))
        return 0
    from kubectl_sidecar.output.plan import describe

    for number, item in enumerate(prepared):
        if number:
            screen.print([""])
        screen.prose(describe(item, screen.paint))
    return 0


def _settings(options: dict[str, Any]) -> Any:
    from kubectl_sidecar.actions.migrate import MigrateOptions
    from kubectl_sidecar.core.planning.planner import PlanOptions

    containers, place = decisions(options["container"]), places(options["place"])
    return MigrateOptions(PlanOptions(containers=containers, startup_probe=options["startup_probe"], place=place))


def _from_cluster(workload: tuple[str, ...], options: dict[str, Any]) -> list[Any]:
    from kubectl_sidecar.actions.migrate import prepare_all
    from kubectl_sidecar.cli.targets import parse_targets
    from kubectl_sidecar.cli.world import connect, recipe_index

    kube_version(options["kube_version"], files=False)
    settings = _settings(options)
    parse_targets(workload, "")  # wrong words are told before anything is asked of a cluster
    world = connect(Connection.of(options))
    targets = parse_targets(workload, world.namespace)
    index = recipe_index(options["recipes"])
    return prepare_all(world.cluster, targets, index, settings, dry_runs=False)


def _from_files(workload: tuple[str, ...], options: dict[str, Any]) -> list[Any]:
    from kubectl_sidecar.cli.files import prepare_from_files, read_files

    return prepare_from_files(workload, read_files(options), options, _settings(options))
