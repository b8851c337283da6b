"""`kubectl sidecar list`: which workloads are there, and what is wrong with them today."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any

import click

from kubectl_sidecar.cli.console import Console, console
from kubectl_sidecar.cli.manners import Command, flag, listing, switch
from kubectl_sidecar.cli.options import Connection, connection, shared


@click.command("list", cls=Command)
@connection
@shared("all", "selector", "files", "recursive")
@flag(
    "--output", "-o", choices=("wide", "json", "yaml", "name"), help="wide, json, yaml or name; a table if not given."
)
@shared("recipes", "no-headers", "color")
@switch("--at-risk", help="Only workloads that have a sidecar without ordering guarantees.")
@listing("--family", help="Only workloads with a helper of this family.")
@listing("--problem", help="Only workloads with this problem.")
def list_command(**options: Any) -> int:
    """List workloads and their sidecars, and what is wrong with them today.

    States: classic (helpers without order), mixed (some native already), native, injected (classic, but the injector's to
    change), unsure (look at it), none (no helper), broken (cannot be read).
    """
    return _list(options)


def _list(options: dict[str, Any]) -> int:
    from kubectl_sidecar.actions.inspect import Inventory

    gc.disable()  # a process that ends soon makes no cycles worth looking for, and looking costs a sixth of its time
    screen = console(options["color"])
    inventory = _from_files(options) if options["filename"] else _from_cluster(options)
    _print(Inventory(_wanted(inventory.rows, options), inventory.gaps), options, screen)
    for gap in inventory.gaps:
        screen.say(f"error: {gap.what}: {gap.error}" if gap.what not in str(gap.error) else f"error: {gap.error}")
    return max((gap.error.exit_code for gap in inventory.gaps), default=0)


def _from_files(options: dict[str, Any]) -> Any:
    from kubectl_sidecar.actions.inspect import scan_files
    from kubectl_sidecar.cli.world import recipe_index
    from kubectl_sidecar.sources.manifests import read

    return scan_files(read(options["filename"], recursive=options["recursive"]), recipe_index(options["recipes"]))


def _from_cluster(options: dict[str, Any]) -> Any:
    from kubectl_sidecar.actions.inspect import Scope, scan
    from kubectl_sidecar.cli.world import connect, recipe_index

    asked = options["namespace"]
    world = connect(Connection.of(options))
    namespaces = world.namespaces(asked, everywhere=options["all_namespaces"])
    return scan(world.cluster, Scope(namespaces, options["selector"] or ""), recipe_index(options["recipes"]))


def _wanted(rows: Iterable[Any], options: dict[str, Any]) -> tuple[Any, ...]:
    families, problems = set(options["family"]), set(options["problem"])
    if options["at_risk"]:
        rows = [row for row in rows if row.at_risk]
    if families:
        rows = [row for row in rows if any(f.family in families for f in row.findings)]
    if problems:
        rows = [row for row in rows if any(p.id in problems for p in row.problems)]
    return tuple(rows)


def _print(inventory: Any, options: dict[str, Any], screen: Console) -> None:
    from kubectl_sidecar.output.listing import list_data, list_table, names
    from kubectl_sidecar.output.words import summary

    form = options["output"]
    if form in ("json", "yaml"):
        from kubectl_sidecar.output.data import dump

        screen.out.write(dump(list_data(inventory), form))
        return
    if form == "name":
        screen.print(names(inventory))
        return
    if not inventory.rows:
        screen.say("No workloads found." if not inventory.gaps else "Nothing could be read.")
        return
    several = len({row.namespace for row in inventory.rows}) > 1 or options["all_namespaces"]
    screen.print(
        list_table(
            inventory, wide=form == "wide", all_namespaces=several, no_header=options["no_headers"], paint=screen.paint
        )
    )
    if screen.err.isatty() and screen.out.isatty():
        first = next((row for row in inventory.rows if row.at_risk), None)
        where = f" -n {first.namespace}" if first and several else ""
        screen.say(summary(inventory) + (f". Next: kubectl sidecar describe {first.ref}{where}" if first else ""))
