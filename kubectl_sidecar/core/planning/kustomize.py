"""A plan as a change for the source: the strategic merge patch that kustomize takes, for objects that somebody else owns.

Source of the directives: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md"""

from __future__ import annotations

from typing import Any

from kubectl_sidecar.core import edits
from kubectl_sidecar.core.plan import Plan


def strategic_patch(plan: Plan) -> dict[str, Any]:
    """`containers` entries are deleted by name; `initContainers` carries the moved ones in full, and the others by name alone.
    kustomize puts a patch's new elements before the source's, whatever the directives say (`$setElementOrder` is copied into the
    result); but where the patch names all elements, its order is the result's."""
    workload = plan.workload
    moved = {r.finding.name for r in plan.relocations}
    after = edits.find(plan.after, ("spec", "initContainers")) or ()
    body: Any = {
        "spec": {
            "initContainers": [e if e.get("name") in moved else {"name": e.get("name")} for e in after],
            "containers": [{"name": r.finding.name, "$patch": "delete"} for r in plan.relocations],
        }
    }
    for key in reversed(workload.kind.template):
        body = {key: body}
    metadata = {"name": workload.name} | ({"namespace": workload.namespace} if workload.namespace else {})
    return {"apiVersion": workload.api_version, "kind": workload.kind.name, "metadata": metadata, **body}
