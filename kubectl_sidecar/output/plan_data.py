"""Plans as plain data, for scripts and reviews: everything that `describe` says, as a contract (docs/plan-json.md, and a JSON Schema
that the tests hold every output against). Values of the environment are in it as little as in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kubectl_sidecar.actions.dryrun import patch_of
from kubectl_sidecar.actions.migrate import Prepared
from kubectl_sidecar.core.classification.findings import Finding, pasts_of
from kubectl_sidecar.core.classification.past import restarts_of
from kubectl_sidecar.core.edits import json_patch
from kubectl_sidecar.core.facts import Facts, Unknown, effective_version
from kubectl_sidecar.core.owners import what_happens_next
from kubectl_sidecar.core.plan import Plan, Relocation, Risk
from kubectl_sidecar.core.planning.advice import advice
from kubectl_sidecar.core.planning.startup import startup
from kubectl_sidecar.core.pod.resources import Usage
from kubectl_sidecar.core.pod.surroundings import impact
from kubectl_sidecar.core.pod.timeline import Step, Timeline
from kubectl_sidecar.core.problems import Problem
from kubectl_sidecar.core.rules import RULES
from kubectl_sidecar.output.listing import API_VERSION, finding_data
from kubectl_sidecar.output.plan import row_of
from kubectl_sidecar.output.resources import pods_of, quantities


def plans_data(prepared: Sequence[Prepared]) -> dict[str, Any]:
    """The plans of one call, in its order: {apiVersion, kind, items}."""
    return {"apiVersion": API_VERSION, "kind": "PlanList", "items": [plan_data(p) for p in prepared]}


def plan_data(prepared: Prepared) -> dict[str, Any]:
    """One plan."""
    plan, workload = prepared.plan, prepared.plan.workload
    row = row_of(prepared)
    return {
        "source": _source(prepared),
        "kind": workload.kind.name,
        "apiVersion": workload.api_version,
        "namespace": workload.namespace,
        "name": workload.name,
        "state": row.state,
        "replicas": workload.replicas,
        "versions": _versions(prepared),
        "owner": asdict(prepared.owner) | {"next": list(what_happens_next(prepared.owner, workload))},
        "containers": [_container(finding, prepared, finding_data(finding, row)) for finding in plan.findings],
        "problems": [_problem(problem, plan) for problem in plan.problems],
        "around": [asdict(each) for each in impact(workload, prepared.facts)[0]],
        "moves": [_move(r, plan) for r in plan.relocations],
        "stays": [{"container": s.finding.name, "why": s.why, "notes": list(advice(s.finding, None, workload.spec))} for s in plan.skipped],
        "changes": [
            {"kind": c.kind, "reason": c.reason, "operations": json_patch(c.edits, prefix=workload.kind.template)} for c in plan.changes
        ],
        "patch": patch_of(plan),
        "risks": [_risk(risk) for risk in plan.risks],
        "notKnown": list(plan.unknowns),
        "resources": _resources(prepared),
        "timeline": {"before": _timeline(plan.timeline_before), "after": _timeline(plan.timeline_after)},
        "startup": _startup(plan),
        "effect": {"text": prepared.effect, "pods": prepared.pods},
        "verdict": {
            "decision": prepared.verdict.decision,
            "reasons": list(prepared.verdict.reasons),
            "needs": list(prepared.verdict.needs),
        },
    }  # fmt: skip


def _source(prepared: Prepared) -> dict[str, Any]:
    if prepared.facts.from_files:
        data: dict[str, Any] = {"type": "files", "file": prepared.context, "document": prepared.document}
        return data | ({"item": prepared.item} if prepared.item is not None else {})
    return {"type": "cluster", "context": prepared.context, "namespace": prepared.target.namespace}


def _versions(prepared: Prepared) -> dict[str, Any]:
    facts = prepared.facts
    least, what = effective_version(facts, prepared.plan.workload.spec)
    known = not isinstance(least, Unknown)
    return {
        "server": None if isinstance(facts.server, Unknown) else str(facts.server),
        "nodes": _node_versions(facts),
        "least": str(least) if known else None,
        "of": what,
    }


def _node_versions(facts: Facts) -> list[str] | None:
    if isinstance(facts.nodes, Unknown):
        return None
    return [str(version) for version in sorted({n.version for n in facts.nodes if n.version})]


def _container(finding: Finding, prepared: Prepared, data: dict[str, Any]) -> dict[str, Any]:
    return data | {
        "override": finding.override,
        "wouldRaise": finding.would_raise,
        "restarted": restarts_of(finding.name, pasts_of(prepared.facts)),
    }


def _problem(problem: Problem, plan: Plan) -> dict[str, Any]:
    removal = next((r for r in plan.removals if r.problem == problem), None)
    return {
        "id": problem.id,
        "container": problem.container,
        "text": problem.text,
        "seen": list(problem.seen),
        "migration": {"effect": removal.effect, "text": removal.text} if removal else None,
        "reference": _reference(problem.id),
    }


def _move(r: Relocation, plan: Plan) -> dict[str, Any]:
    gate = "own" if r.container.startup_probe else "added" if r.probe else "offered" if r.offer else "none"
    probe = r.probe or r.offer
    return {
        "container": r.finding.name,
        "from": r.source,
        "to": r.target,
        "placement": r.reason,
        "startGate": {"kind": gate, "startupProbe": dict(probe) if probe else None, "text": r.probe_reason},
        "notes": list(advice(r.finding, r.container, plan.workload.spec, said=r.reason)),
    }


def _risk(risk: Risk) -> dict[str, Any]:
    return asdict(risk) | {"reference": _reference(risk.id)}


def _reference(id: str) -> str:
    rule = RULES.get(id)
    return rule.reference if rule else ""


def _resources(prepared: Prepared) -> dict[str, Any]:
    before, after = prepared.plan.usage_before, prepared.plan.usage_after
    pods = pods_of(prepared)
    all_pods = None if pods is None else {"before": _amounts(before, pods), "after": _amounts(after, pods)}
    return {
        "perPod": {"before": _amounts(before, 1), "after": _amounts(after, 1)},
        "pods": pods,
        "allPods": all_pods,
        "qos": {"before": before.qos, "after": after.qos},
    }


def _amounts(usage: Usage, pods: int) -> dict[str, Any]:
    return {"requests": quantities(usage.requests, pods), "limits": quantities(usage.limits, pods)}


def _timeline(timeline: Timeline) -> dict[str, Any]:
    def steps(found: tuple[Step, ...]) -> list[dict[str, Any]]:
        return [{"containers": list(step.containers), "gate": step.gate} for step in found]

    return {"start": steps(timeline.start), "stop": steps(timeline.stop), "notes": list(timeline.notes)}


def _startup(plan: Plan) -> dict[str, Any]:
    begin = startup(plan)
    return {"serial": list(begin.serial), "apps": list(begin.apps), "imagesBeforeApp": list(begin.images)}
