"""The same kubeconfigs given to the real kubectl and to us: both must choose the same cluster, user and namespace, send the
same headers of impersonation, or both refuse."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from kubectl_sidecar.errors import ClusterError
from kubectl_sidecar.sources.kube import connect
from kubectl_sidecar.sources.kube.kubeconfig import select
from tests.cluster.assets import find_assets
from tests.sources.http_server import Answer, HttpServer, http_server
from tests.sources.kube_help import config, write


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def kubectl(home: Path, *arguments: str, files: str) -> subprocess.CompletedProcess[str]:
    assets = find_assets()
    assert isinstance(assets, Path)
    environ = {"HOME": str(home), "PATH": os.defpath, "KUBECONFIG": files}
    return subprocess.run([assets / "kubectl", *arguments], capture_output=True, text=True, check=False, env=environ)


def clusters(**servers: str) -> dict[str, Any]:
    return {"clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()]}


def contexts(**named: tuple[str, str]) -> dict[str, Any]:
    return {
        "contexts": [
            {"name": name, "context": {"cluster": cluster, "namespace": namespace}}
            for name, (cluster, namespace) in named.items()
        ]
    }


FILES: Mapping[str, tuple[dict[str, Any], ...]] = {
    "one": ({**clusters(c="http://c"), **contexts(x=("c", "n")), "current-context": "x"},),
    "entries in several files": (clusters(c="http://c"), contexts(x=("c", "")), {"current-context": "x"}),
    "the first cluster wins": (
        clusters(c="http://first"),
        {**clusters(c="http://second"), **contexts(x=("c", "n")), "current-context": "x"},
    ),
    "the first context wins": (
        {**clusters(c="http://c", d="http://d"), **contexts(x=("c", ""))},
        {**contexts(x=("d", "n")), "current-context": "x"},
    ),
    "the first current context wins": (
        {"current-context": "y"},
        {**clusters(c="http://c"), **contexts(x=("c", "of-x"), y=("c", "of-y")), "current-context": "x"},
    ),
    "an empty current context is none": (
        {"current-context": ""},
        {**clusters(c="http://c"), **contexts(x=("c", "n")), "current-context": "x"},
    ),
    "unknown current context": ({**clusters(c="http://c"), **contexts(x=("c", "n")), "current-context": "z"},),
    "two of one name": ({**clusters(c="http://c"), "contexts": [{"name": "x"}] * 2, "current-context": "x"},),
    "number as server": (
        {"clusters": [{"name": "c", "cluster": {"server": 1}}], **contexts(x=("c", "")), "current-context": "x"},
    ),
    "clusters is a mapping": ({"clusters": {"c": {}}, **contexts(x=("c", "")), "current-context": "x"},),
}


@pytest.mark.parametrize("contents", FILES.values(), ids=FILES.keys())
def test_choice(contents: tuple[dict[str, Any], ...], tmp_path: Path) -> None:
    files = os.pathsep.join(write(tmp_path / str(index), content) for index, content in enumerate(contents))
    done = kubectl(tmp_path, "config", "view", "--minify", "--raw", "-o", "json", files=files)
    theirs: object = "refused"
    if not done.returncode:
        seen = json.loads(done.stdout)
        context = seen["contexts"][0]["context"]
        theirs = (
            seen["current-context"],
            seen["clusters"][0]["cluster"]["server"],
            context.get("namespace") or "default",
        )
    try:
        found = select(kubeconfig=None, context=None, environ={"KUBECONFIG": files})
        ours: object = (found.context, found.cluster.text("server"), found.namespace)
    except ClusterError:
        ours = "refused"
    assert ours == theirs


IMPERSONATE: Mapping[str, tuple[dict[str, Any], list[str], dict[str, Any]]] = {
    "of the kubeconfig": (
        {"as": "bob", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"acme.com/Scope x": ["1", "2"]}},
        [],
        {},
    ),
    "of flags": ({}, ["--as=zoë", "--as-group=g"], {"impersonate_user": "zoë", "impersonate_groups": ("g",)}),
    "user of a flag": ({"as": "bob", "as-groups": ["a"]}, ["--as=zed"], {"impersonate_user": "zed"}),
    "group of a flag": (
        {"as": "bob", "as-groups": ["a"]},
        ["--as-group=g"],
        {"impersonate_groups": ("g",)},
    ),
    "group without user": ({}, ["--as-group=g"], {"impersonate_groups": ("g",)}),
}


@pytest.mark.parametrize(("user", "flags", "options"), IMPERSONATE.values(), ids=IMPERSONATE.keys())
def test_impersonation(
    user: dict[str, Any], flags: list[str], options: dict[str, Any], server: HttpServer, tmp_path: Path
) -> None:
    """Names of headers are compared in lower case and unescaped, as the API server reads them."""
    server.answers(Answer(404, b"404 page not found", "text/plain"))
    file = write(tmp_path / "config", config(server.url, user))
    kubectl(tmp_path, "get", "--raw", "/version", *flags, files=file)
    theirs = len(server.seen)
    assert theirs == (0 if flags == ["--as-group=g"] and not user else 1)
    try:
        connect(environ={"KUBECONFIG": file}, **options).version()
    except ClusterError:
        pass
    sent = [
        sorted((unquote(name).lower(), value) for name, value in seen.headers if name.startswith("Impersonate"))
        for seen in server.seen
    ]
    assert sent[theirs:] == sent[:theirs]
