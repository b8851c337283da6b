"""Threads and their queue: order, coalescing, cancelling, and that no error is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from kubectl_sidecar.errors import Forbidden, Unreachable
from kubectl_sidecar.tui.worker import Task, Work, sentence


class Heard:
    """What the handlers were told, in order."""

    def __init__(self) -> None:
        self.work, self.told = Work(), list[Any]()

    def start(self, job: Callable[[Callable[[int], None], threading.Event], str]) -> Task[int, str]:
        return self.work.start(
            job,
            on_events=lambda events: self.told.append(list(events)),
            on_done=lambda result: self.told.append(result),
            on_failed=lambda error: self.told.append(error),
        )

    def drain_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end
            self.work.drain()


def test_events_come_together_and_before_the_end() -> None:
    heard = Heard()

    ended = threading.Event()

    def job(post: Callable[[int], None], stop: threading.Event) -> str:
        for number in range(100):
            post(number)
        ended.set()
        return "done"

    task = heard.start(job)
    assert ended.wait(10)
    heard.drain_until(lambda: bool(heard.told) and heard.told[-1] == "done")
    assert [n for told in heard.told[:-1] for n in told] == list(range(100))
    assert not task.cancelled


def test_an_error_reaches_its_handler() -> None:
    heard = Heard()

    def job(post: Callable[[int], None], stop: threading.Event) -> str:
        post(1)
        raise Unreachable("the server does not answer")

    heard.start(job)
    heard.drain_until(lambda: len(heard.told) == 2)
    assert heard.told[0] == [1]
    assert isinstance(heard.told[1], Unreachable)


def test_after_cancel_nothing_is_told() -> None:
    heard, go = Heard(), threading.Event()

    def job(post: Callable[[int], None], stop: threading.Event) -> str:
        post(1)
        assert stop.wait(10)
        return "too late"

    task = heard.start(job)
    task.cancel()
    other = heard.start(lambda post, stop: "other")
    heard.drain_until(lambda: "other" in heard.told)
    heard.work.drain()
    assert heard.told == ["other"]
    assert not other.cancelled
    go.set()


def _bug() -> Exception:
    try:
        dict[str, str]().pop("missing")
    except KeyError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(Forbidden("jane cannot list pods", status=403), "jane cannot list pods", id="ours"),
        pytest.param(_bug(), "a bug of kubectl sidecar, please report it: KeyError: 'missing' at test_worker.py:", id="a bug, with its place"),
    ],
)  # fmt: skip
def test_errors_are_sentences(error: Exception, said: str) -> None:
    assert sentence(error).startswith(said)
