"""An inventory as table, names or data. The data is a contract (docs/list-json.md, and a JSON Schema that tests check)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from kubectl_sidecar.actions.inspect import Inventory, Row
from kubectl_sidecar.core.classification.findings import Evidence, Finding
from kubectl_sidecar.output.style import Paint, plain
from kubectl_sidecar.output.table import table
from kubectl_sidecar.output.words import STATE_STYLES, problem_ids, sidecars

API_VERSION = "kubectl-sidecar/v1"

Action = Literal["move", "flip-injector", "edit-owner", "leave", "ask"]


def list_table(
    inventory: Inventory, *, wide: bool, all_namespaces: bool, no_header: bool, paint: Paint
) -> Iterator[str]:
    """The table of `list`; `wide` adds the containers and where the row was read."""
    header = ["KIND", "NAME", "STATE", "SIDECARS", "PROBLEMS", "OWNER"]
    if all_namespaces:
        header.insert(0, "NAMESPACE")
    if wide:
        header += ["CONTAINERS", "SOURCE"]
    rows = [_cells(row, wide=wide, all_namespaces=all_namespaces) for row in inventory.rows]
    state = header.index("STATE")

    def style(number: int, column: int, text: str) -> str:
        return paint(STATE_STYLES[inventory.rows[number].state], text) if column == state else text

    return table(header, rows, no_header=no_header, style=None if paint is plain else style)


def _cells(row: Row, *, wide: bool, all_namespaces: bool) -> list[str]:
    cells = [row.kind.name, row.name, row.state, sidecars(row.findings), problem_ids(row), row.owner.label]
    if all_namespaces:
        cells.insert(0, row.namespace)
    if wide:
        cells.append(",".join(f"{f.name}={f.role}" for f in row.findings) or "-")
        source = row.source
        cells.append(f"{source.file}#{source.document}" if source.file else source.context)
    return cells


def names(inventory: Inventory) -> Iterator[str]:
    """`deployment.apps/checkout`: what every command accepts."""
    return (f"{row.kind.resource.qualified}/{row.name}" for row in inventory.rows)


def list_data(inventory: Inventory) -> dict[str, Any]:
    """The inventory as plain data: {apiVersion, kind, items, incomplete}."""
    return {
        "apiVersion": API_VERSION,
        "kind": "WorkloadList",
        "items": [row_data(row) for row in inventory.rows],
        "incomplete": [{"what": gap.what, "error": str(gap.error)} for gap in inventory.gaps],
    }


def row_data(row: Row) -> dict[str, Any]:
    """One workload of the list's data."""
    return {
        "source": _source(row),
        "kind": row.kind.name,
        "apiVersion": row.api_version,
        "namespace": row.namespace,
        "name": row.name,
        "state": row.state,
        "owner": {"kind": row.owner.kind, "name": row.owner.name, "evidence": row.owner.evidence},
        "containers": [finding_data(finding, row) for finding in row.findings],
        "fault": row.fault,
    }


def _source(row: Row) -> dict[str, Any]:
    if row.source.file:
        data: dict[str, Any] = {"type": "files", "file": row.source.file, "document": row.source.document}
        return data | ({"item": row.source.item} if row.source.item is not None else {})
    return {"type": "cluster", "context": row.source.context, "namespace": row.namespace}


def finding_data(finding: Finding, row: Row) -> dict[str, Any]:
    """One container of the list's data. `confidence` speaks of its role."""
    return {
        "name": finding.name,
        "list": finding.list,
        "role": finding.role,
        "confidence": finding.confidence,
        "family": finding.family or None,
        "injected": finding.injected,
        "evidence": [_evidence(item, against=False) for item in finding.evidence]
        + [_evidence(item, against=True) for item in finding.against],
        "problems": [problem.id for problem in row.problems if problem.container == finding.name],
        "action": action(finding, row),
    }


def _evidence(item: Evidence, *, against: bool) -> dict[str, Any]:
    return {"rule": item.rule, "text": item.text, "weight": item.weight, "path": item.path, "against": against}


def action(finding: Finding, row: Row) -> Action:
    """What is proposed for a container."""
    if (
        finding.list != "containers"
        or finding.role not in ("sidecar", "unknown")
        or finding.override in ("leave", "main")
        or row.state == "broken"
    ):
        return "leave"
    if finding.injected:
        return "flip-injector"
    if finding.recipe and finding.recipe.movable == "never" and finding.override is None:
        return "leave"
    operated = finding.recipe is not None and finding.recipe.movable == "operator" and finding.override is None
    if operated or row.owner.kind in ("helm", "argocd", "flux", "operator", "controller", "terraform"):
        return "edit-owner"
    if finding.role == "unknown" or finding.confidence == "possible":
        return "ask"
    return "move" if row.kind.patchable else "edit-owner"
