"""The same words, given to the real kubectl and to commands of ours with the same flags, come to the same values.

What kubectl understood is read from what it did: the requests that it logs, what it prints, and its errors. Nothing is
written: what is asked for is a namespace that does not exist, or a dry run.
"""

import io
import json
import re
import shlex
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import click
import pytest

from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.manners import Command, Group, flag, listing, optional_value, switch
from tests.cluster.control_plane import ControlPlane

REQUEST = re.compile(r'verb="(\w+)" url="([^"]+)"')


@click.command("get", cls=Command)
@click.argument("words", nargs=-1)
@flag("--namespace", "-n")
@switch("--all-namespaces", "-A")
@flag("--selector", "-l")
@flag("--output", "-o")
@switch("--show-labels")
@switch("--no-headers")
def get(**options: Any) -> None:
    where = None if options["all_namespaces"] else options["namespace"] or "default"
    click.echo(json.dumps([where, options["selector"] or None, list(options["words"][1:])]))


@click.command("deployment", cls=Command)
@click.argument("name")
@flag("--namespace", "-n")
@flag("--image")
@flag("--output", "-o")
@optional_value("--dry-run", bare="client", choices=("none", "client", "server"), default="none")
def deployment(**options: Any) -> None:
    click.echo(json.dumps([options["name"], options["dry_run"], options["output"]]))


OURS = Group("kubectl", commands=[get, Group("create", commands=[deployment])])


def ours(line: str, capsys: pytest.CaptureFixture[str]) -> Any:
    stderr = io.StringIO()
    code = run(OURS, shlex.split(line), program_name="kubectl", stderr=stderr)
    assert (code, stderr.getvalue()) == (0, "")
    return json.loads(capsys.readouterr().out)


def our_error(line: str) -> str:
    stderr = io.StringIO()
    assert run(OURS, shlex.split(line), program_name="kubectl", stderr=stderr) == 2
    return stderr.getvalue()


def requests(cluster: ControlPlane, line: str) -> tuple[list[tuple[str, str]], str]:
    """The requests for Deployments that kubectl sent (method, URL), and what it printed on stdout."""
    done = cluster.kubectl("-v=6", *shlex.split(line), check=False)
    sent = [(verb, url) for verb, url in REQUEST.findall(done.stderr) if "/apis/apps/v1/" in url]
    return sent, done.stdout


def kubectl_get(cluster: ControlPlane, line: str) -> Any:
    """Namespace (None: all), selector and names that kubectl asked the API server for."""
    sent, _ = requests(cluster, line)
    assert sent, "kubectl sent no request"
    places, names = set(), []
    for _verb, url in sent:
        parts = urlsplit(url)
        path = re.fullmatch(r"/apis/apps/v1(?:/namespaces/([^/]+))?/deployments(?:/([^/]+))?", parts.path)
        assert path, url
        selector = parse_qs(parts.query).get("labelSelector", [None])[0]
        places.add((path[1] and unquote(path[1]), selector))
        names += [unquote(path[2])] if path[2] else []
    assert len(places) == 1, places
    ((where, selector),) = places
    return [where, selector, names]


@pytest.mark.parametrize(
    "line",
    [
        "get deploy",
        "get deploy -n absent",
        "get deploy -n=absent",
        "get deploy -nabsent",
        "get deploy --namespace absent",
        "get deploy --namespace=absent",
        "get deploy -n ''",
        "get deploy --namespace=",
        "get deploy -n=",
        "get deploy -n -A",
        "get deploy --namespace --all-namespaces",
        "get deploy -n a -n absent",
        "get deploy -n a --namespace=absent",
        "get -n absent deploy",
        "-n absent get deploy",
        "-n=absent get deploy",
        "-nabsent get deploy",
        "--namespace absent get deploy",
        "-n get get deploy",
        "-n a get deploy -n absent",
        "-n absent get deploy -A",
        "get deploy -A",
        "get deploy --all-namespaces",
        "get deploy --all_namespaces",
        "get deploy -A=true",
        "get deploy -A=1",
        "get deploy -A=T",
        "get deploy -A=false",
        "get deploy --all-namespaces=F",
        "get deploy --all-namespaces=false -A",
        "get deploy -A --all-namespaces=0",
        "get deploy -A -n absent",
        "get deploy -An=absent",
        "get deploy -An absent",
        "get deploy -A=false -n absent",
        "get deploy -nA",
        "get deploy -l a=b",
        "get deploy -l=a=b",
        "get deploy -la=b",
        "get deploy --selector=a=b,c!=d",
        "get deploy --selector '!a'",
        "get deploy -l a=b -l c=d",
        "get deploy -n absent -o=json -l a=b",
        "get deploy -n absent -oyaml",
        "get deploy -n absent --no-headers -la=b",
        "get deploy --show-labels web",
        "get deploy --show-labels=false web",
        "get deploy web -n absent",
        "get -n absent -- deploy web",
        "get deploy -n absent -- -A",
        "get deploy -n absent -",
    ],
)
def test_namespace_selector_and_names(line: str, cluster: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    assert ours(line, capsys) == kubectl_get(cluster, line)


def kubectl_create(cluster: ControlPlane, line: str) -> tuple[str, str]:
    """Which kind of dry run kubectl did, and what it printed."""
    sent, stdout = requests(cluster, line)
    posts = [parse_qs(urlsplit(url).query) for verb, url in sent if verb == "POST"]
    assert len(posts) <= 1, sent
    dry_run = ("server" if posts[0].get("dryRun") == ["All"] else "none") if posts else "client"
    return dry_run, stdout


@pytest.mark.parametrize(
    "line",
    [
        "create deployment web --image=i -n absent",
        "create deployment web --image=i -n absent --dry-run",
        "create deployment --dry-run web --image=i -n absent",
        "create deployment --image i --dry-run web -n absent",
        "create deployment web --image=i -n absent --dry-run=client",
        "create deployment web --image=i -n absent --dry-run=server",
        "create deployment --dry-run=server web --image=i -n absent",
        "create deployment web --image=i -n absent --dry-run=none",
        "create deployment web --image=i -n absent --dry-run=server --dry-run",
        "create deployment web --image=i -n absent --dry-run --dry-run=server",
        "-n absent create deployment web --image=i --dry-run=server",
        "create -n absent deployment web --image=i --dry-run=server",
    ],
)
def test_dry_run(line: str, cluster: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    name, dry_run, _ = ours(line, capsys)
    assert name == "web"
    assert dry_run == kubectl_create(cluster, line)[0]


SHAPES = {
    None: r"deployment\.apps/web created \(dry run\)\n",
    "name": r"deployment\.apps/web\n",
    "json": r"\{\n.*\n\}\n",
    "yaml": r"apiVersion: apps/v1\n.*",
}


@pytest.mark.parametrize(
    "spelling", ["", "-o name", "-o=name", "-oname", "--output name", "--output=name", "-ojson", "-o json -o=yaml"]
)
def test_output(spelling: str, cluster: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    line = f"create deployment {spelling} web --image=i --dry-run=client"
    _, _, output = ours(line, capsys)
    assert re.fullmatch(SHAPES[output], kubectl_create(cluster, line)[1], re.DOTALL)


def test_impersonated_groups_are_not_split_at_commas(cluster: ControlPlane) -> None:
    seen: list[str] = []

    @click.command("get", cls=Command)
    @listing("--as-group", split=False)
    def act(as_group: tuple[str, ...]) -> None:
        seen.extend(as_group)

    flags = ["--as-group=a,b", "--as-group", "c"]
    done = cluster.kubectl("-v=8", "--as=x", *flags, "get", "deploy", check=False)
    sent = re.findall(r"Impersonate-Group: (\S+)", done.stderr)  # of each request, so repeated
    assert run(Group("kubectl", commands=[act]), [*flags, "get"], program_name="kubectl", stderr=io.StringIO()) == 0
    assert seen == list(dict.fromkeys(sent))


@pytest.mark.parametrize(
    "line",
    [
        "get deploy --foo",
        "get deploy --foo=bar",
        "get deploy --foo -h",
        "get deploy --name x",
        "get deploy --namespac=x",
        "get deploy -z",
        "get deploy -Az",
        "get deploy -A=",
        "get deploy --namespace",
        "get deploy -n",
        "get deploy -An",
        "get deploy --=x",
        "get deploy ---x",
        "get deploy -A=maybe",
        "get deploy -A=yes -A",
        "get deploy --all-namespaces=",
        "get deploy --dry-run",
        "get deploy --show-labels=on",
        "-n",
        "create deployment web --image",
    ],
)
def test_misuse_is_named_in_the_same_words(line: str, cluster: ControlPlane) -> None:
    done = cluster.kubectl(*shlex.split(line), check=False)
    assert done.returncode == 1
    assert _message(our_error(line)) == _message(done.stderr)


def _message(stderr: str) -> list[str]:
    """The error and the way to the help; of an invalid value without the reason, which kubectl gives in Go's words."""
    first, second = stderr.strip().splitlines()
    prefix, _, message = first.partition(": ")
    assert prefix.lower() == "error"
    return [re.sub(r'(" flag): .*', r"\1", message), second]
