"""Screens to read: the description of a workload, its Pod template as YAML, what is missing from the list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
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


class ReadingScreen(Page):
    """Lines that are fetched in a thread. A subclass says what and how."""

    WRAP = True

    def __init__(self, session: Session, work: Work, *, where: str, what: str) -> None:
        super().__init__(session, work, where=where)
        self.banner, self.pane = Banner(), Pane(wrap=self.WRAP)
        self._what = what

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.banner
        yield self.pane
        yield self.footer()

    def on_mount(self) -> None:
        self.pane.focus()
        self.header.say(self._what, state="● reading", look="$text-warning")
        self.start(self.fetch, on_done=self._show, on_failed=self._failed)

    def fetch(self, post: Callable[[None], None], stop: threading.Event) -> Iterable[str]:
        """The painted lines. Runs in a thread."""
        raise NotImplementedError

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
        super().__init__(session, work, where=place(session, target), what=target.ref)
        self.target = target

    def fetch(self, post: Callable[[None], None], stop: threading.Event) -> Iterable[str]:
        prepared = prepare(self.session.cluster, self.target, self.session.index, self.session.options, dry_runs=False)
        return list(describe(prepared, paint))

    def action_migrate(self) -> None:
        self.post_message(PlanMigration((self.target,), instead=True))

    def action_undo(self) -> None:
        self.post_message(PlanUndo(self.target, instead=True))


class YamlScreen(ReadingScreen):
    """The Pod template as the server has it."""

    WRAP = False
    BINDINGS: ClassVar[list[BindingType]] = [BACK]

    def __init__(self, session: Session, work: Work, target: Target) -> None:
        super().__init__(session, work, where=place(session, target), what=f"Pod template of {target.ref}")
        self.target = target

    def fetch(self, post: Callable[[None], None], stop: threading.Event) -> Iterable[str]:
        obj = read(self.session.cluster, self.target)[0]
        template = dict(edits.get(obj, self.target.kind.template))
        metadata = template.get("metadata")
        if isinstance(metadata, dict):
            template["metadata"] = {key: value for key, value in metadata.items() if key != "managedFields"}
        return yaml_lines(template)


class GapsScreen(ReadingScreen):
    """What could not be read, and why."""

    BINDINGS: ClassVar[list[BindingType]] = [BACK]

    def __init__(self, session: Session, work: Work, gaps: tuple[Gap, ...]) -> None:
        super().__init__(session, work, where=session.cluster.context, what="what could not be read")
        self.gaps = gaps

    def fetch(self, post: Callable[[None], None], stop: threading.Event) -> Iterable[str]:
        lines: list[str] = []
        for gap in self.gaps:
            lines += [paint("strong", gap.what), f"  {sentence(gap.error)}", ""]
        return lines
