"""The table of workloads: only the lines that are on the screen are ever drawn, so 100,000 rows cost what 30 cost.

The first line is the header and stays. Colour is never alone: each row has a sign in front and its state as a word. The cursor
stays on its workload while others arrive above it, once the user has moved it; before that it stays on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kubectl_sidecar.core.classification.findings import State
from kubectl_sidecar.output.words import SIGNS
from kubectl_sidecar.tui.listing import Entry, Key, Listing
from kubectl_sidecar.tui.text import clean
from kubectl_sidecar.tui.widgets.columns import NARROW, Column, lay_out

_LEAD = 3
"""Cells in front of the first column: the mark, the sign, a blank."""


class WorkloadTable(ScrollView, can_focus=True):
    """See the module. `listing` is what it shows; whoever changes that calls `refill`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header", "table--cursor", "table--risk", "table--unsure", "table--good", "table--quiet", "table--plain",
        "table--mark",
    }  # fmt: skip
    DEFAULT_CSS = """
    WorkloadTable { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    WorkloadTable.-wide { overflow-x: auto; scrollbar-size-horizontal: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False),
        Binding("home,g", "jump(0)", "first", show=False),
        Binding("end,G", "jump(-1)", "last", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor is on another workload (or on none)."""

        entry: Entry | None

    @dataclass
    class Chosen(Message):
        """A double click, or a click on the row under the cursor."""

        entry: Entry

    def __init__(self) -> None:
        super().__init__()
        self.listing = Listing()
        self.namespaces = False
        self.everything = False
        self.marked: set[Key] = set()
        self._cursor = 0
        self._moved = False
        self._shown: Entry | None = None
        self._columns: tuple[Column, ...] = ()

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        visible = self.listing.visible
        return visible[self._cursor] if self._cursor < len(visible) else None

    def refill(self) -> None:
        """Shows what the listing has become."""
        if self._moved and self._shown is not None:
            at = self.listing.index_of(self._shown.key)
            self._cursor = self._cursor if at is None else at
        self._cursor = max(0, min(self._cursor, len(self.listing.visible) - 1))
        self._lay_out()
        self._follow()

    def show_from_top(self) -> None:
        """Forgets where the cursor was: the list is a new one."""
        self._moved, self._cursor = False, 0
        self.scroll_to(0, 0, animate=False)
        self.refill()

    def _lay_out(self) -> None:
        narrow = self.size.width < NARROW and not self.everything
        self.set_class(self.everything, "-wide")
        self._columns = lay_out(
            self.listing.widths,
            self.scrollable_size.width - _LEAD,
            namespaces=self.namespaces,
            everything=self.everything,
            short_kinds=6 if narrow else 0,
            gap=self._gap,
        )
        width = _LEAD + sum(c.width + self._gap for c in self._columns)
        self.virtual_size = Size(
            width if self.everything else self.scrollable_size.width, len(self.listing.visible) + 1
        )
        self.refresh()

    @property
    def _gap(self) -> int:
        return 1 if self.size.width < NARROW and not self.everything else 2

    def _follow(self) -> None:
        """Keeps the cursor on the screen, and tells who listens what is under it."""
        height = max(1, self.scrollable_content_region.height - 1)
        top = round(self.scroll_y)
        if self._cursor < top:
            top = self._cursor
        elif self._cursor >= top + height:
            top = self._cursor - height + 1
        if top != round(self.scroll_y):
            self.scroll_to(y=top, animate=False, force=True)
        entry = self.entry
        if entry is not self._shown:
            self._shown = entry
            self.post_message(self.Highlighted(entry))
        self.refresh()

    def action_move(self, by: int) -> None:
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self._cursor + by * max(1, self.size.height - 2))

    def action_jump(self, to: int) -> None:
        self._go(to if to >= 0 else len(self.listing.visible) - 1)

    def _go(self, index: int) -> None:
        self._moved = True
        self._cursor = max(0, min(index, len(self.listing.visible) - 1))
        self._follow()

    def toggle_mark(self) -> None:
        """Marks the workload under the cursor, or takes its mark away, and goes one down."""
        if self.entry is not None:
            self.marked ^= {self.entry.key}
            self.action_move(1)

    def on_resize(self) -> None:
        self._lay_out()
        self._follow()

    def on_click(self, event: events.Click) -> None:
        index = event.y - 1 + round(self.scroll_y)
        if event.y < 1 or index >= len(self.listing.visible):
            return
        again = index == self._cursor and event.chain > 1
        self._go(index)
        if again and self.entry is not None:
            self.post_message(self.Chosen(self.entry))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            strip, style = self._header(), self.get_component_rich_style("table--header")
        else:
            index = y - 1 + round(self.scroll_y)
            if index >= len(self.listing.visible):
                return Strip.blank(width, self.rich_style)
            strip, style = self._row(index)
        left = round(self.scroll_x)
        return strip.extend_cell_length(left + width, style).crop(left, left + width)

    def _header(self) -> Strip:
        style = self.get_component_rich_style("table--header")
        gap = " " * self._gap
        view = self.listing.view
        sorted_by, arrow = view.sort.upper(), "↓" if view.reverse else "↑"
        titles = (_fit(c.title + arrow * (c.title == sorted_by), c.width) for c in self._columns)
        return Strip([Segment(" " * _LEAD + gap.join(titles), style)])

    def _row(self, index: int) -> tuple[Strip, Style]:
        entry = self.listing.visible[index]
        row = entry.row
        style = self.get_component_rich_style(_look(row.state))
        base = self.get_component_rich_style("table--quiet" if row.state == "none" else "table--plain")
        mark = self.get_component_rich_style("table--mark")
        if index == self._cursor:
            cursor = self.get_component_rich_style("table--cursor", partial=True)
            style, base, mark = style + cursor, base + cursor, mark + cursor
        segments = [Segment("*" if entry.key in self.marked else " ", mark), Segment(SIGNS[row.state] + " ", style)]
        gap = " " * self._gap
        for column in self._columns:
            text = entry.cells[column.cell]
            if column.title == "KIND" and self._short_kinds:
                text = row.kind.short[0] if row.kind.short else row.kind.name.lower()
            coloured = column.title in ("STATE", "PROBLEMS") and text != "-"
            segments.append(Segment(_fit(clean(text), column.width) + gap, style if coloured else base))
        return Strip(segments), base

    @property
    def _short_kinds(self) -> bool:
        return self.size.width < NARROW and not self.everything

    def watch_show_vertical_scrollbar(self) -> None:
        self.call_after_refresh(self._lay_out)  # there is a cell less, or one more

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.refresh(Region(0, 0, self.size.width, self.size.height))


def _look(state: State) -> str:
    match state:
        case "classic" | "mixed" | "broken":
            return "table--risk"
        case "injected" | "unsure":
            return "table--unsure"
        case "native":
            return "table--good"
        case _:
            return "table--quiet"


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
