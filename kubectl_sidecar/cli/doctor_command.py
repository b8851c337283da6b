"""`kubectl sidecar doctor`: is this cluster ready, for this user, and where to begin."""

from __future__ import annotations

from typing import Any

import click

from kubectl_sidecar.cli.console import console
from kubectl_sidecar.cli.exits import Exit
from kubectl_sidecar.cli.manners import Command, flag
from kubectl_sidecar.cli.options import Connection, connection, shared


@click.command("doctor", cls=Command)
@connection
@flag("--output", "-o", choices=("json", "yaml"), help="json or yaml; for people if not given.")
@shared("recipes", "color")
def doctor_command(**options: Any) -> int:
    """Say whether the cluster is ready for native sidecars, what you may do in the namespace, and which workload to begin with.

    Looks at the versions of server and nodes, webhooks that see Pods, CustomResourceDefinitions without the field and your rights,
    and proves by a dry run that a Pod keeps its native sidecar. Nothing is written. Exits with 1 when something blocks.
    """
    from kubectl_sidecar.actions.doctor import examine
    from kubectl_sidecar.cli.world import connect, recipe_index
    from kubectl_sidecar.errors import InputError

    asked = options["namespace"] or ""
    if "," in asked:
        raise InputError("doctor looks at one namespace; give one with -n")
    screen = console(options["color"])
    form = options["output"]
    world = connect(Connection.of(options))
    report = examine(world.cluster, world.namespace, recipe_index(options["recipes"]))
    if form:
        from kubectl_sidecar.output.data import dump
        from kubectl_sidecar.output.doctor import doctor_data

        screen.out.write(dump(doctor_data(report), form))
    else:
        from kubectl_sidecar.output.doctor import doctor_lines

        screen.prose(doctor_lines(report, screen.paint))
    return Exit.FINDINGS if report.status == "blocker" else Exit.COMPLETE
