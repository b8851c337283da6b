"""A pane of lines that can be scrolled both ways: a diff, a description, YAML, a plan's judgement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.widgets import Static

from kubectl_sidecar.output.diff import DiffLine, painted
from kubectl_sidecar.tui.text import contents, paint


class Pane(ScrollableContainer, can_focus=True):
    """Lines as `output` paints them. With `wrap` long lines are wrapped, else the pane scrolls sideways."""

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; scrollbar-size: 0 1; }
    Pane > Static { width: auto; height: auto; text-wrap: nowrap; }
    Pane.-wrapped { overflow-x: hidden; }
    Pane.-wrapped > Static { width: 1fr; text-wrap: wrap; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "page_down", "page down", show=False),
        Binding("ctrl+b", "page_up", "page up", show=False),
        Binding("j", "scroll_down", "down", show=False),
        Binding("k", "scroll_up", "up", show=False),
        Binding("g", "scroll_home", "top", show=False),
        Binding("G", "scroll_end", "end", show=False),
    ]

    def __init__(self, title: str = "", *, id: str | None = None, wrap: bool = False) -> None:
        super().__init__(id=id, classes="-wrapped" if wrap else None)
        self.border_title = title or None

    def compose(self) -> ComposeResult:
        yield Static()

    def show(self, lines: Iterable[str]) -> None:
        """Shows painted lines instead of what was there."""
        self.query_one(Static).update(contents(lines))

    def show_diff(self, lines: tuple[DiffLine, ...], *more: str) -> None:
        """Shows a diff, and more lines below it."""
        self.show([*painted(lines, paint), *more])
