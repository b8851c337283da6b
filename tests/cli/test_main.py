"""The entry point: commands are imported only when they are called, and tell the same of themselves; the process ends at once, yet
with everything written."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from kubectl_sidecar.cli.main import group
from kubectl_sidecar.cli.manners import Group

ROOT = Path(__file__).resolve().parents[2]


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 300])
def test_the_line_of_each_command_is_its_own(width: int) -> None:
    imported = click.Group(commands=dict(group.commands))
    told, expected = click.HelpFormatter(width=width), click.HelpFormatter(width=width)
    ctx = click.Context(group)
    group.format_commands(ctx, told)
    imported.format_commands(ctx, expected)
    assert told.getvalue() == expected.getvalue()


def test_a_command_has_the_name_by_which_it_is_called() -> None:
    assert {name: command.name for name, command in group.commands.items()} == {name: name for name in group.commands}


COMMANDS = f"""
import sys
from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.main import group
code = run(group, sys.argv[1:] or WORDS, program_name="kubectl sidecar", stderr=sys.stderr)
names = {list(group.commands)!r}
print("imported:", *sorted(n for n in names if f"kubectl_sidecar.cli.{{n}}_command" in sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("words", "imported"),
    [
        ([], ""),
        (["--help"], ""),
        (["-h"], ""),
        (["version"], "version"),
        (["list", "--help"], "list"),
        (["list", "--demo"], "list"),
        (["nothing"], " ".join(sorted(group.commands))),
        (["--demo", "list"], " ".join(sorted(group.commands))),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_no_other_command_is_imported(words: list[str], imported: str) -> None:
    done = python(COMMANDS.replace("WORDS", repr(words)))
    assert done.stdout.splitlines()[-1].removeprefix("imported:").strip() == imported


@pytest.mark.parametrize(
    "words",
    [[], ["-h"], ["--help"], ["version"], ["list", "--demo"], ["--demo", "list"], ["list", "-h"], ["recipes"],
     ["recipes", "--demo"], ["nothing"], ["-x", "list"], ["--", "list"], ["-h", "list"], ["list", "nothing"], ["-"], [""]],
    ids=" ".join,
)  # fmt: skip
def test_a_command_line_is_read_as_by_a_group_that_has_imported_all(words: list[str]) -> None:
    both = [
        python(
            "import sys\nfrom kubectl_sidecar.cli.exits import run\nfrom kubectl_sidecar.cli.main import group\n"
            f"{setup}\nsys.exit(run(group, {words!r}, program_name='kubectl sidecar', stderr=sys.stderr))"
        )
        for setup in (
            "",
            "from kubectl_sidecar.cli.manners import Group\ngroup = Group('sidecar', commands=dict(group.commands), help=group.help)",
        )
    ]
    ours, plain = ((done.returncode, done.stdout, done.stderr) for done in both)
    assert isinstance(group, Group)
    assert ours == plain


LEAVE = "import atexit, sys, threading, time\nfrom kubectl_sidecar.cli.exits import leave\n"


def test_what_was_written_is_there_at_the_end() -> None:
    done = python(LEAVE + "sys.stdout.write('out'); sys.stderr.write('err'); leave(3)")
    assert (done.returncode, done.stdout, done.stderr) == (3, "out", "err")


def test_exit_handlers_run() -> None:
    done = python(LEAVE + "atexit.register(print, 'one'); atexit.register(print, 'two'); leave(0)")
    assert (done.returncode, done.stdout) == (0, "two\none\n")


def test_a_thread_with_work_is_waited_for() -> None:
    work = "threading.Thread(target=lambda: (go.wait(), print('worked'))).start()\n"
    done = python(LEAVE + "go = threading.Event()\n" + work + "threading.Timer(0.1, go.set).start()\nleave(4)")
    assert (done.returncode, done.stdout) == (4, "worked\n")


def test_a_daemon_is_not() -> None:
    done = python(LEAVE + "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nleave(5)")
    assert done.returncode == 5


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_is_closed_changes_nothing(stream: str) -> None:
    assert python(LEAVE + f"sys.{stream}.close(); leave(6)").returncode == 6
    assert python(LEAVE + f"sys.{stream} = None; leave(6)").returncode == 6
