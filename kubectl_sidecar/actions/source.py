"""A plan that is made for the source instead of the live object. There nobody is in the way: what refuses a change in place
because of its owner or its kind is the very reason to change the source."""

from __future__ import annotations

from dataclasses import replace

from kubectl_sidecar.actions.migrate import Prepared
from kubectl_sidecar.core.planning.policy import PolicyOptions, decide

_IN_PLACE_ONLY = "immutable-kind"


def for_source(prepared: Prepared, policy: PolicyOptions) -> Prepared:
    """The same plan with the verdict that counts for its source. Every other blocker still refuses: a patch that makes a Pod
    hang does so wherever it is applied."""
    risks = tuple(risk for risk in prepared.plan.risks if risk.id != _IN_PLACE_ONLY)
    plan = replace(prepared.plan, risks=risks)
    return replace(prepared, plan=plan, verdict=decide(plan, prepared.owner, prepared.dry_runs, policy, in_place=False))
