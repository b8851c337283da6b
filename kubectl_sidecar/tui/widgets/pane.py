"""A pane of lines that can be scrolled both ways: a diff, a description, YAML, a plan's judgement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import Static

from kubectl_sidecar.output.diff import DiffLine, painted
from kubectl_sidecar.tui.text import content, contents, paint

_DEEPER = 4
"""How much further in a wrapped line goes on, as on the command line."""


class _Wrapped(Static):
    """Lines that are wrapped at its own width, each below its own indent."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Content] = []
        self._width = 0

    def lines(self, lines: Iterable[Content]) -> None:
        self._lines = list(lines)
        self._wrap()

    def on_resize(self, event: events.Resize) -> None:
        if event.size.width != self._width:
            self._width = event.size.width
            self._wrap()

    def _wrap(self) -> None:
        self.update(Content("\n").join(part for line in self._lines for part in hung(line, self._width)))


def hung(line: Content, width: int) -> Iterator[Content]:
    """The line in parts that are no wider than `width` cells; as it is where there is no width (yet) or no room for an indent."""
    indent = len(line.plain) - len(line.plain.lstrip(" "))
    room = width - indent - _DEEPER
    if line.cell_length <= width or room < width // 2:
        yield line
        return
    first, *others = line[indent:].wrap(room)
    yield first.pad_left(indent)
    yield from (other.pad_left(indent + _DEEPER) for other in others)


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
        self._lines: Static = _Wrapped() if wrap else Static()

    def compose(self) -> ComposeResult:
        yield self._lines

    def show(self, lines: Iterable[str]) -> None:
        """Shows painted lines instead of what was there."""
        if isinstance(self._lines, _Wrapped):
            self._lines.lines(content(line) for line in lines)
        else:
            self._lines.update(contents(lines))

    def show_diff(self, lines: tuple[DiffLine, ...], *more: str) -> None:
        """Shows a diff, and more lines below it."""
        self.show([*painted(lines, paint), *more])
