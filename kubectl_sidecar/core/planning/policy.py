"""The only place that decides: may this plan be carried out, must a person be asked, or is it refused?

Its table is its test (tests/core/test_policy.py) and its page in the docs (docs/policy.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_sidecar.core.owners import Owner
from kubectl_sidecar.core.plan import Plan, Verdict

NEVER_ACCEPTED = frozenset(
    {"immutable-kind", "no-main-left", "injected", "server-too-old", "already-in-init-containers"}
)
"""Blockers that no flag lets pass: the API server would refuse, or the Pod could not work at all."""

_OWNED = frozenset({"helm", "argocd", "flux", "operator", "controller", "terraform"})


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """`assume_yes` is -y; `interactive` whether somebody can answer a question."""

    assume_yes: bool = False
    interactive: bool = True
    accept: frozenset[str] = frozenset()
    allow_owned: bool = False


@dataclass(frozen=True, slots=True)
class DryRunAnswer:
    """What one dry run said: `refused` stops, `unknown` (no right, a webhook with side effects) is a caution."""

    what: str
    outcome: str
    text: str = ""


def decide(
    plan: Plan, owner: Owner, dry_runs: tuple[DryRunAnswer, ...], options: PolicyOptions, *, in_place: bool = True
) -> Verdict:
    """The verdict on a plan. `in_place` is false for files, where marks of Helm or GitOps are no reason to refuse. A refusal names
    the flags that would let it pass, all of them; none where one of its reasons no flag lets pass."""
    if plan.is_empty:
        return Verdict("nothing", tuple(_nothing(plan)))
    refusals = [*_blockers(plan, options), *(_ownership(owner, options) if in_place else ()), *_refused_runs(dry_runs)]
    if refusals:
        needs = dict.fromkeys(need for _, need in refusals)
        return Verdict("refuse", tuple(text for text, _ in refusals), () if "" in needs else tuple(needs))
    unsure = [r.finding for r in plan.relocations if r.finding.confidence != "certain"]
    if options.assume_yes:
        if unsure:
            names = ", ".join(f.name for f in unsure)
            return Verdict("refuse", (f"-y moves only what is certainly a sidecar; {names} is not",),
                           tuple(f"--container {f.name}=sidecar" for f in unsure))  # fmt: skip
        return Verdict("go")
    if not options.interactive:
        return Verdict("refuse", ("there is no terminal to ask on",), ("-y",))
    return Verdict("ask", tuple(f"{f.name} is {f.confidence} a sidecar: look at the diff" for f in unsure))


def _nothing(plan: Plan) -> Iterator[str]:
    for skipped in plan.skipped:
        yield f"{skipped.finding.name} stays: {skipped.why}"
    if not plan.skipped:
        yield "no classic sidecar was found"


def _blockers(plan: Plan, options: PolicyOptions) -> Iterator[tuple[str, str]]:
    for risk in plan.risks:
        if risk.severity == "blocker" and (risk.id in NEVER_ACCEPTED or risk.id not in options.accept):
            yield f"{risk.id}: {risk.text}", "" if risk.id in NEVER_ACCEPTED else f"--accept {risk.id}"


def _ownership(owner: Owner, options: PolicyOptions) -> Iterator[tuple[str, str]]:
    if options.allow_owned:
        return
    if owner.kind in _OWNED:
        yield (
            f"{owner.label} owns it ({owner.evidence}) and would undo the change, or fail on it, at its next run",
            "--allow-owned",
        )
    elif owner.kind == "kubectl-apply" and options.assume_yes:
        yield (
            f"it is kept by kubectl apply ({owner.evidence}): applying the old manifest again would fail or undo the change",
            "--allow-owned",
        )


def _refused_runs(dry_runs: tuple[DryRunAnswer, ...]) -> Iterator[tuple[str, str]]:
    for run in dry_runs:
        if run.outcome == "refused":
            yield f"{run.what}: {run.text}", ""
