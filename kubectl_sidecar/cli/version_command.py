"""`kubectl sidecar version`."""

from __future__ import annotations

from typing import Any

import click

from kubectl_sidecar import __version__
from kubectl_sidecar.cli.manners import Command, flag


@click.command("version", cls=Command)
@flag("--output", "-o", choices=("json", "yaml"), help="json or yaml.")
def version_command(**options: Any) -> int:
    """Print the version of this plugin."""
    if options["output"]:
        from kubectl_sidecar.output.data import dump

        click.echo(dump({"version": __version__}, options["output"]), nl=False)
    else:
        click.echo(f"kubectl-sidecar {__version__}")
    return 0
