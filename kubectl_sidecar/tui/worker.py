"""Everything that may wait runs here: daemon threads of our own that put what they find on one queue, and a timer of the app
that drains it. Threads of a pool would keep the program alive until the slowest server has answered; these never do.

What always holds: handlers run on the app's thread only, in the order in which a job put its events; events of one job that
lie in the queue together come together; after `cancel` no handler of that job is called any more; an error of any kind
reaches `on_failed`, none is lost."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from kubectl_sidecar.errors import SidecarError

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")
Post = Callable[[EventT], None]
Job = Callable[[Post[EventT], threading.Event], ResultT]
"""Gets a function that reports an event, and an event that is set when nobody wants the rest any more."""


@dataclass(slots=True, eq=False)
class Task(Generic[EventT, ResultT]):
    """A job that was started."""

    on_events: Callable[[list[EventT]], None]
    on_done: Callable[[ResultT], None]
    on_failed: Callable[[Exception], None]
    stop: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False

    def cancel(self) -> None:
        """Asks the job to stop, and drops whatever it still reports."""
        self.cancelled = True
        self.stop.set()


_Entry = tuple[Task[Any, Any], Literal["event", "done", "failed"], Any]


class Work:
    """The queue and what runs behind it."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Entry] = queue.SimpleQueue()

    def start(
        self,
        job: Job[EventT, ResultT],
        *,
        on_done: Callable[[ResultT], None],
        on_failed: Callable[[Exception], None],
        on_events: Callable[[list[EventT]], None] = lambda events: None,
    ) -> Task[EventT, ResultT]:
        """Runs `job` on a thread of its own; the handlers are called by `drain`."""
        task = Task(on_events, on_done, on_failed)

        def run() -> None:
            try:
                result = job(lambda event: self._queue.put((task, "event", event)), task.stop)
            except Exception as error:  # noqa: BLE001 - a thread has nobody above it: its handler shows the error
                self._queue.put((task, "failed", error))
            else:
                self._queue.put((task, "done", result))

        threading.Thread(target=run, daemon=True).start()
        return task

    def drain(self) -> None:
        """Calls the handlers of what has come in so far."""
        waiting: list[_Entry] = []
        while True:
            try:
                waiting.append(self._queue.get_nowait())
            except queue.Empty:
                break
        gathered: dict[Task[Any, Any], list[Any]] = {}
        for task, what, value in waiting:
            if what == "event":
                gathered.setdefault(task, []).append(value)
                continue
            self._hand_over(task, gathered)
            if not task.cancelled:
                (task.on_done if what == "done" else task.on_failed)(value)
        for task in list(gathered):
            self._hand_over(task, gathered)

    @staticmethod
    def _hand_over(task: Task[Any, Any], gathered: dict[Task[Any, Any], list[Any]]) -> None:
        events = gathered.pop(task, None)
        if events and not task.cancelled:
            task.on_events(events)


def sentence(error: Exception) -> str:
    """An error as a person reads it. What is not one of ours is a bug, and says so with the place."""
    if isinstance(error, SidecarError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"a bug of kubectl sidecar, please report it: {type(error).__name__}: {error}{where}"
