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


def shell(line: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "-c", line.replace("SIDECAR", f"'{sys.executable}' -m kubectl_sidecar")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_was_closed_at_the_start_is_no_fault(closed: str) -> None:
    done = shell(f"SIDECAR list --demo {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    assert ("fluent-bit" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Only Linux has /dev/full")
def test_a_full_disk_is_a_sentence() -> None:
    done = shell("SIDECAR list --demo >/dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "error: the output could not be written: No space left on device. Put that right and run it again\n"
    )


RAISES = """
import errno, os, sys
import click
from kubectl_sidecar.cli.exits import run
@click.command
def fails():
    raise OSError(errno.{code}, os.strerror(errno.{code}), "/here")
sys.exit(run(fails, [], program_name="x", stderr=sys.stderr, environ={{}}))
"""


@pytest.mark.parametrize("code", ["EACCES", "EROFS", "ENOSPC"])
def test_a_file_that_the_system_refuses_is_named(code: str) -> None:
    done = python(RAISES.format(code=code))
    assert done.returncode == 2
    assert done.stderr.startswith("error: /here: ")


def test_another_fault_of_the_system_is_our_bug() -> None:
    assert python(RAISES.format(code="EINVAL")).returncode == 70
