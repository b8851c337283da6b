"""What was said yes to, as it happens: Pod by Pod, container by container in start order; then how it ended and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kubectl_sidecar.actions.migrate import Progress, Target
from kubectl_sidecar.actions.rollout import PodProgress
from kubectl_sidecar.output.style import Style
from kubectl_sidecar.tui.execution import Execution
from kubectl_sidecar.tui.messages import Ended, PlanMigration, PlanUndo, Step
from kubectl_sidecar.tui.screens.page import BACK, Page
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.text import paint
from kubectl_sidecar.tui.widgets.banner import Banner
from kubectl_sidecar.tui.widgets.pane import Pane
from kubectl_sidecar.tui.worker import Work, sentence

_BAR = 20
_PODS = 8
"""How many Pods of a workload are shown one by one; those that are not ready come first."""


class ProgressScreen(Page):
    """See the module. esc stops watching (a rollout goes on by itself), esc again goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "undo"),
        Binding("m", "migrate", "new diff"),
        BACK,
    ]

    def __init__(
        self, session: Session, work: Work, execution: Execution, on_written: Callable[[Target], None]
    ) -> None:
        namespaces = ", ".join(sorted({target.namespace for target in execution.phases}))
        super().__init__(session, work, where=f"{session.cluster.context} · {namespaces}")
        self.execution = execution
        self.on_written = on_written
        self.latest: dict[Target, Progress] = {}
        self.banner, self.pane = Banner(), Pane(wrap=True)

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.banner
        yield self.pane
        yield self.footer()

    def on_mount(self) -> None:
        self.pane.focus()
        self._show()
        self.start(self.execution.job, on_events=self._came, on_done=lambda _: self._show(), on_failed=self._failed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return self._undoable() is not None
        if action == "migrate":
            return bool(self._changed())
        return super().check_action(action, parameters)

    def _undoable(self) -> Target | None:
        """The one workload that was written, once all is over."""
        if self.execution.undoing or not self.execution.over:
            return None
        written = [ended.target for ended in self.execution.ended.values() if ended.result and ended.result.written]
        return written[0] if len(written) == 1 else None

    def _changed(self) -> tuple[Target, ...]:
        """What was not written because it had changed meanwhile."""
        if self.execution.undoing or not self.execution.over:
            return ()
        return tuple(e.target for e in self.execution.ended.values() if e.result and e.result.outcome == "changed")

    def _came(self, events: list[Step]) -> None:
        for event in events:
            if isinstance(event, Progress):
                self.latest[event.target] = event
            elif event.result and event.result.written:
                self.on_written(event.target)
        self._show()

    def _failed(self, error: Exception) -> None:
        self.banner.say(sentence(error))

    def _show(self) -> None:
        over = self.execution.over
        what = "undo" if self.execution.undoing else "migration"
        look = "$text-success" if over else "$text-warning"
        if any(self._went_wrong(ended) for ended in self.execution.ended.values()):
            look = "$text-error"
        state = "over" if over else "stopping" if self.execution.left else "under way"
        self.header.say(what, state=f"● {state}", look=look)
        self.pane.show(line for target in self.execution.phases for line in self._lines(target))
        self.refresh_bindings()

    @staticmethod
    def _went_wrong(ended: Ended) -> bool:
        return ended.result is None or ended.result.outcome not in ("done", "unwatched")

    def _lines(self, target: Target) -> Iterator[str]:
        progress = self.latest.get(target)
        ended = self.execution.ended.get(target)
        phase = self.execution.phases[target]
        said = {
            "waiting": "waits for its turn",
            "begun": "reading again",
            "sending": "sending the patch",
            "written": "written",
        }
        yield f"{paint('strong', target.qualified)} in {target.namespace}" + (
            f"  {said[phase]}" if phase in said else ""
        )
        if progress is not None and progress.step == "rollout":
            yield f"  {_bar(progress.done, progress.total)} {progress.text}"
            waiting_first = sorted(progress.pods, key=lambda pod: pod.ready)
            for pod in waiting_first[:_PODS]:
                yield from _pod(pod)
            if len(waiting_first) > _PODS:
                yield f"  … and {len(waiting_first) - _PODS} more"
        if ended is not None:
            yield ""
            yield from (f"  {line}" for line in self.execution.closing(target, paint))
        yield ""

    def action_back(self) -> None:
        if self.execution.over or self.execution.left:
            self.app.pop_screen()
            return
        self.execution.leave()
        self.notify("no longer watched; press esc again to go back", markup=False, timeout=3)
        self._show()

    def action_undo(self) -> None:
        if target := self._undoable():
            self.post_message(PlanUndo(target, instead=True))

    def action_migrate(self) -> None:
        if targets := self._changed():
            self.post_message(PlanMigration(targets, instead=True))


def _bar(done: int, total: int) -> str:
    filled = _BAR * done // total if total else 0
    return paint("good", "━" * filled) + paint("quiet", "─" * (_BAR - filled))


def _pod(pod: PodProgress) -> Iterator[str]:
    yield f"    {pod.name}  {paint('good', 'ready') if pod.ready else paint('warn', 'not ready')}"
    width = max((len(name) for name, _ in pod.containers), default=0)
    for name, doing in pod.containers:
        yield f"      {name:<{width}}  {paint(_doing_style(doing), doing)}"


def _doing_style(doing: str) -> Style:
    if doing.startswith("running"):
        return "good"
    return "bad" if doing.startswith("failed") or "BackOff" in doing or "Err" in doing else "warn"
