"""Undo: what would come back, or why it would not; then the question."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from kubectl_sidecar.actions.migrate import Target
from kubectl_sidecar.actions.undo import PreparedUndo, prepare_undo
from kubectl_sidecar.output.undo import undo_diff, undo_question
from kubectl_sidecar.tui.messages import Execute
from kubectl_sidecar.tui.screens.confirm import ConfirmScreen
from kubectl_sidecar.tui.screens.page import BACK, Page, place
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.text import contents, paint
from kubectl_sidecar.tui.widgets.banner import Banner
from kubectl_sidecar.tui.widgets.pane import Pane
from kubectl_sidecar.tui.worker import Work, sentence


class UndoScreen(Page):
    """See the module."""

    DEFAULT_CSS = """
    UndoScreen #word { height: auto; max-height: 6; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("u,enter", "go_on", "undo", key_display="u"), BACK]

    def __init__(self, session: Session, work: Work, target: Target) -> None:
        super().__init__(session, work, where=place(session, target))
        self.target = target
        self.prepared: PreparedUndo | None = None
        self.banner, self.diff, self.word = Banner(), Pane("diff", id="diff"), Static(id="word")

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.banner
        yield self.diff
        yield self.word
        yield self.footer()

    def on_mount(self) -> None:
        self.diff.focus()
        self.header.say(f"undo of {self.target.ref}", state="● reading", look="$text-warning")

        def job(post: Callable[[None], None], stop: threading.Event) -> PreparedUndo:
            return prepare_undo(self.session.cluster, self.session.journal, self.target)

        self.start(job, on_done=self._show, on_failed=self._failed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "go_on" and not self.session.readonly:
            return self.prepared is not None and not self.prepared.refusal
        return super().check_action(action, parameters)

    def _show(self, prepared: PreparedUndo) -> None:
        self.prepared = prepared
        self.header.say(f"undo of {self.target.ref}")
        self.banner.say(prepared.refusal)
        self.diff.show_diff(undo_diff(prepared))
        if not prepared.refusal:
            self.word.update(contents([f"{paint('strong', 'Effect')}  {prepared.effect}"]))
        self.refresh_bindings()

    def _failed(self, error: Exception) -> None:
        self.header.say(f"undo of {self.target.ref}")
        self.banner.say(sentence(error), "Press esc to go back.", severity="note")

    def action_go_on(self) -> None:
        prepared = self.prepared
        if prepared is None or prepared.refusal:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.post_message(Execute((prepared,)))

        line = f"{prepared.target.ref} in {prepared.target.namespace}: {prepared.effect}"
        self.app.push_screen(ConfirmScreen(undo_question(prepared), [line], yes="Restore"), answered)
