"""A plan as a change for the source: the strategic merge patch that kustomize takes, for objects that somebody else owns.

Source of the directives: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md"""

from __future__ import annotations

from typing import Any

from kubectl_sidecar.core import edits
from kubectl_sidecar.core.plan import Plan


def strategic_patch(plan: Plan) -> dict[str, Any]:
    """`containers` entries are deleted by name, and `initContainers` carries the moved ones in full. Apply it with kustomize
    (`patches:`) or as a Helm post-renderer; the source's own order of other init containers is kept before them."""
    workload = plan.workload
    moved = [r.finding.name for r in plan.relocations]
    entries = [e for e in edits.find(plan.after, ("spec", "initContainers")) or () if e.get("name") in moved]
    body: Any = {
        "spec": {
            "initContainers": entries,
            "containers": [{"name": name, "$patch": "delete"} for name in moved],
        }
    }
    for key in reversed(workload.kind.template):
        body = {key: body}
    metadata = {"name": workload.name} | ({"namespace": workload.namespace} if workload.namespace else {})
    return {"apiVersion": workload.api_version, "kind": workload.kind.name, "metadata": metadata, **body}
