"""What a plan is made of: rules, problems, risks, moves, verdict. Values only; planner.py makes plans, policy.py judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.edits import Edit
from kubectl_sidecar.core.pod.resources import Usage
from kubectl_sidecar.core.pod.timeline import Timeline
from kubectl_sidecar.core.problems import Problem
from kubectl_sidecar.core.workload import Container, Workload

Severity = Literal["blocker", "caution", "note"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A problem's or a risk's page: `kubectl sidecar explain ID` and docs/rules print it. `reference` is a KEP, a file of
    Kubernetes or a documentation page."""

    id: str
    kind: Literal["problem", "risk"]
    title: str
    what: str
    why: str
    see: str
    do: str
    reference: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What becomes of a problem by the migration: `removed`, or only `narrowed`, or it `stays`; `text` says why."""

    problem: Problem
    effect: Literal["removed", "narrowed", "stays"]
    text: str


@dataclass(frozen=True, slots=True)
class Risk:
    """What would go wrong because of the migration. `container` is empty where it is about the whole workload."""

    id: str
    severity: Severity
    container: str
    text: str
    remedy: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Relocation:
    """One container's way from spec.containers[source] to spec.initContainers[target] (indexes before and after the whole plan)."""

    finding: Finding
    container: Container
    source: int
    target: int
    reason: str
    probe: Mapping[str, Any] | None = None
    """A startupProbe that the plan adds, in Kubernetes' form."""
    offer: Mapping[str, Any] | None = None
    """A startupProbe that the plan would add if it was asked to."""
    probe_reason: str = ""
    """Where the probe comes from and on what it rests, or why there is none."""


@dataclass(frozen=True, slots=True)
class Change:
    """Edits with their reason; relative to the Pod template."""

    edits: tuple[Edit, ...]
    reason: str
    kind: Literal["move", "adjust", "keep"] = "move"
    """`adjust`: a change beside the moves themselves (a probe that is added, a hook that is removed); `keep`: what looks like
    one and is left as it is, with the reason and without edits."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A helper that the plan leaves where it is, and why."""

    finding: Finding
    why: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a plan is bound to: when any of it changes, the plan is void and a new diff has to be shown."""

    uid: str
    template: str
    """SHA-256 of the Pod template's canonical JSON."""
    surroundings: str
    """SHA-256 of owner, pause and strategy fields."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is proposed for one workload. Its changes are the only thing that ever changes the object or the file."""

    workload: Workload
    findings: tuple[Finding, ...]
    relocations: tuple[Relocation, ...]
    skipped: tuple[Skipped, ...]
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    removals: tuple[Removal, ...]
    risks: tuple[Risk, ...]
    unknowns: tuple[str, ...]
    """What could not be read or is not judged, each with its reason."""
    usage_before: Usage
    usage_after: Usage
    timeline_before: Timeline
    timeline_after: Timeline
    judged: Judged
    before: Mapping[str, Any] = field(repr=False, default_factory=dict)
    """The Pod template as read."""
    after: Mapping[str, Any] = field(repr=False, default_factory=dict)
    """The Pod template with all changes applied."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(edit for change in self.changes for edit in change.edits)

    @property
    def is_empty(self) -> bool:
        return not self.changes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What policy says. `reasons` are sentences; `accept` are the ids of blockers that `--accept` would let pass;
    `needs` the flags that would turn a refusal into a question."""

    decision: Literal["go", "ask", "refuse", "nothing"]
    reasons: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
