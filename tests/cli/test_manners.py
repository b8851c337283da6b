"""How a command line is read: as pflag and cobra read it for kubectl (tests/cluster compares with the real one), and how the
process ends."""

import errno
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from kubectl_sidecar import errors
from kubectl_sidecar.cli.exits import DEBUG, Exit, run
from kubectl_sidecar.cli.manners import Command, Group, flag, listing, optional_value, program_name, switch

DEFAULTS = {
    "names": (),
    "namespace": None,
    "all_namespaces": False,
    "selector": None,
    "output": None,
    "dry_run": "none",
    "yes": False,
    "accept": (),
    "as_group": (),
    "limit": 500,
}


def tiny() -> tuple[Group, list[dict[str, Any]]]:
    """A group with a command that knows all kinds of flags, one that knows few, and a group in it; and what they were given."""
    seen: list[dict[str, Any]] = []

    @click.command("list", cls=Command)
    @click.argument("names", nargs=-1)
    @flag("--namespace", "-n", help="Where to look.")
    @switch("--all-namespaces", "-A", help="Look everywhere.")
    @flag("--selector", "-l")
    @flag("--output", "-o", choices=("json", "yaml"))
    @optional_value("--dry-run", bare="client", choices=("none", "client", "server"), default="none", help="Only plan.")
    @switch("--yes", "-y")
    @listing("--accept")
    @listing("--as-group", split=False)
    @flag("--limit", type=int, default=500)
    def list_command(**options: Any) -> None:
        """List things."""
        seen.append(options)

    @click.command("version", cls=Command)
    @flag("--output", "-o", choices=("json",))
    def version(**options: Any) -> int:
        seen.append(options)
        return 1

    @click.command("show", cls=Command)
    @click.argument("name")
    @flag("--namespace", "-n")
    def show(**options: Any) -> None:
        seen.append(options)

    group = Group("sidecar", commands=[list_command, version, Group("recipes", commands=[show])], help="Sidecars.")
    return group, seen


def execute(*argv: str) -> tuple[int, list[dict[str, Any]], str]:
    group, seen = tiny()
    stderr = io.StringIO()
    return run(group, argv, program_name="kubectl sidecar", stderr=stderr), seen, stderr.getvalue()


def parsed(*argv: str) -> dict[str, Any]:
    """What `list` was given that is not the default."""
    code, seen, stderr = execute(*argv)
    assert (code, stderr, len(seen)) == (0, "", 1)
    return {name: value for name, value in seen[0].items() if value != DEFAULTS[name]}


A, X = {"all_namespaces": True}, {"namespace": "x"}

SPELLINGS: list[tuple[str, dict[str, Any]]] = [
    ("list", {}),
    # a flag with a value
    ("list -n x", X),
    ("list -n=x", X),
    ("list -nx", X),
    ("list --namespace x", X),
    ("list --namespace=x", X),
    ("list -n ''", {"namespace": ""}),
    ("list --namespace=", {"namespace": ""}),
    ("list --namespace ''", {"namespace": ""}),
    ("list -n=", {"namespace": "="}),
    ("list -n==", {"namespace": "="}),
    ("list -n -A", {"namespace": "-A"}),
    ("list -n --", {"namespace": "--"}),
    ("list --namespace --all-namespaces", {"namespace": "--all-namespaces"}),
    ("list -n a,b", {"namespace": "a,b"}),
    ("list -n a -n x", X),
    ("list -n a --namespace=x", X),
    ("list -l a=b", {"selector": "a=b"}),
    ("list -l=a=b", {"selector": "a=b"}),
    ("list -la=b", {"selector": "a=b"}),
    ("list --selector=a=b,c!=d", {"selector": "a=b,c!=d"}),
    ("list --selector '!a'", {"selector": "!a"}),
    ("list -l a=b -l c=d", {"selector": "c=d"}),
    ("list -o=yaml", {"output": "yaml"}),
    ("list -oyaml", {"output": "yaml"}),
    ("list -o yaml", {"output": "yaml"}),
    ("list --limit=7", {"limit": 7}),
    ("list --limit -7", {"limit": -7}),
    # a flag that stands alone
    ("list -A", A),
    ("list --all-namespaces", A),
    ("list --all_namespaces", A),
    *((f"list --all-namespaces={on}", A) for on in ("true", "True", "TRUE", "t", "T", "1")),
    *((f"list --all-namespaces={off}", {}) for off in ("false", "False", "FALSE", "f", "F", "0")),
    ("list -A=true", A),
    ("list -A=false", {}),
    ("list -A --all-namespaces=false", {}),
    ("list --all-namespaces=false -A", A),
    ("list --all-namespaces false", {**A, "names": ("false",)}),
    ("list -A true", {**A, "names": ("true",)}),
    ("list -Ay", {**A, "yes": True}),
    ("list -Ay=false", A),
    ("list -An=x", {**A, **X}),
    ("list -Anx", {**A, **X}),
    ("list -An x", {**A, **X}),
    ("list -nAy", {"namespace": "Ay"}),
    # a flag whose value may be left out
    ("list --dry-run", {"dry_run": "client"}),
    ("list --dry-run web", {"dry_run": "client", "names": ("web",)}),
    ("list --dry-run server", {"dry_run": "client", "names": ("server",)}),
    ("list --dry-run=server web", {"dry_run": "server", "names": ("web",)}),
    ("list --dry-run=server --dry-run", {"dry_run": "client"}),
    ("list --dry-run --dry-run=none", {}),
    # lists
    ("list --accept a --accept b", {"accept": ("a", "b")}),
    ("list --accept a,b", {"accept": ("a", "b")}),
    ("list --accept=a,b --accept c", {"accept": ("a", "b", "c")}),
    ("""list '--accept="a,b",c'""", {"accept": ("a,b", "c")}),
    ("list --accept=", {}),
    ("list --as-group a,b --as-group c", {"as_group": ("a,b", "c")}),
    ("list --as-group=", {"as_group": ("",)}),
    # arguments
    ("list a b", {"names": ("a", "b")}),
    ("list a -n x b", {**X, "names": ("a", "b")}),
    ("list - -n x", {**X, "names": ("-",)}),
    ("list -n x -- -A --foo", {**X, "names": ("-A", "--foo")}),
    ("list a -- b --", {"names": ("a", "b", "--")}),
    ("list ''", {"names": ("",)}),
    # before the command
    ("-n x list", X),
    ("-n=x list", X),
    ("-nx list", X),
    ("--namespace x list", X),
    ("-n list list", {"namespace": "list"}),
    ("-A list", A),
    ("-A list web", {**A, "names": ("web",)}),
    ("--dry-run list", {"dry_run": "client"}),
    ("-An x list -y", {**A, **X, "yes": True}),
    ("-n a list -n x", X),
    ("-n x list -A", {**X, **A}),
    ("--accept a list --accept b", {"accept": ("a", "b")}),
    ("-A list --all-namespaces=false", {}),
    ("-n x list -- -n y", {**X, "names": ("-n", "y")}),
]


@pytest.mark.parametrize(("line", "expected"), SPELLINGS, ids=[line for line, _ in SPELLINGS])
def test_a_command_line_is_read_as_pflag_reads_it(line: str, expected: dict[str, Any]) -> None:
    assert parsed(*shlex.split(line)) == expected


LIST, ROOT, VERSION = "list", "", "version"
MISUSE: list[tuple[str, str, str]] = [
    ("list --foo", "unknown flag: --foo", LIST),
    ("list --foo=bar", "unknown flag: --foo", LIST),
    ("list --name x", "unknown flag: --name", LIST),
    ("list --namespac=x", "unknown flag: --namespac", LIST),
    ("list --n x", "unknown flag: --n", LIST),
    ("list --foo --help", "unknown flag: --foo", LIST),
    ("list -z", "unknown shorthand flag: 'z' in -z", LIST),
    ("list -Azy", "unknown shorthand flag: 'z' in -zy", LIST),
    ("list -A=", "unknown shorthand flag: '=' in -=", LIST),
    ("list --namespace", "flag needs an argument: --namespace", LIST),
    ("list -n", "flag needs an argument: 'n' in -n", LIST),
    ("list -An", "flag needs an argument: 'n' in -n", LIST),
    ("list --=x", "bad flag syntax: --=x", LIST),
    ("list ---x", "bad flag syntax: ---x", LIST),
    (
        "list -A=maybe",
        'invalid argument "maybe" for "-A, --all-namespaces" flag: not a boolean: write true or false',
        LIST,
    ),
    (
        "list -A=yes -A",
        'invalid argument "yes" for "-A, --all-namespaces" flag: not a boolean: write true or false',
        LIST,
    ),
    ("list --yes=", 'invalid argument "" for "-y, --yes" flag: not a boolean: write true or false', LIST),
    ("list --dry-run=x", 'invalid argument "x" for "--dry-run" flag: must be none, client or server', LIST),
    ("list -o JSON", 'invalid argument "JSON" for "-o, --output" flag: must be json or yaml', LIST),
    ("list -o bad -o json", 'invalid argument "bad" for "-o, --output" flag: must be json or yaml', LIST),
    ("list --limit=a", 'invalid argument "a" for "--limit" flag: \'a\' is not a valid integer.', LIST),
    ("version -n x", "unknown shorthand flag: 'n' in -n", VERSION),
    ("-n x version", "unknown shorthand flag: 'n' in -n", VERSION),
    ("-A version", "unknown shorthand flag: 'A' in -A", VERSION),
    ("--namespace=x version", "unknown flag: --namespace", VERSION),
    ("--dry-run version -o json", "unknown flag: --dry-run", VERSION),
    ("version x", "Got unexpected extra argument (x)", VERSION),
    ("--foo list", "unknown flag: --foo", ROOT),
    ("-z list", "unknown shorthand flag: 'z' in -z", ROOT),
    ("-n", "flag needs an argument: 'n' in -n", ROOT),
    ("-A=maybe", 'invalid argument "maybe" for "-A, --all-namespaces" flag: not a boolean: write true or false', ROOT),
    ("lst", 'unknown command "lst" for "kubectl sidecar"; did you mean list?', ROOT),
    ("-n list version2", 'unknown command "version2" for "kubectl sidecar"; did you mean version?', ROOT),
    ("qqq", 'unknown command "qqq" for "kubectl sidecar"', ROOT),
    ("-- list", 'the command must stand before "--"', ROOT),
    ("recipes qqq", 'unknown command "qqq" for "kubectl sidecar recipes"', "recipes"),
    ("recipes show", "Missing argument 'NAME'.", "recipes show"),
    ("-A recipes show x", "unknown shorthand flag: 'A' in -A", "recipes"),
]


@pytest.mark.parametrize(("line", "message", "where"), MISUSE, ids=[line for line, _, _ in MISUSE])
def test_misuse_is_said_in_kubectls_words_and_runs_nothing(line: str, message: str, where: str) -> None:
    code, seen, stderr = execute(*shlex.split(line))
    path = f"kubectl sidecar {where}".strip()
    assert stderr == f"error: {message}\nSee '{path} --help' for usage.\n"
    assert (code, seen) == (Exit.USAGE, [])


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("", "Usage: kubectl sidecar [OPTIONS] COMMAND [ARGS]..."),
        ("-h", "Usage: kubectl sidecar [OPTIONS] COMMAND [ARGS]..."),
        ("--help", "Usage: kubectl sidecar [OPTIONS] COMMAND [ARGS]..."),
        ("-n x", "Usage: kubectl sidecar [OPTIONS] COMMAND [ARGS]..."),
        ("-n x --help", "Usage: kubectl sidecar [OPTIONS] COMMAND [ARGS]..."),
        ("list -h", "Usage: kubectl sidecar list [OPTIONS] [NAMES]..."),
        ("list --help", "Usage: kubectl sidecar list [OPTIONS] [NAMES]..."),
        ("list --help=true", "Usage: kubectl sidecar list [OPTIONS] [NAMES]..."),
        ("list -Ah web", "Usage: kubectl sidecar list [OPTIONS] [NAMES]..."),
        ("-h list", "Usage: kubectl sidecar list [OPTIONS] [NAMES]..."),
        ("recipes", "Usage: kubectl sidecar recipes [OPTIONS] COMMAND [ARGS]..."),
        ("recipes show -h", "Usage: kubectl sidecar recipes show [OPTIONS] NAME"),
    ],
    ids=lambda value: value if not value.startswith("Usage") else "",
)
def test_help_is_printed_wherever_it_is_asked_for(line: str, usage: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, seen, stderr = execute(*shlex.split(line))
    assert capsys.readouterr().out.splitlines()[0] == usage
    assert (code, seen, stderr) == (0, [], "")


def test_a_false_help_flag_asks_for_no_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed("list", "-h", "-h=false") == {}
    assert capsys.readouterr().out == ""


def test_the_help_shows_which_flags_take_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    execute("list", "--help")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    for start in (
        "-n, --namespace TEXT  ",
        "-A, --all-namespaces  ",
        "-o, --output json|yaml",
        "--dry-run[=none|client|server]",
        "-h, --help  ",
    ):
        assert [line for line in lines if f"{line}  ".startswith(start)], f"no line starts with {start!r}: {lines}"


def test_a_command_within_a_group_within_a_group_gets_the_flags_before_all_of_them() -> None:
    for argv in ("-n x recipes show a", "recipes -n x show a", "recipes show -n x a", "-n b recipes -n c show a -n x"):
        assert execute(*argv.split())[1] == [{"name": "a", "namespace": "x"}], argv


def test_two_commands_must_agree_whether_a_flag_takes_a_value() -> None:
    one = Command("one", params=[click.Option(["-o"])])
    two = Command("two", params=[click.Option(["-o"], is_flag=True)])
    group = Group("g", commands=[one, two])
    with pytest.raises(TypeError, match="-o takes a value in one command"):
        group.make_context("g", ["one"])


def test_a_group_has_no_flags_of_its_own() -> None:
    with pytest.raises(TypeError, match="declare them on its commands"):
        Group("g", params=[click.Option(["--debug"])])


@pytest.mark.parametrize(
    ("argv0", "name"),
    [
        ("/usr/local/bin/kubectl-sidecar", "kubectl sidecar"),
        ("kubectl-sidecar", "kubectl sidecar"),
        ("/opt/krew/kubectl-sidecar.exe", "kubectl sidecar"),
        ("/home/me/bin/sidecar", "sidecar"),
        ("/srv/kubectl_sidecar/__main__.py", "python -m kubectl_sidecar"),
        ("", "kubectl sidecar"),
    ],
)
def test_the_usage_names_what_was_typed(argv0: str, name: str) -> None:
    assert program_name(argv0) == name


# ---- how the process ends


def ending(raised: BaseException | None = None, *, returns: Any = None, debug: str = "") -> tuple[int, str]:
    @click.command("act", cls=Command)
    def act() -> Any:
        if raised:
            raise raised
        return returns

    stderr = io.StringIO()
    code = run(act, [], program_name="kubectl sidecar", stderr=stderr, environ={DEBUG: debug})
    return code, stderr.getvalue()


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "COMPLETE": 0,
        "FINDINGS": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "PARTLY": 4,
        "CLUSTER": 5,
        "BUG": 70,
        "INTERRUPTED": 130,
        "PIPE": 141,
    }


def _tree(root: type[errors.SidecarError]) -> list[type[errors.SidecarError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


@pytest.mark.parametrize("kind", _tree(errors.SidecarError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_of_the_table(kind: type[errors.SidecarError]) -> None:
    assert kind.exit_code in list(Exit)
    assert kind.exit_code not in (Exit.COMPLETE, Exit.FINDINGS)


@pytest.mark.parametrize(
    ("returns", "code"),
    [(None, Exit.COMPLETE), (0, Exit.COMPLETE), (1, Exit.FINDINGS), (Exit.PARTLY, Exit.PARTLY)],
    ids=["nothing", "0", "1", "an Exit"],
)
def test_the_code_is_what_the_command_returns(returns: Any, code: Exit) -> None:
    assert ending(returns=returns) == (code, "")


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (errors.InputError("no file x"), Exit.USAGE, "error: no file x\n"),
        (errors.Refused("declined"), Exit.REFUSED, "error: declined\n"),
        (errors.PartlyDone("1 of 2"), Exit.PARTLY, "error: 1 of 2\n"),
        (errors.Unreachable("no answer"), Exit.CLUSTER, "error: no answer\n"),
        (errors.Interrupted("nothing was written"), Exit.INTERRUPTED, "error: nothing was written\n"),
        (click.UsageError("no"), Exit.USAGE, "error: no\nSee 'kubectl sidecar --help' for usage.\n"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, "\ninterrupted\n"),
        (click.Abort(), Exit.INTERRUPTED, "\ninterrupted\n"),
        (click.exceptions.Exit(3), Exit.REFUSED, ""),
    ],
    ids=["input", "refused", "partly", "cluster", "interrupted", "usage", "ctrl-c", "abort", "exit"],
)
def test_an_error_ends_in_a_sentence_and_its_code(raised: BaseException, code: Exit, message: str) -> None:
    assert ending(raised) == (code, message)


def test_a_bug_is_called_one_and_its_traceback_goes_to_a_file() -> None:
    code, stderr = ending(KeyError("spec"))
    first, second = stderr.splitlines()
    assert code == Exit.BUG
    assert first == "error: this is a bug in kubectl sidecar, please report it: KeyError: 'spec'"
    path = Path(second.removeprefix("The details are in ").split(";")[0])
    try:
        assert "Traceback" in path.read_text(encoding="utf-8")
        assert path.stat().st_mode & 0o077 == 0
    finally:
        path.unlink()


def test_a_bug_shows_its_traceback_when_that_is_asked_for() -> None:
    code, stderr = ending(KeyError("spec"), debug="1")
    assert code == Exit.BUG
    assert stderr.startswith("Traceback")
    assert stderr.endswith("KeyError: 'spec'\n")


def _python(program: str, **settings: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, text=True, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2], **settings)


@pytest.mark.parametrize("size", [10, 1_000_000], ids=["found at the flush", "found at the write"])
def test_a_reader_that_goes_away_ends_it_quietly(size: int) -> None:
    program = f"""
import click, sys
from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.manners import Command
act = Command("act", callback=lambda: sys.stdout.write("x" * {size}) and None)
sys.exit(run(act, [], program_name="act", stderr=sys.stderr))
"""
    reader, writer = os.pipe()
    os.close(reader)
    process = _python(program, stdout=writer)
    os.close(writer)
    stderr = process.communicate()[1]
    assert (process.returncode, stderr) == (Exit.PIPE, "")


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (errno.ENOSPC, Exit.USAGE, "No space left on device. Put that right and run it again"),
        (errno.ENOTSOCK, Exit.BUG, "this is a bug"),
    ],
    ids=["of the disk", "of ours"],
)
def test_another_operating_system_error_is_no_broken_pipe(number: int, code: Exit, said: str) -> None:
    ended, stderr = ending(OSError(number, os.strerror(number)), debug="1")
    assert ended == code
    assert said in stderr


def test_reading_a_command_line_imports_nothing_of_third_parties_but_click() -> None:
    program = """
import json, sys
before = set(sys.modules)
import kubectl_sidecar.cli.manners, kubectl_sidecar.cli.exits
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)))
"""
    stdout, stderr = _python(program, stdout=subprocess.PIPE).communicate()
    assert stderr == ""
    assert json.loads(stdout) == ["click", "kubectl_sidecar"]
