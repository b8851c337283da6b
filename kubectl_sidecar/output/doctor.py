"""What `doctor` found, for people and as data (docs/doctor.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_sidecar.actions.doctor import Report
from kubectl_sidecar.actions.doctor_checks import Right, Status
from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.readiness import NodeGroup
from kubectl_sidecar.output.listing import API_VERSION
from kubectl_sidecar.output.style import Paint, Style

_STYLES: Mapping[Status, Style] = {"ok": "good", "warning": "warn", "blocker": "bad", "unknown": "warn"}
_WORDS: Mapping[Status, str] = {"ok": "ok", "warning": "warning", "blocker": "blocker", "unknown": "not known"}
_VERDICTS: Mapping[Status, str] = {
    "ok": "ready",
    "warning": "ready; look at the warnings",
    "unknown": "nothing that was seen blocks, but not everything could be seen",
    "blocker": "not ready",
}


def doctor_lines(report: Report, paint: Paint) -> Iterator[str]:
    """The report as a person reads it."""
    yield paint("strong", f"Native sidecars in context {report.context}, namespace {report.namespace}")
    for check in report.checks:
        yield f"  {paint(_STYLES[check.status], f'{_WORDS[check.status]:<9}')} {check.text}"
        if check.remedy:
            yield f"  {'':<9} → {check.remedy}"
    yield ""
    yield paint("strong", "Workloads")
    first = report.first
    yield f"  {first.classic} of {first.workloads} have sidecars without ordering guarantees"
    if first.prepared:
        target = first.prepared.target
        yield f"  begin with: kubectl sidecar migrate {target.ref} -n {target.namespace}"
    yield f"  {first.text}"
    yield ""
    yield f"{paint('strong', 'Verdict')}  {paint(_STYLES[report.status], _VERDICTS[report.status])}"


def doctor_data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    first, webhooks = report.first, report.webhooks
    target = first.prepared.target if first.prepared else None
    return {
        "apiVersion": API_VERSION,
        "kind": "ClusterReport",
        "context": report.context,
        "namespace": report.namespace,
        "status": report.status,
        "server": None if isinstance(report.server, Unknown) else str(report.server),
        "nodes": None if isinstance(report.nodes, Unknown) else [_group(group) for group in report.nodes],
        "podWebhooks": None
        if isinstance(webhooks, Unknown)
        else [{"configuration": w.configuration, "name": w.name, "sideEffects": w.side_effects} for w in webhooks],
        "checks": [{"id": c.id, "status": c.status, "text": c.text, "remedy": c.remedy} for c in report.checks],
        "rights": [_right(right) for right in report.rights],
        "workloads": {"total": first.workloads, "atRisk": first.classic},
        "first": {
            "kind": target.kind.name if target else None,
            "namespace": target.namespace if target else None,
            "name": target.name if target else None,
            "pods": first.prepared.pods if first.prepared else None,
            "text": first.text,
        },
    }


def _group(group: NodeGroup) -> dict[str, Any]:
    return {
        "taints": list(group.taints),
        "count": group.count,
        "least": str(group.least) if group.least else None,
        "greatest": str(group.greatest) if group.greatest else None,
        "oldest": list(group.oldest),
    }


def _right(right: Right) -> dict[str, Any]:
    return {
        "verb": right.verb,
        "group": right.resource.group,
        "resource": right.resource.plural,
        "for": right.for_what,
        "allowed": right.allowed,
    }
