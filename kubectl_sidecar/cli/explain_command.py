"""`kubectl sidecar explain ID`: the page of a problem or a risk."""

from __future__ import annotations

import click

from kubectl_sidecar.cli.manners import Command


@click.command("explain", cls=Command)
@click.argument("id", required=False)
def explain_command(id: str | None) -> int:
    """Explain a problem or a risk: what it is, why, how to see it, what to do. Without an ID, list them all."""
    from kubectl_sidecar.core.rules import RULES
    from kubectl_sidecar.errors import InputError
    from kubectl_sidecar.output.rules import index_lines, page

    if id is None:
        click.echo("\n".join(index_lines(RULES.values())))
        return 0
    rule = RULES.get(id)
    if rule is None:
        raise InputError(f'there is no problem or risk "{id}"; kubectl sidecar explain lists them')
    click.echo("\n".join(page(rule)))
    return 0
