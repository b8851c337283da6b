"""README's table of flags × commands is the one that the commands declare."""

import re

import click

from kubectl_sidecar.cli.exits import Exit
from kubectl_sidecar.cli.main import group
from tools.reference import README, flags_table, rendered


def test_the_readmes_table_is_the_present_one() -> None:
    text = README.read_text(encoding="utf-8")
    assert rendered(text) == text, "run: python tools/reference.py"


def test_each_flag_of_each_command_is_in_the_table() -> None:
    header, _, *rows = (line.strip("|").split("|") for line in flags_table().splitlines())
    commands = [cell.strip() for cell in header[1:]]
    found = {
        (row[0].strip(" `"), command)
        for row in rows
        for command, mark in zip(commands, row[1:], strict=True)
        if mark.strip()
    }
    declared = {
        (", ".join(sorted(param.opts, key=len)), name)
        for name, command in group.commands.items()
        if not isinstance(command, click.Group)
        for param in command.params
        if isinstance(param, click.Option)
    }
    assert {(flag, command) for flag, command in found if " " not in command} == declared


def test_the_readme_names_every_command() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in group.commands if f"kubectl sidecar {name}" not in text and name != "version"] == []


def test_the_readme_knows_every_exit_code() -> None:
    """But `FINDINGS` means `check` too, which is not there yet."""
    text = README.read_text(encoding="utf-8").partition("| exit code | meaning |")[2]
    codes = [int(code) for code in re.findall(r"^\| (\d+) \| ", text, re.MULTILINE)]
    assert codes == sorted(code.value for code in Exit)
