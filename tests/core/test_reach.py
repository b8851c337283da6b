"""Who reaches whom inside a Pod."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core.pod.reach import (
    asked_by,
    dialled,
    files_waited_for,
    local_ports,
    need,
    script_of,
    served,
    volume_at,
    waited_for,
)
from kubectl_sidecar.core.workload import Container, Hook, Probe


def c(**fields: Any) -> Container:
    return msgspec.convert({"name": "c", **fields}, Container)


PORTS: dict[str, set[int]] = {
    "curl localhost:8080/x": {8080},
    "curl -s http://127.0.0.1:9901/ready": {9901},
    "nc -z localhost 5432": {5432},
    "nc -z 127.0.0.1 5432 && nc -z localhost 6379": {5432, 6379},
    "pg_isready -h localhost -p 5433": {5433},
    "redis-cli -h 127.0.0.1 ping": {6379},
    "mysqladmin ping -h 127.0.0.1": {3306},
    "curl -f http://localhost/healthz": {80},
    "echo > /dev/tcp/localhost/3306": {3306},
    "wget -qO- http://[::1]:81/": {81},
    "curl http://example.com:8080": set(),
    "curl http://localhost.example.com:8080": set(),
    "nc -z localhost 99999": set(),
    "curl http://$(POD_IP):8080/": {8080},
    "nc -z $MY_POD_IP 8080": {8080},
    "nc -z $(hostname -i) 8080": {8080},
    "nc -z $DB_IP 8080": set(),
    "sleep 30": set(),
    "": set(),
}


@pytest.mark.parametrize(("text", "ports"), PORTS.items(), ids=[repr(t) for t in PORTS])
def test_ports_on_localhost_that_a_command_asks(text: str, ports: set[int]) -> None:
    assert local_ports(text) == ports


WAITS: dict[str, set[int]] = {
    "until nc -z localhost 5432; do sleep 1; done; exec app": {5432},
    "until curl -sf localhost:3500/v1.0/healthz; do sleep 1; done": {3500},
    "while ! nc -z 127.0.0.1 80; do sleep 1; done": {80},
    "./wait-for-it.sh localhost:8080 -- app": {8080},
    "dockerize -wait tcp://localhost:6379 -timeout 30s app": {6379},
    "while true; do curl localhost:8080/metrics; sleep 5; done": set(),
    "until nc -z db.example.com 5432; do sleep 1; done; curl localhost:1": set(),
    "app --listen localhost:80": set(),
}


@pytest.mark.parametrize(("text", "ports"), WAITS.items(), ids=[repr(t) for t in WAITS])
def test_ports_that_a_command_waits_for(text: str, ports: set[int]) -> None:
    assert waited_for(text) == ports


FILES = {
    "while [ ! -f /s/done ]; do sleep 1; done": ("/s/done",),
    "until test -e /run/x.sock; do sleep 1; done": ("/run/x.sock",),
    'until [[ -s "/s/a b" ]]; do :; done': ("/s/a",),
    "while ! test -f /s/done; do sleep 1; done": ("/s/done",),
    "until ls /s/up; do sleep 1; done": ("/s/up",),
    "until stat -t /s/up; do sleep 1; done": ("/s/up",),
    "while cat /proc/x; do sleep 1; done": ("/proc/x",),
    "if [ -f /s/done ]; then exit; fi": (),
}


@pytest.mark.parametrize(("text", "files"), FILES.items(), ids=[repr(t) for t in FILES])
def test_files_that_a_loop_waits_for(text: str, files: tuple[str, ...]) -> None:
    assert files_waited_for(text) == files


@given(st.text(alphabet="whileuntl do[]!-f/;. localhost:0123456789nc\n", max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    assert isinstance(waited_for(text), frozenset)
    assert isinstance(files_waited_for(text), tuple)
    assert all(0 < port < 65_536 for port in local_ports(text))


def test_a_long_command_costs_nothing() -> None:
    text = "until " + "nc -z localhost " * 100_000
    assert waited_for(text) == frozenset()


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
