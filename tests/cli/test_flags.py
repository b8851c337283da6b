"""Every flag that a command declares does something: a row each, the command without it and with it, and what is seen of it.

The rows are held against what the commands declare, so that a new flag without a row fails, and so does a row of no flag.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.main import group
from kubectl_sidecar.cli.options import Connection
from kubectl_sidecar.cli.world import connect
from kubectl_sidecar.core.kinds import resolve
from tests.cluster.plugin import Plugin, Ran, alone_in
from tests.sources.http_server import Answer, HttpServer, http_server, status_answer
from tests.sources.kube_help import config, write

CHECKOUT = "deployment/checkout -n shop --demo"
MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: [{name: a, image: a}]}\n"
SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: shop, image: shop, volumeMounts: [{name: logs, mountPath: /logs}]}
      - {name: log-shipper, image: fluent/fluent-bit, volumeMounts: [{name: logs, mountPath: /logs, readOnly: true}]}
      volumes: [{name: logs, emptyDir: {}}]
"""


@dataclass(frozen=True)
class Row:
    """`without` and the same line with `flag` must differ; `seen` is in what is printed then, `gone` is not, but is without."""

    flag: str
    without: str
    with_it: str
    seen: str = ""
    gone: str = ""
    before: str = ""
    """What is run first, in both cases."""


ROWS = (
    Row("--all-namespaces", "list --demo", "list --demo -A", seen="payments"),
    Row("--namespace", "list --demo", "list --demo -n payments", seen="ledger", gone="checkout"),
    Row("--selector", "list --demo", "list --demo -l app=web", seen="web", gone="checkout"),
    Row("--filename", "list --demo", "list --demo -f top.yaml", seen="top-pod", gone="checkout"),
    Row("--recursive", "list -f .", "list -f . -R", seen="nested-pod"),
    Row("--output", "list --demo", "list --demo -o name", seen="deployment.apps/checkout", gone="STATE"),
    Row("--no-headers", "list --demo", "list --demo --no-headers", gone="STATE"),
    Row("--color", "list --demo", "list --demo --color always", seen="\x1b[31m"),
    Row("--at-risk", "list --demo", "list --demo --at-risk", gone="catalog"),
    Row("--family", "list --demo", "list --demo --family git-sync", seen="storefront", gone="checkout"),
    Row("--problem", "list --demo", "list --demo --problem job-never-completes", seen="report", gone="checkout"),
    Row("--demo", "list", "list --demo", seen="checkout", gone="kubeconfig"),
    Row("--namespace", "describe deployment/ledger --demo", "describe deployment/ledger --demo -n payments", seen="tls"),
    Row("--filename", "describe --demo", "describe -f top.yaml", seen="top-pod"),
    Row("--recursive", "describe -f .", "describe -f . -R", seen="nested-pod"),
    Row("--container", f"describe {CHECKOUT}", f"describe {CHECKOUT} --container log-shipper=leave", seen="you said leave"),
    Row("--startup-probe", f"describe {CHECKOUT}", f"describe {CHECKOUT} --startup-probe auto", seen="the startupProbe that is added"),
    Row("--place", "describe deployment/fraud -n payments --demo",
        "describe deployment/fraud -n payments --demo --place log-shipper=first", seen="placed by you: first"),
    Row("--color", f"describe {CHECKOUT}", f"describe {CHECKOUT} --color=always", seen="\x1b[1m"),
    Row("--demo", "describe deployment/checkout -n shop", f"describe {CHECKOUT}", seen="log-shipper", gone="kubeconfig"),
    Row("--namespace", "migrate deployment/fraud --demo --dry-run", "migrate deployment/fraud --demo --dry-run -n payments", seen="log-shipper"),
    Row("--all-namespaces", "migrate -l app=fraud --demo --dry-run", "migrate -l app=fraud --demo --dry-run -A", seen="log-shipper"),
    Row("--selector", "migrate -n shop --demo --dry-run", "migrate -n shop --demo --dry-run -l app=checkout", seen="log-shipper"),
    Row("--filename", "migrate --dry-run", "migrate -f top.yaml --dry-run", seen="top-pod"),
    Row("--recursive", "migrate -f . --dry-run", "migrate -f . -R --dry-run", seen="nested-pod"),
    Row("--kube-version", "migrate -f shop.yml.txt --dry-run", "migrate -f shop.yml.txt --dry-run --kube-version 1.27", seen="server-too-old"),
    Row("--kube-version", "describe -f top.yaml", "describe -f top.yaml --kube-version 1.28", seen="for Kubernetes 1.28"),
    Row("--output", "describe -f top.yaml", "describe -f top.yaml -o json", seen='"kind": "PlanList"'),
    Row("--output", f"migrate {CHECKOUT} --dry-run", f"migrate {CHECKOUT} --dry-run -o json-patch", seen='"op": "move"'),
    Row("--container", f"migrate {CHECKOUT} --dry-run", f"migrate {CHECKOUT} --dry-run --container log-shipper=leave", seen="you said leave"),
    Row("--startup-probe", f"migrate {CHECKOUT} --dry-run", f"migrate {CHECKOUT} --dry-run --startup-probe=auto", seen="+    startupProbe:"),
    Row("--place", "migrate deployment/fraud -n payments --demo --dry-run",
        "migrate deployment/fraud -n payments --demo --dry-run --place log-shipper=first"),
    Row("--allow-owned", "migrate deployment/basket -n shop --demo --dry-run",
        "migrate deployment/basket -n shop --demo --dry-run --allow-owned", seen="Verdict  go", gone="refused"),
    Row("--dry-run", f"migrate {CHECKOUT}", f"migrate {CHECKOUT} --dry-run=server", seen="Dry run: nothing was written."),
    Row("--yes", f"migrate {CHECKOUT}", f"migrate {CHECKOUT} -y", seen="deployment.apps/checkout migrated"),
    Row("--no-wait", f"migrate {CHECKOUT} -y", f"migrate {CHECKOUT} -y --no-wait", seen="not waited for", gone="4/4 new Pods"),
    Row("--timeout", f"migrate {CHECKOUT} -y", f"migrate {CHECKOUT} -y --timeout 1s", seen="after 1 s", gone="4/4 new Pods"),
    Row("--color", f"migrate {CHECKOUT} --dry-run", f"migrate {CHECKOUT} --dry-run --color always", seen="\x1b[32m+  - name: log-shipper"),
    Row("--demo", "migrate deployment/checkout -n shop --dry-run", f"migrate {CHECKOUT} --dry-run", seen="log-shipper", gone="kubeconfig"),
    Row("--namespace", "undo deployment/fraud --demo -y", "undo deployment/fraud --demo -y -n payments", seen="restored",
        before="migrate deployment/fraud -n payments --demo -y --no-wait"),
    Row("--dry-run", f"undo {CHECKOUT}", f"undo {CHECKOUT} --dry-run", seen="Dry run: nothing was written.",
        before=f"migrate {CHECKOUT} -y --no-wait"),
    Row("--yes", f"undo {CHECKOUT}", f"undo {CHECKOUT} -y", seen="restored: 4 of 4", before=f"migrate {CHECKOUT} -y --no-wait"),
    Row("--no-wait", f"undo {CHECKOUT} -y", f"undo {CHECKOUT} -y --no-wait", seen="not waited for", gone="4/4 new Pods",
        before=f"migrate {CHECKOUT} -y --no-wait"),
    Row("--timeout", f"undo {CHECKOUT} -y", f"undo {CHECKOUT} -y --timeout 1s", seen="after 1 s", gone="4/4 new Pods",
        before=f"migrate {CHECKOUT} -y"),
    Row("--color", f"undo {CHECKOUT} --dry-run", f"undo {CHECKOUT} --dry-run --color always", seen="\x1b[31m-",
        before=f"migrate {CHECKOUT} -y --no-wait"),
    Row("--demo", "undo deployment/checkout -n shop", f"undo {CHECKOUT}", gone="kubeconfig"),
    Row("--namespace", "doctor --demo", "doctor --demo -n payments", seen="deployment/fraud", gone="namespace shop"),
    Row("--output", "doctor --demo", "doctor --demo -o json", seen='"kind": "ClusterReport"', gone="Verdict"),
    Row("--color", "doctor --demo", "doctor --demo --color always", seen="\x1b[32m"),
    Row("--demo", "doctor", "doctor --demo", seen="ready", gone="kubeconfig"),
    Row("--recipes", "doctor -n payments --demo", "doctor -n payments --demo --recipes own", gone="deployment/fraud"),
    Row("--output", "version", "version -o json", seen='"version": '),
    *(Row("--recipes", line, f"{line} --recipes own", seen="house-shipper") for line in
      ("list --demo", f"describe {CHECKOUT}", "recipes list")),
    Row("--recipes", f"migrate {CHECKOUT} --dry-run", f"migrate {CHECKOUT} --dry-run --recipes own", seen="log-shipper stays: the house says so"),
    Row("--recipes", "recipes show house-shipper", "recipes show house-shipper --recipes own", seen="the house says so"),
    Row("--output", "recipes list", "recipes list -o name", gone="FAMILY"),
    Row("--no-headers", "recipes list", "recipes list --no-headers", gone="FAMILY"),
    Row("--output", "recipes show git-sync", "recipes show git-sync -o json", seen='"family": "git-sync"'),
    Row("--color", "recipes show git-sync", "recipes show git-sync --color always", seen="\x1b["),
)  # fmt: skip

OWN_RECIPE = """
schema: "1.0"
family: house-shipper
title: The house's log shipper
category: log shipper
movable: never
reason: the house says so
match: {images: [fluent/fluent-bit], names: [log-shipper]}
"""


@dataclass(frozen=True)
class Screen:
    """What `browse --demo` shows when `keys` are pressed, with the flag and not without."""

    flag: str
    given: str
    shown: str
    keys: str = ""
    scope: str = ""


BROWSE = (
    Screen("--all-namespaces", "-A", "payments"),
    Screen("--namespace", "-n payments", "ledger"),
    Screen("--selector", "-l app=web", "deployment/web"),
    Screen("--recipes", "--recipes own", "house-shipper"),
    Screen("--allow-owned", "--allow-owned", "go, after a yes", keys="m", scope="-l app.kubernetes.io/name=basket"),
)

MANAGED = ("migrate", "undo")
CONNECTION = ("--context", "--kubeconfig", "--as", "--as-group", "--request-timeout")
CONNECTED = {
    "browse": "browse", "list": "list", "describe": "describe deployment/a", "migrate": "migrate deployment/a -y", "undo": "undo deployment/a -y",
    "doctor": "doctor",
}  # fmt: skip
ELSEWHERE = {("migrate", "--accept"), ("browse", "--field-manager")}
"""Seen on a real API server: tests/cluster/test_plugin_migrate.py and test_plugin_errors.py."""


def command_of(row: Row) -> str:
    words = row.with_it.split()
    return " ".join(words[:2]) if words[0] == "recipes" else words[0]


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """The commands that are no groups, by their whole names."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    for name, child in command.commands.items():
        yield from leaves(child, (*path, name))


def test_every_declared_flag_has_its_row() -> None:
    declared = {
        (name, max(param.opts, key=len))
        for name, command in leaves(group)
        for param in command.params
        if isinstance(param, click.Option)
    }
    rows = {(command_of(row), row.flag) for row in ROWS}
    connection = {(command, flag) for command in CONNECTED for flag in CONNECTION}
    screen = {("browse", flag) for flag in ("--demo", "--readonly", *(row.flag for row in BROWSE))}
    managers = {(command, "--field-manager") for command in MANAGED}
    assert rows | connection | screen | managers | ELSEWHERE == declared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nested").mkdir()
    (tmp_path / "shop.yml.txt").write_text(SHOP)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "house-shipper.yaml").write_text(OWN_RECIPE)
    (tmp_path / "top.yaml").write_text(MANIFEST.replace("NAME", "top-pod"))
    (tmp_path / "nested" / "deep.yaml").write_text(MANIFEST.replace("NAME", "nested-pod"))
    return tmp_path


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{command_of(row)} {row.flag}")
def test_a_flag_is_seen(row: Row, folder: Path) -> None:
    """Each line in an interpreter of its own: commands of one process share one embedded cluster."""
    program = alone_in(folder)
    without, with_it = (_both(program, row, line) for line in (row.without, row.with_it))
    assert (without.code, without.out, without.err) != (with_it.code, with_it.out, with_it.err)
    said_without, said = without.out + without.err, with_it.out + with_it.err
    assert "this is a bug" not in said_without + said
    assert row.seen in said
    assert not row.seen or row.gone or row.seen not in said_without
    assert not row.gone or row.gone in said_without
    assert not row.gone or row.gone not in said


def _both(program: Plugin, row: Row, line: str) -> Ran:
    lines = [part.split() for part in (row.before, line) if part]
    code = f"""
import io, sys
from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.main import group
*before, last = {lines!r}
out, err = sys.stdout, sys.stderr
sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
for words in before:
    assert run(group, words, program_name="kubectl sidecar", stderr=sys.stderr) == 0, sys.stderr.getvalue()
sys.stdout, sys.stderr = out, err
sys.exit(run(group, last, program_name="kubectl sidecar", stderr=sys.stderr))
"""
    return Plugin(program.folder, None, program.path, (sys.executable, "-c", code)).run()


@pytest.mark.parametrize("command", MANAGED)
def test_the_field_manager_owns_what_was_changed(command: str) -> None:
    words = ["statefulset/postgres", "-n", "platform", "--demo", "-y", "--no-wait"]
    cluster = connect(Connection("platform", None, None, None, (), None, True)).cluster

    def managers() -> set[str]:
        obj = cluster.get(resolve("sts").resource, "platform", "postgres")
        return {entry["manager"] for entry in obj["metadata"].get("managedFields") or ()}

    def owned_after(done: str) -> bool:
        flags = ["--field-manager", f"{command}-bot"] if done == command else []
        assert run(group, [done, *words, *flags], program_name="x", stderr=sys.stderr) == 0
        return f"{command}-bot" in managers()

    assert owned_after("migrate") == (command == "migrate")
    owned = owned_after("undo")
    assert owned or command == "migrate"


# The flags by which a cluster and a user are chosen: what a server sees of them


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Refuses everything."""
    with http_server() as running:
        running.answers(status_answer(403, "Forbidden", "not for you"))
        yield running


def headers(server: HttpServer) -> dict[str, set[str]]:
    return {
        name: {value for seen in server.seen for value in seen.values(name)}
        for name in ("Impersonate-User", "Impersonate-Group")
    }


def called(command: str, folder: Path, kubeconfig: str, *flags: str) -> Ran:
    program = alone_in(folder, kubeconfig=Path(kubeconfig))
    words = [*CONNECTED[command].split(), *flags]
    if command != "browse":
        return program.run(*words)
    with program.terminal(*words) as there:
        while there.process.poll() is None and not any(said in there.text for said in ("not for you", "reach", "time")):
            there.reader.join(0.05)
        if there.process.poll() is None:
            there.type("q")
        return there.end()


@pytest.mark.parametrize("command", CONNECTED)
def test_impersonation_is_sent(command: str, tmp_path: Path, server: HttpServer) -> None:
    file = write(tmp_path / "config", config(server.url, {}))
    called(command, tmp_path, file, "--as", "jane", "--as-group", "a,b", "--as-group=c")
    assert headers(server) == {"Impersonate-User": {"jane"}, "Impersonate-Group": {"a,b", "c"}}


@pytest.mark.parametrize("command", CONNECTED)
def test_without_the_flags_nobody_is_impersonated(command: str, tmp_path: Path, server: HttpServer) -> None:
    called(command, tmp_path, write(tmp_path / "config", config(server.url, {})))
    assert server.seen
    assert headers(server) == {"Impersonate-User": set(), "Impersonate-Group": set()}


@pytest.mark.parametrize("flag", ["--context", "--kubeconfig"])
@pytest.mark.parametrize("command", CONNECTED)
def test_the_chosen_cluster_is_asked(command: str, flag: str, tmp_path: Path, server: HttpServer) -> None:
    with http_server() as other:
        other.answers(status_answer(403, "Forbidden", "not for you"))
        second = config(other.url, {})
        first = config(server.url, {})
        if flag == "--kubeconfig":
            value = write(tmp_path / "second", second)
        else:
            value = "second"
            first["clusters"].append({**second["clusters"][0], "name": "elsewhere"})
            first["contexts"].append({"name": "second", "context": {"cluster": "elsewhere"}})
        called(command, tmp_path, write(tmp_path / "config", first), flag, value)
        assert (bool(server.seen), bool(other.seen)) == (False, True)


@pytest.mark.parametrize("command", CONNECTED)
def test_no_request_takes_longer_than_was_said(command: str, tmp_path: Path, server: HttpServer) -> None:
    """The server waits until the program has given up, so it is the flag that ends it."""
    server.answers(Answer(fault="hang"))
    file = write(tmp_path / "config", config(server.url, {}))
    ran = called(command, tmp_path, file, "--request-timeout", "200ms")
    assert server.seen
    assert ran.code == (0 if command == "browse" else 5)
    assert "200 ms" in ran.out + ran.err or "0.2" in ran.out + ran.err


# The screen


@pytest.mark.parametrize("row", BROWSE, ids=lambda row: row.flag)
def test_a_flag_of_the_screen_is_seen(row: Screen, folder: Path) -> None:
    program = alone_in(folder)

    def shown(*given: str, text: str) -> str:
        with program.terminal("browse", "--demo", *row.scope.split(), *given, size=(40, 200)) as there:
            there.until("complete")
            there.type(row.keys)
            there.until(text)
            seen = there.text
            there.type("q")
            return seen

    assert row.shown in shown(*row.given.split(), text=row.shown)
    assert row.shown not in shown(text="Verdict" if row.keys else "complete")


@pytest.mark.parametrize("given", [(), ("--readonly",)], ids=["", "--readonly"])
def test_a_read_only_screen_has_no_keys_that_write(given: tuple[str, ...], tmp_path: Path) -> None:
    with alone_in(tmp_path).terminal("browse", "--demo", *given) as there:
        there.until("complete")
        there.type("?")
        there.until("sort by name")
        assert ("diff and risks first" in there.text) == (not given)


def test_the_screen_of_the_embedded_cluster_needs_the_flag(tmp_path: Path) -> None:
    program = alone_in(tmp_path)
    with program.terminal("browse", "--demo") as there:
        there.until("checkout")
        there.type("q")
        assert there.end().code == 0
    with program.terminal("browse") as there:
        assert there.end().code == 5
