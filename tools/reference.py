"""Renders the README's table of flags × commands from what the commands declare, between its two marker lines.

`python tools/reference.py` rewrites README.md; a test says when that was forgotten."""

from __future__ import annotations

from pathlib import Path

import click

from kubectl_sidecar.cli.main import group

BEGIN, END = "<!-- flags: begin -->", "<!-- flags: end -->"
README = Path(__file__).parent.parent / "README.md"


def flags_table() -> str:
    """The table as Markdown: a row per flag, a column per command."""
    commands = list(group.commands.values())
    found: dict[str, set[str]] = {}
    for command in commands:
        for param in command.params:
            if isinstance(param, click.Option):
                found.setdefault(", ".join(sorted(param.opts, key=len)), set()).add(command.name or "")
    header = "| flag | " + " | ".join(command.name or "" for command in commands) + " |"
    rows = [header, "|---|" + ":-:|" * len(commands)]
    for names, users in sorted(found.items(), key=lambda item: item[0].lstrip("-").lower()):
        marks = " | ".join("✓" if command.name in users else "" for command in commands)
        rows.append(f"| `{names}` | {marks} |")
    return "\n".join(rows)


def rendered(text: str) -> str:
    """The README with the present table."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{flags_table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(rendered(README.read_text(encoding="utf-8")), encoding="utf-8")
