"""What command lines ask for, wait for and make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core.pod.scripts import (
    files_tested,
    files_that_end_it,
    files_waited_for,
    followed,
    last_command,
    local_ports,
    loops,
    makes,
    outlived,
    waited_for,
    watched_once,
    with_values,
)

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
    "python -c \"socket.create_connection(('127.0.0.1', 8080), 2)\"": {8080},
    "node -e \"net.connect(8080, 'localhost')\"": {8080},
    "node -e \"http.get({host: 'localhost', port: 8080})\"": {8080},
    "grpc_health_probe -addr=:50051": {50051},
    "/bin/grpc-health-probe -addr=localhost:50051": {50051},
    "app -addr=:50051": set(),
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
    "for i in $(seq 60); do curl -s localhost:8080 && break; sleep 1; done; exec app": {8080},
    "while true; do nc -z localhost 8080 && break; sleep 1; done": {8080},
    "while :\ndo nc -z localhost 8080 && exit 0\nsleep 1\ndone": {8080},
    "while true; do date; done; curl localhost:8080 && break": set(),
    "n=0; while [ $n -lt 9 ]; do nc -z localhost 8080 && break; n=$((n+1)); done; exec app": {8080},
    "for h in a b; do curl $h; done; curl localhost:8080": set(),
    "npx wait-on http://localhost:3000": {3000},
    "curl --retry 9 --retry-connrefused http://localhost:8080/": {8080},
    "curl --retry 9 http://localhost:8080/": set(),
    "while True:\n  try: connect(('localhost', 8080)); break\n  except OSError: sleep(1)": {8080},
    "while True:\n  get('http://localhost:8080'); sleep(9)": set(),
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
    "until cat /proc/x; do sleep 1; done": ("/proc/x",),
    "while ! cat /proc/x; do sleep 1; done": ("/proc/x",),
    "while cat /proc/x; do sleep 1; done": (),
    "while [ -f /s/lock ]; do sleep 1; done": (),
    "while [[ -e /s/lock ]]; do sleep 1; done": (),
    "while test -f /s/lock; do sleep 1; done": (),
    "until ! test -f /s/lock; do sleep 1; done": (),
    "until [ ! -f /s/lock ]; do sleep 1; done": (),
    "while [ -f /s/lock ]; do sleep 1; done; until [ -f /s/up ]; do sleep 1; done": ("/s/up",),
    "while not os.path.exists('/s/up'): sleep(1)": ("/s/up",),
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
    assert isinstance(followed(last_command(text)), tuple)
    assert outlived(text) is None or outlived(text)


def test_a_long_command_costs_nothing() -> None:
    text = "until " + "nc -z localhost " * 100_000
    assert waited_for(text) == frozenset()
    for part in (
        "while pgrep a; do ",
        "until ! ps | grep a ",
        "while x; do if ! pgrep a ",
        "tail --pid=$(pgrep a ",
        "; echo a" * 9,
    ):
        assert isinstance(last_command(part * 100_000), tuple)
        assert outlived(f"while pgrep a; do done {part * 100_000}") in (
            None,
            ("pgrep a", True, True),
            ("pgrep a", True, False),
        )


TESTED = {
    "test -f /s/up": ("/s/up",),
    "[ -e /s/up ]": ("/s/up",),
    "cat /s/up": ("/s/up",),
    "grep -q ok /s/up": ("/s/up",),
    "find /s/up": ("/s/up",),
    "test -S /s/a && ls /s/b": ("/s/a", "/s/b"),
    "curl localhost:1/s/up": (),
    "concat /s/up": (),
}


@pytest.mark.parametrize(("text", "files"), TESTED.items(), ids=[repr(t) for t in TESTED])
def test_files_without_which_a_probe_fails(text: str, files: tuple[str, ...]) -> None:
    assert files_tested(text) == files


ENDS = {
    "while [ ! -f /s/done ]; do sleep 1; done; upload": ("/s/done",),
    "until [ -f /s/up ]; do sleep 1; done; exec tool": (),
    "while true; do if [ -f /s/done ]; then exit 0; fi; sleep 1; done": ("/s/done",),
    "while :; do [ -f /s/done ] && break; sleep 1; done": ("/s/done",),
    "while :; do if [[ -f /s/done ]]; then\n echo bye\n kill $CHILD\nfi; sleep 1; done": ("/s/done",),
    "[ -f /run/pid ] && kill -HUP $(cat /run/pid)": (),
    "if [ -f /c ]; then echo; fi; exit 0": (),
    "while [ -f /s/lock ]; do sleep 1; done; upload": (),
    "inotifywait -e create /s && upload": ("/s",),
    "inotifywait -m -e modify /etc/app": (),
    "while inotifywait -e modify /etc/app; do reload; done": (),
    "tool": (),
}


@pytest.mark.parametrize(("text", "files"), ENDS.items(), ids=[repr(t) for t in ENDS])
def test_files_that_end_a_command(text: str, files: tuple[str, ...]) -> None:
    assert files_that_end_it(text) == files


MAKES = {
    "work; touch /s/done": True,
    "touch -a /s/x /s/done": True,
    "echo ok > /s/done": True,
    "date >>/s/done": True,
    "echo | tee -a /s/done": True,
    "cat /s/done": False,
    "touch /s/done2": False,
    "touch /s/x; cat /s/done": False,
    "python -c \"open('/s/done', 'w')\"": True,
    "python -c \"Path('/s/done').touch()\"": True,
    "python -c \"open('/s/done')\"": False,
}


@pytest.mark.parametrize(("text", "made"), MAKES.items(), ids=[repr(t) for t in MAKES])
def test_whether_a_command_makes_a_file(text: str, made: bool) -> None:
    assert makes(text, "/s/done") is made


def test_what_a_reloader_watches_for_ever_is_no_wait() -> None:
    assert watched_once("inotifywait -e create /s") == ("/s",)
    assert watched_once("while true; do inotifywait -e modify /etc/app; kill -HUP 1; done") == ()


def test_variables_are_filled_in_where_they_are_known() -> None:
    values = {"PORT": "8080", "DIR": "/s"}
    assert (
        with_values("nc -z localhost $PORT; ls ${DIR}/x $(PORT) $HOME", values)
        == "nc -z localhost 8080; ls /s/x 8080 $HOME"
    )


def test_what_counts_as_a_wait() -> None:
    waits = ("until a; do b; done", "for i in 1 2; do a && break; done", "wait-for-it x", "while True:\n  break")
    assert [loops(text) for text in (*waits, "sleep 5", "for i in 1 2; do a; done")] == [True] * 4 + [False] * 2


FOLLOWED: dict[str, tuple[str, ...]] = {
    "tail -f /a/b": ("/a/b",),
    "/usr/bin/tail -n+1 -f '/a/b' \"/c\"": ("/a/b", "/c"),
    "tail -fn100 /a": ("/a",),
    "tail -100f /a": ("/a",),
    "tail --lines=1 --follow=name /a": ("/a",),
    "cd /a && exec tail -f /a/b 2>/dev/null | grep -v x": ("/a/b",),
    "tail -f /a/b >> /dev/stdout": ("/a/b",),
    "tail -F /a": (),
    "tail -nF5 /a": (),
    "tail -f --retry /a": (),
    "tail -n 1 /a": (),
    "tail -f b.log": (),
    "tail -f /a/$(hostname).log": (),
    "touch /a; tail -f /a": (),
    "sleep 5; tail -f /a": (),
    "tail -f /a & wait": (),
    "tail -f /a || true": (),
    "for f in 1 2; do tail -f /a; done; while true; do sleep 1; done": (),
    "cat -f /a": (),
    "": (),
}


@pytest.mark.parametrize(("text", "files"), FOLLOWED.items(), ids=[repr(t) for t in FOLLOWED])
def test_files_that_a_tail_follows_only_if_they_are_there(text: str, files: tuple[str, ...]) -> None:
    assert followed(last_command(text)) == files


OUTLIVED: dict[str, tuple[str, bool, bool] | None] = {
    "while pgrep -f work.py; do sleep 1; done; upload": ("pgrep -f work.py", True, True),
    "while pgrep work >/dev/null 2>&1; do sleep 1; done": ("pgrep work", True, False),
    "while ps aux | grep -q [w]ork; do sleep 1; done && upload": ("ps aux | grep -q [w]ork", True, True),
    "P=$(cat /run/pid); while kill -0 $P 2>/dev/null; do sleep 1; done; upload": ("kill -0 $P", True, True),
    'while [ -n "$(pidof work)" ]; do sleep 1; done; upload': ("pidof work", True, True),
    'until [ -z "$(pgrep work)" ]; do sleep 1; done; upload': ("pgrep work", True, True),
    "while [ $(pgrep -c work) -gt 0 ]; do sleep 1; done; upload": ("pgrep -c work", True, True),
    "until ! pgrep work; do sleep 1; done; upload": ("pgrep work", True, True),
    "while true; do pgrep work || break; sleep 1; done; upload": ("pgrep work", True, True),
    "while :; do if ! pidof work; then exit 0; fi; sleep 1; done": ("pidof work", True, False),
    "while :; do collect; pgrep work || exit; sleep 1; done": ("pgrep work", False, False),
    "tail --pid=$(pgrep work) -f /dev/null; upload": ("pgrep work", True, True),
    "until pgrep work; do sleep 1; done; while pgrep work; do sleep 1; done; upload": ("pgrep work", False, True),
    "while pgrep work; do sleep 1; done > /dev/null; echo done; exit 0": ("pgrep work", True, False),
    "while ! pgrep work; do sleep 1; done; upload": None,
    'while [ -z "$(pgrep work)" ]; do sleep 1; done; upload': None,
    "while [ $(pgrep -c work) -eq 0 ]; do sleep 1; done; upload": None,
    "until pgrep work; do sleep 1; done; upload": None,
    "while true; do pgrep work && collect; sleep 1; done": None,
    "while kill -0 1; do sleep 1; done; upload": None,
    "work & while pgrep work; do sleep 1; done; upload": None,
    "while pgrep work; do sleep 1; done; exec serve": None,
    "while pgrep work; do sleep 1; done; while true; do serve; done": None,
    "while true; do sleep 1; done": None,
    "": None,
}


@pytest.mark.parametrize(("text", "wait"), OUTLIVED.items(), ids=[repr(t) for t in OUTLIVED])
def test_the_end_of_a_process_that_a_script_waits_for(text: str, wait: tuple[str, bool, bool] | None) -> None:
    assert outlived(text) == wait
