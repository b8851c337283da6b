"""What all full screens have in common: the header with the context, the keys at the bottom, and jobs that end with the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer

from kubectl_sidecar.actions.migrate import Target
from kubectl_sidecar.tui.listing import Key
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.widgets.header import Header
from kubectl_sidecar.tui.worker import Task, Work

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")

BACK = Binding("escape", "back", "back")
"""The last of each screen's bindings, so that it is the last of its keys at the bottom."""

WRITES = frozenset({"migrate", "undo", "mark", "clear_marks", "go_on"})
"""Actions that are neither shown nor done with --readonly."""


class Page(Screen[None]):
    """A full screen. A subclass starts its jobs with `start`; they are cancelled when the screen goes."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's own declaration
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012

    def __init__(self, session: Session, work: Work, *, where: str = "") -> None:
        super().__init__()
        self.session, self.work = session, work
        self.header = Header(where or session.cluster.context)
        self._tasks: list[Task[Any, Any]] = []

    def footer(self) -> Footer:
        return Footer(show_command_palette=False, compact=True)

    def start(
        self,
        job: Callable[[Callable[[EventT], None], threading.Event], ResultT],
        *,
        on_done: Callable[[ResultT], None],
        on_failed: Callable[[Exception], None],
        on_events: Callable[[list[EventT]], None] = lambda events: None,
    ) -> Task[EventT, ResultT]:
        """Runs a job off the screen's thread, as long as the screen is there."""
        task = self.work.start(job, on_done=on_done, on_failed=on_failed, on_events=on_events)
        self._tasks.append(task)
        return task

    def on_unmount(self) -> None:
        for task in self._tasks:
            task.cancel()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (self.session.readonly and action in WRITES)

    def action_back(self) -> None:
        self.app.pop_screen()


def place(session: Session, target: Target) -> str:
    """`context · namespace`: what the header of a screen about one workload begins with."""
    return f"{session.cluster.context} · {target.namespace}"


def key_of(target: Target) -> Key:
    return target.kind.name, target.namespace, target.name
