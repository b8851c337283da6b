"""Who reaches whom inside a Pod."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kubectl_sidecar.core.pod.reach import (
    asked_by,
    command_text,
    dialled,
    need,
    same_file,
    script_of,
    served,
    volume_at,
)
from kubectl_sidecar.core.workload import Container, Hook, Probe


def c(**fields: Any) -> Container:
    return msgspec.convert({"name": "c", **fields}, Container)


def test_who_needs_whom() -> None:
    proxy = c(args=["--port=5432"])
    assert served(proxy) == {5432}
    assert need(c(env=[{"name": "DATABASE_URL", "value": "postgres://u:p@localhost:5432/db"}]), proxy) == 5432
    assert need(c(env=[{"name": "DATABASE_URL", "value": "postgres://db:5432/x"}]), proxy) is None
    assert need(proxy, proxy) is None


def test_what_a_container_serves_itself_it_does_not_dial() -> None:
    assert dialled(c(command=["sh", "-c", "serve & curl localhost:80"], ports=[{"containerPort": 80}])) == set()


ACTIONS: dict[str, tuple[dict[str, Any], set[int], str, bool]] = {
    "httpGet": ({"httpGet": {"port": 80, "path": "/x"}}, {80}, "", False),
    "a number as text": ({"httpGet": {"port": "80"}}, {80}, "", False),
    "a name": ({"tcpSocket": {"port": "http"}}, set(), "http", False),
    "grpc": ({"grpc": {"port": 50051}}, {50051}, "", False),
    "the node's loopback": ({"httpGet": {"port": 80, "host": "127.0.0.1"}}, {80}, "", False),
    "exec": ({"exec": {"command": ["sh", "-c", "until nc -z localhost 1234; do :; done"]}}, {1234}, "", True),
}


@pytest.mark.parametrize(("action", "ports", "name", "waits"), ACTIONS.values(), ids=ACTIONS)
def test_what_a_probe_asks(action: dict[str, Any], ports: set[int], name: str, waits: bool) -> None:
    asked = asked_by(msgspec.convert(action, Probe))
    assert asked is not None
    assert (set(asked.ports), asked.name, asked.waits) == (ports, name, waits)


NOTHING: tuple[Probe | Hook | None, ...] = (
    None,
    msgspec.convert({"httpGet": {"port": 1, "host": "example.com"}}, Probe),
    msgspec.convert({"tcpSocket": {"port": 1, "host": "db"}}, Hook),
    msgspec.convert({"sleep": {"seconds": 3}}, Hook),
    msgspec.convert({}, Probe),
)


@pytest.mark.parametrize("action", NOTHING, ids=["none", "host", "tcp host", "sleep", "empty"])
def test_what_asks_nothing_in_the_pod(action: Probe | Hook | None) -> None:
    assert asked_by(action) is None


SCRIPTS = {
    ("sh", "-c", "a; b"): "a; b",
    ("/bin/bash", "-ec", "a"): "a",
    ("bash", "-e", "-c", "a"): "a",
    ("bash", "--login", "-c", "a"): "a",
    ("sh", "/run.sh"): "",
    ("sh", "-c"): "",
    ("app",): "",
}


@pytest.mark.parametrize(("words", "script"), SCRIPTS.items(), ids=[" ".join(w) for w in SCRIPTS])
def test_the_script_that_a_shell_runs(words: tuple[str, ...], script: str) -> None:
    assert script_of(c(command=list(words))) == script
    assert script_of(c(command=[words[0]], args=list(words[1:]))) == script


def test_a_path_is_in_the_volume_of_the_longest_mount() -> None:
    mounts = [{"name": "all", "mountPath": "/data"}, {"name": "logs", "mountPath": "/data/logs/"}]
    where = {"/data/logs/x": "logs", "/data/x": "all", "/datax": "", "/data": "all"}
    assert {path: volume_at(c(volumeMounts=mounts), path) for path in where} == where


def test_a_command_with_its_variables_but_never_with_what_may_be_a_secret() -> None:
    env = [
        {"name": "P", "value": "8080"},
        {"name": "F", "value": "/s/x"},
        {"name": "TOKEN", "value": "s3cret"},
        {"name": "R"},
    ]
    assert command_text(c(args=["nc $P; ls $F; use $TOKEN $R"], env=env)) == "nc 8080; ls /s/x; use $TOKEN $R"
    asked = asked_by(msgspec.convert({"exec": {"command": ["nc", "localhost", "$P"]}}, Probe), c(env=env))
    assert asked is not None
    assert asked.ports == {8080}


def test_a_file_by_its_name_in_the_other_container() -> None:
    here = c(volumeMounts=[{"name": "s", "mountPath": "/out"}])
    assert same_file("/out/a/done", here, c(volumeMounts=[{"name": "s", "mountPath": "/work/"}])) == "/work/a/done"
    assert same_file("/out/done", here, c()) == ""
    assert same_file("/tmp/done", here, c()) == "/tmp/done"
