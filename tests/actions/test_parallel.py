"""Threads of our own: all jobs run, the first error comes through, and a producer stays one item ahead and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from kubectl_sidecar.actions.parallel import ahead, each_in_parallel, in_parallel


def test_all_jobs_run_and_an_error_comes_through_after_them() -> None:
    done: list[int] = []

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        in_parallel([fail, *(lambda n=n: done.append(n) for n in range(20))], threads=3)
    assert sorted(done) == list(range(20))


def test_one_job_needs_no_thread() -> None:
    ran: list[threading.Thread] = []
    in_parallel([lambda: ran.append(threading.current_thread())])
    assert ran == [threading.current_thread()]


def test_of_no_jobs_nothing_comes() -> None:
    in_parallel([])
    assert each_in_parallel(str, []) == []


def test_what_is_made_of_each_comes_in_the_items_order() -> None:
    turn = [threading.Event() for _ in range(6)]

    def one(number: int) -> int:  # the last one is ready first
        if number < 5:
            turn[number + 1].wait(10)
        turn[number].set()
        return number * number

    assert each_in_parallel(one, range(6)) == [0, 1, 4, 9, 16, 25]


def test_items_come_in_order_and_the_error_after_them() -> None:
    def produce() -> Iterator[int]:
        yield from range(5)
        raise ValueError("no")

    items = ahead(produce)
    assert [next(items) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match="no"):
        next(items)


def test_the_next_item_is_made_while_one_is_used_and_no_more_than_that() -> None:
    made: list[int] = []
    second = threading.Event()

    def produce() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    items = ahead(produce)
    assert next(items) == 0
    assert second.wait(10)
    assert next(items) == 1
    assert len(made) <= 3


def test_whoever_stops_taking_lets_the_thread_end() -> None:
    before = threading.active_count()

    def produce() -> Iterator[int]:
        yield from range(10)

    items = ahead(produce)
    next(items)
    items.close()  # type: ignore[attr-defined]
    deadline = threading.Event()
    while threading.active_count() > before and not deadline.wait(0.01):
        pass
    assert threading.active_count() == before
