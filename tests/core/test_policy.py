"""Policy's table: what goes, what is asked, what is refused. docs/policy.md shows the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubectl_sidecar.core.classification.findings import Confidence, Finding
from kubectl_sidecar.core.edits import Move
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.owners import Owner, OwnerKind
from kubectl_sidecar.core.plan import Change, Judged, Plan, Relocation, Risk, Skipped
from kubectl_sidecar.core.planning.policy import NEVER_ACCEPTED, DryRunAnswer, PolicyOptions, decide
from kubectl_sidecar.core.pod.resources import Usage
from kubectl_sidecar.core.pod.timeline import Timeline
from kubectl_sidecar.core.workload import Container, Metadata, PodTemplate, Workload

NOBODY = Owner("nobody")
NOTHING = Usage({}, {}, "BestEffort")
EMPTY = Timeline((), ())


def a_plan(confidence: Confidence = "certain", *risks: Risk) -> Plan:
    finding = Finding("logs", "containers", 1, "sidecar", confidence)
    move = Move(("spec", "containers", 1), ("spec", "initContainers", 0))
    workload = Workload(resolve("deploy"), "apps/v1", Metadata(name="shop", namespace="n"), PodTemplate())
    return Plan(
        workload=workload,
        findings=(finding,),
        relocations=(Relocation(finding, Container(name="logs"), 1, 0, "last"),),
        skipped=(),
        changes=(Change((move,), "logs: last"),),
        problems=(),
        removals=(),
        risks=risks,
        unknowns=(),
        usage_before=NOTHING,
        usage_after=NOTHING,
        timeline_before=EMPTY,
        timeline_after=EMPTY,
        judged=Judged("u", "t", "s"),
    )


def risk(id: str, severity: str = "blocker") -> Risk:
    return Risk(id, severity, "logs", "text")  # type: ignore[arg-type]


YES = PolicyOptions(assume_yes=True)
ASK = PolicyOptions()
PIPE = PolicyOptions(interactive=False)

TABLE: dict[str, tuple[Plan, Owner, PolicyOptions, str, tuple[str, ...]]] = {
    "certain, a person is there": (a_plan(), NOBODY, ASK, "ask", ()),
    "certain, -y": (a_plan(), NOBODY, YES, "go", ()),
    "certain, no terminal, no -y": (a_plan(), NOBODY, PIPE, "refuse", ("-y",)),
    "likely, a person is there": (a_plan("likely"), NOBODY, ASK, "ask", ()),
    "likely, -y": (a_plan("likely"), NOBODY, YES, "refuse", ("--container logs=sidecar",)),
    "a blocker": (a_plan("certain", risk("probe-needs-app")), NOBODY, ASK, "refuse", ("--accept probe-needs-app",)),
    "a blocker that was accepted": (
        a_plan("certain", risk("probe-needs-app")),
        NOBODY,
        replace(ASK, accept=frozenset({"probe-needs-app"})),
        "ask",
        (),
    ),
    "another blocker than the accepted one": (
        a_plan("certain", risk("probe-needs-app"), risk("one-shot")),
        NOBODY,
        replace(ASK, accept=frozenset({"one-shot"})),
        "refuse",
        ("--accept probe-needs-app",),
    ),
    "two blockers": (
        a_plan("certain", risk("probe-needs-app"), risk("one-shot")),
        NOBODY,
        ASK,
        "refuse",
        ("--accept probe-needs-app", "--accept one-shot"),
    ),
    "a blocker beside one that no flag lets pass": (
        a_plan("certain", risk("probe-needs-app"), risk("server-too-old")),
        Owner("helm"),
        ASK,
        "refuse",
        (),
    ),
    "a caution and a note": (a_plan("certain", risk("x", "caution"), risk("y", "note")), NOBODY, YES, "go", ()),
    "kubectl apply owns it, a person is there": (a_plan(), Owner("kubectl-apply"), ASK, "ask", ()),
    "kubectl apply owns it, -y": (a_plan(), Owner("kubectl-apply"), YES, "refuse", ("--allow-owned",)),
    "kubectl apply owns it, -y and allowed": (
        a_plan(),
        Owner("kubectl-apply"),
        replace(YES, allow_owned=True),
        "go",
        (),
    ),
}


@pytest.mark.parametrize(("plan", "owner", "options", "decision", "needs"), TABLE.values(), ids=TABLE)
def test_the_table(plan: Plan, owner: Owner, options: PolicyOptions, decision: str, needs: tuple[str, ...]) -> None:
    verdict = decide(plan, owner, (), options)
    assert (verdict.decision, verdict.needs) == (decision, needs)
    assert verdict.reasons or decision in ("go", "ask")


OWNERS: tuple[OwnerKind, ...] = ("helm", "argocd", "flux", "operator", "controller", "terraform")


@pytest.mark.parametrize("kind", OWNERS)
def test_what_somebody_else_writes_is_refused_in_place_and_not_in_a_file(kind: OwnerKind) -> None:
    owner = Owner(kind, "shop", "an annotation")
    assert decide(a_plan(), owner, (), ASK).needs == ("--allow-owned",)
    assert decide(a_plan(), owner, (), replace(ASK, allow_owned=True)).decision == "ask"
    assert decide(a_plan(), owner, (), ASK, in_place=False).decision == "ask"


@pytest.mark.parametrize("id", sorted(NEVER_ACCEPTED))
def test_some_blockers_no_flag_lets_pass(id: str) -> None:
    verdict = decide(a_plan("certain", risk(id)), NOBODY, (), replace(ASK, accept=frozenset({id})))
    assert (verdict.decision, verdict.needs) == ("refuse", ())


@pytest.mark.parametrize(("outcome", "decision"), [("accepted", "go"), ("unknown", "go"), ("refused", "refuse")])
def test_a_refused_dry_run_stops(outcome: str, decision: str) -> None:
    assert decide(a_plan(), NOBODY, (DryRunAnswer("Pod dry run", outcome, "quota"),), YES).decision == decision


def test_a_plan_without_changes_is_nothing_to_do_and_says_why() -> None:
    skipped = Skipped(
        Finding("proxy", "containers", 1, "sidecar", "certain", injected=True), "its injector has to change it"
    )
    plan = replace(a_plan(), changes=(), relocations=(), skipped=(skipped,))
    verdict = decide(plan, NOBODY, (), YES)
    assert verdict.decision == "nothing"
    assert verdict.reasons == ("proxy stays: its injector has to change it",)
