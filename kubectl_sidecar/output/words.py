"""The words that commands and TUI share: one fact, one wording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from kubectl_sidecar.actions.inspect import Inventory, Row
from kubectl_sidecar.core.classification.findings import Evidence, Finding, State
from kubectl_sidecar.core.classification.injection import advice
from kubectl_sidecar.core.pod.resources import Usage
from kubectl_sidecar.core.quantities import format_quantity
from kubectl_sidecar.output.style import Style

if TYPE_CHECKING:  # a list has no plan, and starts sooner without what plans are made of
    from kubectl_sidecar.core.plan import Plan, Risk
    from kubectl_sidecar.core.pod.timeline import Step, Timeline

SIGNS: Mapping[State, str] = {
    "classic": "!", "mixed": "!", "native": " ", "injected": "~", "unsure": "?", "none": " ", "broken": "x",
}  # fmt: skip
STATE_STYLES: Mapping[State, Style] = {
    "classic": "bad", "mixed": "bad", "native": "good", "injected": "warn", "unsure": "warn", "none": "quiet", "broken": "bad",
}  # fmt: skip


def sidecars(findings: tuple[Finding, ...]) -> str:
    """The helpers of a workload: `log-shipper (fluent-bit)`, `cache?` where nobody can be sure."""
    shown = [
        f
        for f in findings
        if f.role in ("sidecar", "native-sidecar") or (f.role == "unknown" and f.list == "containers")
    ]
    return ", ".join(_helper(f) for f in shown) or "-"


def _helper(finding: Finding) -> str:
    doubt = "?" if finding.role == "unknown" or (finding.role == "sidecar" and finding.confidence == "possible") else ""
    family = f" ({finding.family})" if finding.family else ""
    return f"{finding.name}{doubt}{family}"


def problem_ids(row: Row) -> str:
    """The ids of what is wrong today, each once; the fault of a row that could not be read."""
    if row.fault:
        return row.fault
    return ",".join(dict.fromkeys(problem.id for problem in row.problems)) or "-"


def summary(inventory: Inventory) -> str:
    """One line that counts: `3 of 5 workloads have sidecars without ordering guarantees`."""
    rows = inventory.rows
    risky = sum(1 for row in rows if row.at_risk)
    noun = "workload has" if len(rows) == 1 else "workloads have"
    return f"{risky} of {len(rows)} {noun} sidecars without ordering guarantees"


def role(finding: Finding) -> str:
    """A container's role with its confidence where that is not by its place alone."""
    by_place = finding.role in ("init", "native-sidecar")
    return finding.role if by_place else f"{finding.role:<9} {finding.confidence}"


def evidence(item: Evidence) -> str:
    """A fact with the field that it was read from."""
    return f"{item.text} [{item.path}]" if item.path else item.text


def brief(finding: Finding) -> str:
    """The evidence in one line; of an injected container what to do about it."""
    facts = "; ".join(item.text for item in finding.evidence[:3])
    named = any(item.text.startswith(f"{finding.family}:") for item in finding.evidence[:3])
    prefix = f"{finding.family}: " if finding.family and not named else ""
    if finding.injected and finding.recipe and finding.recipe.injector:
        return f"{prefix}{advice(finding.recipe.injector)}"
    return f"{prefix}{facts}" or "nothing speaks for any role"


def steps(timeline: Timeline) -> tuple[str, str]:
    """Start and stop order as one line each: `log-shipper ─(running)▶ app`."""
    return _line(timeline.start), _line(timeline.stop)


def _line(order: tuple[Step, ...]) -> str:
    text = ""
    for step in order:
        group = " + ".join(step.containers)
        text += f"{group} ─({step.gate})▶ " if step.gate and step is not order[-1] else group
    if len(order) == 1 and len(order[0].containers) > 1:
        text += "  (no order)"
    return text


def usage_change(plan: Plan) -> str:
    """Effective requests and QoS, before → after, per Pod."""
    before, after = plan.usage_before, plan.usage_after
    names = sorted({*before.requests, *after.requests})
    parts = [f"{name} {_amount(before, name)} → {_amount(after, name)}" for name in names] or ["no requests"]
    return f"per Pod: {', '.join(parts)}; QoS {before.qos} → {after.qos}"


def _amount(usage: Usage, name: str) -> str:
    return format_quantity(name, usage.requests.get(name, 0.0))


def risk(item: Risk) -> str:
    """A risk as one line: id, whom it is about, what, and what to do."""
    who = f" {item.container}:" if item.container else ""
    remedy = f". {item.remedy}" if item.remedy else ""
    return f"{item.id}{who} {item.text}{remedy}"


def removals(plan: Plan) -> Iterator[str]:
    """What becomes of each problem, in plain words."""
    for removal in plan.removals:
        yield f"{removal.effect:<8} {removal.problem.id}: {removal.text}"
