"""The first line of every screen: where we are (context and namespaces, never cut off first), what is shown, and its state."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from kubectl_sidecar.tui.text import clean


class Header(Widget):
    """`context · namespace`, a text in the middle, a state at the end. All three are plain text."""

    DEFAULT_CSS = """
    Header { dock: top; height: 1; width: 100%; padding: 0 1; }
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where, self._state = clean(where), Content()
        self._what: tuple[str, ...] = ("",)

    def say(self, *what: str, state: str = "", look: str = "", where: str = "") -> None:
        """Shows another text: the first of `what` that there is room for. `look` is a style of the state."""
        self._where = clean(where) or self._where
        self._what, self._state = tuple(map(clean, what)), Content.styled(clean(state), look)
        self.refresh()

    def render(self) -> RenderResult:
        width = max(0, self.size.width)
        left = Content.styled(self._where, "bold")
        room = width - left.cell_length - self._state.cell_length - 4
        fitting = (Content(text) for text in self._what if Content(text).cell_length <= room)
        middle = next(fitting, Content(self._what[-1]).truncate(max(0, room), ellipsis=True))
        gap = max(0, room - middle.cell_length)
        return Content.assemble(left, "  ", " " * (gap // 2), middle, " " * (gap - gap // 2), "  ", self._state)
