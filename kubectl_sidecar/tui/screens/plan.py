"""The plan of one workload or of several marked ones: the diff, what it removes, what it risks, what the server says to it, and
policy's word. From here a yes leads to the question; a refusal leads nowhere but to the way around."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from kubectl_sidecar.actions.migrate import Prepared, Target
from kubectl_sidecar.actions.source import for_source
from kubectl_sidecar.core.plan import Severity
from kubectl_sidecar.core.planning.policy import DryRunAnswer, PolicyOptions
from kubectl_sidecar.output import words
from kubectl_sidecar.output.plan import plan_diff, question, verdict
from kubectl_sidecar.output.source_change import source_change
from kubectl_sidecar.output.style import Style
from kubectl_sidecar.tui.messages import Execute, Planned
from kubectl_sidecar.tui.planning import plan_all
from kubectl_sidecar.tui.screens.confirm import ConfirmScreen
from kubectl_sidecar.tui.screens.page import BACK, Page, place
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.text import contents, paint
from kubectl_sidecar.tui.widgets.banner import Banner
from kubectl_sidecar.tui.widgets.pane import Pane
from kubectl_sidecar.tui.worker import Work, sentence

_SEVERITIES: dict[Severity, Style] = {"blocker": "bad", "caution": "warn", "note": "quiet"}
_DRY_RUNS: dict[str, tuple[Style, str]] = {
    "accepted": ("good", "accepted"),
    "refused": ("bad", "refused"),
    "unknown": ("warn", "not known"),
}


class PlanScreen(Page):
    """See the module. With several targets, left and right go from plan to plan."""

    DEFAULT_CSS = """
    PlanScreen #both { height: 1fr; layout: horizontal; }
    PlanScreen.-narrow #both { layout: vertical; }
    PlanScreen #word { height: auto; max-height: 9; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m,enter", "go_on", "migrate", key_display="m"),
        Binding("left_square_bracket,p", "turn(-1)", "previous", key_display="["),
        Binding("right_square_bracket,n", "turn(1)", "next", key_display="]"),
        Binding("tab", "app.focus_next", "other pane"),
        BACK,
    ]

    def __init__(self, session: Session, work: Work, targets: tuple[Target, ...]) -> None:
        where = place(session, targets[0]) if len({t.namespace for t in targets}) == 1 else session.cluster.context
        super().__init__(session, work, where=where)
        self.targets = targets
        self.plans: dict[Target, Planned] = {}
        self.at = 0
        self.banner, self.word = Banner(), Static(id="word")
        self.diff, self.judgement = Pane("diff", id="diff"), Pane("what it means", id="judgement", wrap=True)

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.banner
        with Container(id="both"):
            yield self.diff
            yield self.judgement
        yield self.word
        yield self.footer()

    def on_mount(self) -> None:
        self.diff.focus()
        self._show()

        def job(post: Callable[[Planned], None], stop: threading.Event) -> None:
            plan_all(self.session, self.targets, post, stop)

        self.start(job, on_events=self._came, on_done=lambda _: None, on_failed=self._failed)

    def _came(self, events: list[Planned]) -> None:
        self.plans.update({event.target: event for event in events})
        self._show()

    def _failed(self, error: Exception) -> None:
        self.banner.say(sentence(error))

    @property
    def finished(self) -> bool:
        """Whether all that is asked is answered."""
        return all(target in self.plans and self.plans[target].last for target in self.targets)

    @property
    def ready(self) -> tuple[Prepared, ...]:
        """The plans that may be carried out after a yes."""
        plans = (self.plans[target].prepared for target in self.targets if target in self.plans)
        return tuple(p for p in plans if p is not None and p.verdict.decision in ("go", "ask"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "turn":
            return len(self.targets) > 1
        if action == "go_on" and not self.session.readonly:
            return bool(self.ready) if self.finished else None
        return super().check_action(action, parameters)

    def _show(self) -> None:
        target = self.targets[self.at]
        of = f" ({self.at + 1} of {len(self.targets)})" if len(self.targets) > 1 else ""
        state = "" if self.finished else "● asking the server"
        self.header.say(f"plan for {target.ref}{of}", state=state, look="$text-warning")
        planned = self.plans.get(target)
        prepared = planned.prepared if planned else None
        self.banner.say(planned.error if planned else "")
        if prepared is None:
            self.diff.show(["" if planned else "reading …"])
            self.judgement.show([])
            self.word.update("")
        else:
            more = list(_way_around(prepared))
            self.diff.show_diff(plan_diff(prepared), *(more or ["nothing would change"] * prepared.plan.is_empty))
            self.judgement.show(_meaning(prepared))
            self.word.update(contents(_word(prepared, last=bool(planned and planned.last))))
        self.refresh_bindings()

    def action_turn(self, by: int) -> None:
        self.at = (self.at + by) % len(self.targets)
        self.diff.scroll_home(animate=False)
        self._show()

    def action_go_on(self) -> None:
        ready = self.ready
        if not ready or not self.finished:
            return
        left_out = [target for target in self.targets if target not in {p.target for p in ready}]
        lines = [f"{p.target.ref} in {p.target.namespace}: {p.effect}" for p in ready]
        lines += [paint("warn", f"{target.ref} in {target.namespace}: left out, see its plan") for target in left_out]
        lines += [paint("warn", reason) for p in ready for reason in p.verdict.reasons]

        def answered(yes: bool | None) -> None:
            if yes:
                self.post_message(Execute(ready))

        self.app.push_screen(ConfirmScreen(question(ready), lines, yes="Patch"), answered)


def _way_around(prepared: Prepared) -> Iterator[str]:
    """For a refusal in place: the change that whoever owns the object has to make, unless it would do harm there too."""
    elsewhere = prepared.owner.kind != "nobody" or not prepared.target.kind.patchable
    if prepared.verdict.decision != "refuse" or not elsewhere:
        return
    policy = PolicyOptions(accept=prepared.options.policy.accept)  # whoever reads it is the person at the diff
    if for_source(prepared, policy).verdict.decision != "refuse":
        yield from ("", *source_change(prepared, paint))


def _meaning(prepared: Prepared) -> Iterator[str]:
    """The right pane: problems, risks, what is not known, what it costs and sets off, what stays."""
    plan = prepared.plan
    if plan.removals:
        yield paint("strong", "Removes")
        yield from (f" {line}" for line in words.removals(plan))
        yield ""
    yield paint("strong", "Risks")
    for risk in plan.risks:
        yield f" {paint(_SEVERITIES[risk.severity], risk.severity)} {words.risk(risk)}"
    if not plan.risks:
        yield " none that is judged"
    if plan.unknowns:
        yield ""
        yield paint("strong", "Not known")
        yield from (f" {unknown}" for unknown in plan.unknowns)
    if plan.skipped:
        yield ""
        yield paint("strong", "Stays")
        yield from (f" {skipped.finding.name}: {skipped.why}" for skipped in plan.skipped)
    if plan.relocations:
        yield ""
        yield paint("strong", "Effect")
        yield f" {prepared.effect}"
        yield f" {words.usage_change(plan)}"
        yield ""
        yield paint("strong", "Start order after")
        yield f" {words.steps(plan.timeline_after)[0]}"


def _dry_run(run: DryRunAnswer) -> str:
    style, said = _DRY_RUNS[run.outcome]
    return f"{run.what}: {paint(style, said)}" + (f", {run.text}" if run.text else "")


def _word(prepared: Prepared, *, last: bool) -> Iterator[str]:
    """The lines at the bottom: dry runs as they come, the server's warnings, the verdict."""
    runs = [*(_dry_run(run) for run in prepared.dry_runs), *([] if last else [paint("warn", "asking the server …")])]
    if runs:
        yield " · ".join(runs)
    if not last:
        return
    yield from (f"{paint('warn', 'warning')} {warning}" for warning in prepared.warnings)
    # the flags that it needs are said below, as a command that can be copied
    yield from verdict(replace(prepared, verdict=replace(prepared.verdict, needs=())), paint)
    if prepared.verdict.decision == "refuse" and prepared.verdict.needs:
        target = prepared.target
        yield f"  to go on all the same: kubectl sidecar migrate {target.ref} -n {target.namespace} {' '.join(prepared.verdict.needs)}"
