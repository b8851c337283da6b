"""The keys and the signs, on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from kubectl_sidecar.core.classification.findings import State
from kubectl_sidecar.output.words import SIGNS, STATE_STYLES
from kubectl_sidecar.tui.text import paint
from kubectl_sidecar.tui.widgets.detail import MEANINGS
from kubectl_sidecar.tui.widgets.pane import Pane

_LOOK = (
    ("enter d", "details: evidence, order, plan, risks"),
    ("y", "the Pod template as YAML"),
    ("/", "filter: words, !without, -f fuzzy, -l label=value"),
    ("esc", "back; on the list: filter and marks away"),
    ("ctrl-z", "only what is at risk"),
    ("0", "all namespaces, and back"),
    ("ctrl-r", "read again"),
    ("ctrl-w", "wide: all columns, whole texts"),
    ("N P K S R O", "sort by name, namespace, kind, state, problems, owner"),
    ("i", "what could not be read"),
    ("c n", "copy the name, the namespace"),
    ("j k g G", "down, up, first, last; ctrl-f and ctrl-b turn pages"),
    ("q ctrl-c", "quit"),
)
_WRITE = (
    ("m", "migrate: diff and risks first, then a question"),
    ("u", "undo a migration of yours"),
    ("space", "mark, to migrate several"),
    ("ctrl-\\", "clear the marks"),
)


class HelpScreen(ModalScreen[None]):
    """See the module."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Vertical { width: 76; max-width: 96%; height: auto; max-height: 94%; padding: 0 1; }
    HelpScreen Pane { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "app.pop_screen", "close", show=False)
    ]

    def __init__(self, *, readonly: bool) -> None:
        super().__init__()
        self._readonly = readonly

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "keys and signs"
            box.border_subtitle = "esc closes"
            yield Pane(wrap=True)

    def on_mount(self) -> None:
        pane = self.query_one(Pane)
        pane.show(lines(readonly=self._readonly))
        pane.focus()


def lines(*, readonly: bool) -> Iterator[str]:
    """The help's text; keys that write are not in it with --readonly."""
    for key, text in _LOOK if readonly else (*_WRITE, *_LOOK):
        yield f"{paint('hunk', f'{key:<12}')} {text}"
    yield ""
    states: tuple[State, ...] = ("classic", "mixed", "injected", "unsure", "broken", "native", "none")
    for state in states:
        yield f"{paint(STATE_STYLES[state], f'{SIGNS[state]} {state:<10}')} {MEANINGS[state]}"
