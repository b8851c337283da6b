"""`kubectl sidecar browse`: the TUI."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from kubectl_sidecar.cli.manners import Command, switch
from kubectl_sidecar.cli.options import Connection, connection, shared


@click.command("browse", cls=Command)
@connection
@shared("all", "selector", "recipes", "allow-owned", "field-manager")
@switch("--readonly", help="Hide whatever writes.")
def browse_command(**options: Any) -> int:
    """Look through workloads on a screen; migrate and undo from there, after a diff and a yes."""
    from kubectl_sidecar.errors import InputError

    terminal = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()  # the screen is drawn on stderr
    if not terminal or os.environ.get("TERM", "dumb") == "dumb":
        raise InputError(
            "browse needs a terminal (TERM=dumb is none); without one use kubectl sidecar list and describe"
        )
    from kubectl_sidecar.cli.world import connect, recipe_index

    asked, everywhere, selector = options["namespace"], options["all_namespaces"], options["selector"]
    index = recipe_index(
        options["recipes"]
    )  # before the screen opens, so that what is said of a fault stays on the terminal
    world = connect(Connection.of(options))
    from kubectl_sidecar.actions.inspect import Scope
    from kubectl_sidecar.tui.app import run

    return run(
        cluster=world.cluster,
        journal=world.journal,
        index=index,
        clock=world.clock,
        scope=Scope(world.namespaces(asked, everywhere=everywhere), selector or ""),
        readonly=options["readonly"],
        allow_owned=options["allow_owned"],
        field_manager=options["field_manager"],
    )
