"""The one question before anything is written. It repeats the context, the namespaces, the count and what is replaced.

What always holds: what was typed before the question was there is no yes to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from kubectl_sidecar.tui.text import contents

_NO = ("n", "escape", "q")


class ConfirmScreen(ModalScreen[bool]):
    """Yes or no; no is what enter says unless the user goes to yes."""

    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical { width: 76; max-width: 96%; height: auto; max-height: 90%; padding: 1 2; }
    ConfirmScreen VerticalScroll { height: auto; max-height: 12; margin: 1 0; }
    ConfirmScreen Static { height: auto; }
    ConfirmScreen Horizontal { height: 3; align-horizontal: right; }
    ConfirmScreen Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", show=False),
        Binding(",".join(_NO), "answer(False)", "no", show=False),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, lines: Sequence[str], *, yes: str) -> None:
        super().__init__()
        self._question, self._lines, self._yes = question, lines, yes
        self._there_since = float("inf")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(contents([self._question]), id="question")
            with VerticalScroll(can_focus=False):
                yield Static(contents(self._lines))
            with Horizontal():
                yield Button("No (n)", id="no")
                yield Button(f"{self._yes} (y)", id="yes", variant="warning")

    def on_mount(self, event: events.Mount) -> None:
        self._there_since = event.time
        self.query_one("#no", Button).focus()

    def hears(self, key: events.Key) -> bool:
        """Whether this key may be an answer: a no always is."""
        return key.key in _NO or key.time > self._there_since

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)
