"""Screens to read: the description of a workload, its Pod template as YAML, what is missing from the list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kubectl_sidecar.actions.inspect import Gap
from kubectl_sidecar.actions.migrate import Target, prepare, read
from kubectl_sidecar.core import edits
from kubectl_sidecar.output.diff import yaml_lines
from kubectl_sidecar.output.plan import describe
from kubectl_sidecar.tui.messages import PlanMigration, PlanUndo
from kubectl_sidecar.tui.screens.page import BACK, Page, place
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.text import paint
from kubectl_sidecar.tui.widgets.banner import Banner
from kubectl_sidecar.tui.widgets.pane import Pane
from kubectl_sidecar.tui.worker import Work, sentence

Fetch = Callable[[], Iterable[str]]
"""Painted lines; called in a thread, may ask the server."""


class ReadingScreen(Page):
    """Lines of `fetch`, under the title `what`. A subclass says the keys, BACK among them."""

    def __init__(self, session: Session, work: Work, fetch: Fetch, *, where: str, what: str, wrap: bool = True) -> None:
        super().__init__(session, work, where=where)
        self.banner, self.pane = Banner(), Pane(wrap=wrap)
        self._what, self._fetch = what, fetch

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.banner
        yield self.pane
        yield self.footer()

    def on_mount(self) -> None:
        self.pane.focus()
        self.header.say(self._what, state="● reading", look="$text-warning")

        def job(post: Callable[[None], None], stop: threading.Event) -> Iterable[str]:
            return self._fetch()

        self.start(job, on_done=self._show, on_failed=self._failed)

    def _show(self, lines: Iterable[str]) -> None:
        self.header.say(self._what)
        self.pane.show(lines)

    def _failed(self, error: Exception) -> None:
        self.header.say(self._what, state="● failed", look="$text-error")
        self.banner.say(sentence(error), "Press esc to go back.")


class DescribeScreen(ReadingScreen):
    """Everything that is known of one workload: evidence, problems, order, plan, risks, resources, verdict."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "migrate", "migrate"),
        Binding("u", "undo", "undo"),
        BACK,
    ]

    def __init__(self, session: Session, work: Work, target: Target) -> None:
        fetch = partial(_description, session, target)
        super().__init__(session, work, fetch, where=place(session, target), what=target.ref)
        self.target = target

    def action_migrate(self) -> None:
        self.post_message(PlanMigration((self.target,), instead=True))

    def action_undo(self) -> None:
        self.post_message(PlanUndo(self.target, instead=True))


class TextScreen(ReadingScreen):
    """Nothing but text."""

    BINDINGS: ClassVar[list[BindingType]] = [BACK]


def yaml_screen(session: Session, work: Work, target: Target) -> TextScreen:
    """The Pod template as the server has it."""
    what = f"Pod template of {target.ref}"
    return TextScreen(
        session, work, partial(_template, session, target), where=place(session, target), what=what, wrap=False
    )


def gaps_screen(session: Session, work: Work, gaps: tuple[Gap, ...]) -> TextScreen:
    """What could not be read, and why."""
    return TextScreen(
        session, work, partial(_missing, gaps), where=session.cluster.context, what="what could not be read"
    )


def _description(session: Session, target: Target) -> Iterable[str]:
    return list(describe(prepare(session.cluster, target, session.index, session.options, dry_runs=False), paint))


def _template(session: Session, target: Target) -> Iterable[str]:
    obj = read(session.cluster, target)[0]
    template = dict(edits.get(obj, target.kind.template))
    metadata = template.get("metadata")
    if isinstance(metadata, dict):
        template["metadata"] = {key: value for key, value in metadata.items() if key != "managedFields"}
    return yaml_lines(template)


def _missing(gaps: tuple[Gap, ...]) -> Iterable[str]:
    for gap in gaps:
        yield from (paint("strong", gap.what), f"  {sentence(gap.error)}", "")
