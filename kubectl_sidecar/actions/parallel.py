"""A few daemon threads for a few jobs. Threads of our own: those of a pool keep a process that was told to quit alive until
the slowest server has answered."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

T = TypeVar("T")
Given = TypeVar("Given")


def in_parallel(jobs: Iterable[Callable[[], None]], *, threads: int = 8) -> None:
    """Runs all jobs, then raises the first error that one of them let through. A single job needs no thread."""
    jobs = list(jobs)
    if len(jobs) == 1:
        jobs[0]()
        return
    waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    outcomes: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)

    def work() -> None:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
                outcomes.put(error)
            else:
                outcomes.put(None)

    for _ in range(min(threads, len(jobs))):
        threading.Thread(target=work, daemon=True).start()
    errors = [error for error in (outcomes.get() for _ in jobs) if error is not None]
    if errors:
        raise errors[0]


def each_in_parallel(function: Callable[[Given], T], items: Iterable[Given], *, threads: int = 8) -> list[T]:
    """What the function makes of each item, in the items' order."""
    made: dict[int, T] = {}

    def make(place: int, item: Given) -> None:
        made[place] = function(item)

    in_parallel((partial(make, place, item) for place, item in enumerate(items)), threads=threads)
    return [made[place] for place in sorted(made)]


def ahead(produce: Callable[[], Iterator[T]]) -> Iterator[T]:
    """The items of `produce`, made in a thread that is one item ahead of whoever takes them. Its error is raised after the items
    that came before it. Whoever stops taking lets the thread end with the item that it is making."""
    made: queue.SimpleQueue[tuple[bool, T | BaseException | None]] = queue.SimpleQueue()
    wanted = threading.Semaphore(1)
    left = threading.Event()

    def work() -> None:
        try:
            for item in produce():
                made.put((True, item))
                wanted.acquire()
                if left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - raised where the items are taken
            made.put((False, error))
        else:
            made.put((False, None))

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            more, item = made.get()
            if not more:
                if isinstance(item, BaseException):
                    raise item
                return
            wanted.release()
            yield item  # type: ignore[misc]
    finally:
        left.set()
        wanted.release()
