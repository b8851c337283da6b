"""The line in which one types a filter. It is there only while it is used or while a filter holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label


class _Line(Input):
    """An input whose enter is among the keys at the bottom."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "to the list")]


class Filter(Horizontal):
    """`/` and an input. Each keystroke filters; enter goes back to the table, esc clears."""

    DEFAULT_CSS = """
    Filter { height: 1; display: none; padding: 0 1; }
    Filter Label { width: 2; }
    Filter Input { width: 1fr; height: 1; border: none; padding: 0; }
    Filter Input:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear", "clear")]

    @dataclass
    class Changed(Message):
        """Another text; `done` when the user pressed enter or esc."""

        text: str
        done: bool = False

    def compose(self) -> ComposeResult:
        yield Label("/")
        yield _Line(placeholder="words · !without · -f fuzzy · -l label=value", compact=True, select_on_focus=False)

    @property
    def text(self) -> str:
        return self.query_one(Input).value

    @property
    def typing(self) -> bool:
        """Whether keys go into it now."""
        return self.query_one(Input).has_focus

    def open(self) -> None:
        self.display = True
        # at once, not in the next turn: who types fast would press keys of the table otherwise
        self.screen.set_focus(self.query_one(Input))

    def close(self) -> None:
        """Empties it and takes it away."""
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.display = bool(event.value)
        self.post_message(self.Changed(event.value, done=True))

    def action_clear(self) -> None:
        self.close()
        self.post_message(self.Changed("", done=True))
