"""The entry point: the commands under one name, and the end of the process with its exit code.

A command's module is imported when it is asked for, since importing all of them would be half of the time that `--help` takes. So
the line that the help has for each of them is here; a test holds it against what the command itself says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, NoReturn

import click

from kubectl_sidecar.cli.exits import leave, run
from kubectl_sidecar.cli.manners import Group, program_name

_SUMMARIES = {
    "browse": "Look through workloads on a screen; migrate and undo from there, after a diff and a yes.",
    "list": "List workloads and their sidecars, and what is wrong with them today.",
    "describe": "Show what a workload's containers are and why we think so, what is wrong today, what a migration would change, and "
    "what it could break. Nothing is written.",
    "migrate": "Move classic sidecars of a workload into initContainers with restartPolicy: Always.",
    "undo": "Restore the Pod template as it was before the last migration.",
    "doctor": "Say whether the cluster is ready for native sidecars, what you may do in the namespace, and which workload to begin "
    "with.",
    "explain": "Explain a problem or a risk: what it is, why, how to see it, what to do. Without an ID, list them all.",
    "recipes": "Show the recipes by which helpers are recognised, and check your own.",
    "version": "Print the version of this plugin.",
}
"""The commands, in the order in which they are told to a person, with the first paragraph of their own help."""


class Commands(MutableMapping[str, click.Command]):
    """The commands by their names; each is imported when it is first looked at (cli/<name>_command.py)."""

    def __init__(self) -> None:
        self._known: dict[str, click.Command | None] = dict.fromkeys(_SUMMARIES)

    def __getitem__(self, name: str) -> click.Command:
        found = self._known[name]
        if found is None:
            module = import_module(f"kubectl_sidecar.cli.{name}_command")
            found = self._known[name] = getattr(module, f"{name}_group" if name == "recipes" else f"{name}_command")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._known  # without the import that `in` would otherwise be

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]


class LazyGroup(Group):
    """A group that imports no command but the one that is called, unless a flag stands before the command's name: all flags of
    all commands have to be known then."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, commands=Commands(), **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args in ([], ["-h"], ["--help"]):
            click.echo(ctx.get_help())
            ctx.exit()
        if args[0] in self.commands:
            return click.Group.parse_args(self, ctx, args)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = click.Group(commands={name: click.Command(name, help=said) for name, said in _SUMMARIES.items()})
        lines.format_commands(ctx, formatter)


@click.group("sidecar", cls=LazyGroup)
def group() -> None:
    """Find classic sidecars (helpers without start and stop order) and migrate them to native ones, safely.

    A native sidecar is an init container with restartPolicy: Always (Kubernetes 1.29 and newer): it starts before the app, keeps
    running, and stops after it. Nothing is written without a diff and a yes, and what was written can be undone exactly.
    """


def call() -> int:
    """Runs the command line; the exit code that the process should end with."""
    # Started with a stream closed (`>&-`), Python has none at all there. What would be written is lost, as it is meant.
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    return run(group, sys.argv[1:], program_name=program_name(sys.argv[0]), stderr=sys.stderr)


def main() -> NoReturn:
    """Runs the command line and ends the process."""
    leave(call())
