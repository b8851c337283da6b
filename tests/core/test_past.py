"""What Pods did is told as it was seen: no more than whole-second times can prove, and of how many Pods it is true."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_sidecar.core.classification.findings import ContainerPast, pasts_of
from kubectl_sidecar.core.classification.past import Pasts, restarts_of, seen_of
from kubectl_sidecar.core.facts import Facts

START = "2026-01-01T12:00:00Z"


def at(seconds: int) -> str:
    return f"2026-01-01T12:{seconds // 60:02}:{seconds % 60:02}Z"


def ended(code: int, started: int, finished: int, reason: str = "Error") -> dict[str, Any]:
    return {"exitCode": code, "reason": reason, "startedAt": at(started), "finishedAt": at(finished)}


def running(name: str, since: int, restarts: int = 0, last: dict[str, Any] | None = None) -> dict[str, Any]:
    state = {"running": {"startedAt": at(since)}}
    return {"name": name, "state": state, "restartCount": restarts, "lastState": {"terminated": last} if last else {}}


def waiting(name: str, restarts: int, last: dict[str, Any]) -> dict[str, Any]:
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    return {"name": name, "state": state, "restartCount": restarts, "lastState": {"terminated": last}}


def over(name: str, end: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "state": {"terminated": end}, "restartCount": 0}


def pod(*statuses: dict[str, Any], init: tuple[dict[str, Any], ...] = (), stopping: bool = False) -> dict[str, Any]:
    metadata = {"name": "p", **({"deletionTimestamp": START} if stopping else {})}
    return {"metadata": metadata, "status": {"containerStatuses": list(statuses), "initContainerStatuses": list(init)}}


def pasts(*pods: dict[str, Any]) -> Pasts:
    return pasts_of(Facts(pods=pods))


QUIET = pod(running("app", 0), running("helper", 0))
CRASHED = pod(running("app", 40, 2, ended(1, 20, 21)), running("helper", 0))

CASES: dict[str, tuple[str, Pasts, tuple[str, ...]]] = {
    "nothing is known": ("start-race", (), ()),
    "nothing happened": ("start-race", pasts(QUIET), ()),
    "a second is no difference": ("start-race", pasts(pod(running("app", 0), running("helper", 1))), ()),
    "two seconds are": (
        "start-race", pasts(pod(running("app", 0), running("helper", 2)), QUIET), ("helper started 2 s after app in 1 of 2 Pods",),
    ),
    "the largest of several": (
        "start-race", pasts(pod(running("app", 0), running("helper", 2)), pod(running("app", 3), running("helper", 10))),
        ("helper started up to 7 s after app in 2 of 2 Pods",),
    ),
    "a helper that was first": ("start-race", pasts(pod(running("app", 9), running("helper", 0))), ()),
    "times after a restart tell nothing": (
        "start-race", pasts(pod(running("app", 0), running("helper", 50, 1, ended(137, 0, 49, "OOMKilled")))), (),
    ),
    "an app that failed at first": (
        "start-race", pasts(CRASHED, QUIET),
        ("app was restarted 2 times within 21 s of its Pod's start (exit code 1, Error) in 1 of 2 Pods",),
    ),
    "one that still waits": (
        "start-race", pasts(pod(waiting("app", 1, ended(1, 0, 3)), running("helper", 5))),
        ("app was restarted once within 3 s of its Pod's start (exit code 1, Error) in 1 of 1 Pod",),
    ),
    "one that failed much later": ("start-race", pasts(pod(running("app", 1000, 1, ended(1, 0, 990)), running("helper", 0))), ()),
    "one that had no memory left": (
        "start-race", pasts(pod(running("app", 40, 1, ended(137, 0, 9, "OOMKilled")), running("helper", 0))), (),
    ),
    "one that ended well": ("start-race", pasts(pod(running("app", 40, 1, ended(0, 0, 9, "Completed")), running("helper", 0))), ()),
    "a Pod without the helper": ("start-race", pasts(pod(running("app", 40, 2, ended(1, 20, 21)))), ()),
    "a helper that was gone first": (
        "stop-race", pasts(pod(running("app", 0), over("helper", ended(0, 0, 60)), stopping=True)),
        ("helper was gone while app still ran in 1 of 1 Pod, when the Pod was deleted",),
    ),
    "both gone, two seconds apart": (
        "stop-race", pasts(pod(over("app", ended(0, 0, 62)), over("helper", ended(0, 0, 60)), stopping=True)),
        ("helper was gone while app still ran in 1 of 1 Pod, when the Pod was deleted",),
    ),
    "both gone at once": ("stop-race", pasts(pod(over("app", ended(0, 0, 60)), over("helper", ended(0, 0, 60)), stopping=True)), ()),
    "a helper that ended in a Pod that goes on": ("stop-race", pasts(pod(running("app", 0), over("helper", ended(0, 0, 60)))), ()),
    "work that is done": (
        "job-never-completes", pasts(pod(over("app", ended(0, 0, 60, "Completed")), running("helper", 0)), QUIET),
        ("app has ended (exit code 0, Completed) and helper runs on in 1 of 2 Pods",),
    ),
    "work that failed": (
        "job-kill-switch", pasts(pod(over("app", ended(1, 0, 60)), running("helper", 0))),
        ("app has ended (exit code 1, Error) and helper runs on in 1 of 1 Pod",),
    ),
    "work that goes on": ("job-never-completes", pasts(QUIET), ()),
    "a problem that Pods do not show": ("mis-declared-sidecar", pasts(CRASHED), ()),
}  # fmt: skip


@pytest.mark.parametrize(("problem", "past", "expected"), CASES.values(), ids=CASES)
def test_what_is_seen(problem: str, past: Pasts, expected: tuple[str, ...]) -> None:
    assert seen_of(problem, "helper", ["app"], past) == expected


def test_an_init_container_that_needs_the_helper() -> None:
    past = pasts(pod(running("helper", 0), init=(waiting("migrate", 4, ended(1, 0, 1)),)))
    expected = ("init container migrate was restarted 4 times (last: exit code 1, Error) in 1 of 1 Pod",)
    assert seen_of("init-needs-helper", "helper", ["migrate"], past) == expected


def test_restarts_of_any_container() -> None:
    assert restarts_of("app", pasts(CRASHED, QUIET)) == "2 times (last: exit code 1, Error) in 1 of 2 Pods"
    assert not restarts_of("helper", pasts(CRASHED, QUIET))


ODD: dict[str, Any] = {
    "no status": {},
    "a status that is none": {"status": "Running"},
    "statuses that are none": {"status": {"containerStatuses": "app"}},
    "an odd status": {"status": {"containerStatuses": [None, 1, {}, {"name": 1, "state": [], "restartCount": "x"}]}},
    "odd times": {"status": {"containerStatuses": [{"name": "app", "state": {"running": {"startedAt": "noon"}}}]}},
    "an end without code": {
        "status": {"containerStatuses": [{"name": "app", "lastState": {"terminated": {"reason": 1}}}]}
    },
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_pod_tells_nothing(odd: Any) -> None:
    for past in pasts(odd)[0]:
        assert isinstance(past, ContainerPast)
    for problem in ("start-race", "stop-race", "job-never-completes", "init-needs-helper"):
        assert seen_of(problem, "helper", ["app"], pasts(odd)) == ()
