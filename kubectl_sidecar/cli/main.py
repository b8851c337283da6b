"""The entry point: the commands under one name, and the end of the process with its exit code."""

from __future__ import annotations

import sys

import click

from kubectl_sidecar.cli.browse_command import browse_command
from kubectl_sidecar.cli.describe_command import describe_command
from kubectl_sidecar.cli.doctor_command import doctor_command
from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.explain_command import explain_command
from kubectl_sidecar.cli.list_command import list_command
from kubectl_sidecar.cli.manners import Group, program_name
from kubectl_sidecar.cli.migrate_command import migrate_command
from kubectl_sidecar.cli.recipes_command import recipes_group
from kubectl_sidecar.cli.undo_command import undo_command
from kubectl_sidecar.cli.version_command import version_command


@click.group("sidecar", cls=Group)
def group() -> None:
    """Find classic sidecars (helpers without start and stop order) and migrate them to native ones, safely.

    A native sidecar is an init container with restartPolicy: Always (Kubernetes 1.29 and newer): it starts before the app, keeps
    running, and stops after it. Nothing is written without a diff and a yes, and what was written can be undone exactly.
    """


for command in (
    browse_command,
    list_command,
    describe_command,
    migrate_command,
    undo_command,
    doctor_command,
    explain_command,
    recipes_group,
    version_command,
):
    group.add_command(command)


def main() -> None:
    """Runs the command line and ends the process."""
    sys.exit(run(group, sys.argv[1:], program_name=program_name(sys.argv[0]), stderr=sys.stderr))
