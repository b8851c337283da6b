"""The two dry runs before a write: the object, and a Pod built as its controller would build it.

Pod webhooks, quota and Pod Security act on Pods only, and an old webhook can silently strip `restartPolicy` from them, which a
dry run of the workload does not show (seen on a real API server). A Pod that would be refused today as well does not count
against the migration; a dry run that cannot be made is a fact that is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubectl_sidecar.actions.gather import admission_of
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.facts import GENERALLY_AVAILABLE, Unknown
from kubectl_sidecar.core.kinds import Kind, Path, resolve
from kubectl_sidecar.core.plan import Plan
from kubectl_sidecar.core.planning.policy import DryRunAnswer
from kubectl_sidecar.core.readiness import who_removes
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.errors import ApiError, ClusterError, Forbidden, Invalid
from kubectl_sidecar.sources.cluster import Cluster, Object

OBJECT, POD = "server dry run", "Pod dry run"


def patch_of(plan: Plan, *, resource_version: str = "") -> list[dict[str, Any]]:
    """The plan as a JSON Patch that applies only to the object at that version; any version where none is given."""
    tests: dict[Path, str] = {("spec", "containers", r.source, "name"): r.finding.name for r in plan.relocations}
    prefix = plan.workload.kind.template
    return edits.guarded_patch(plan.edits, prefix=prefix, resource_version=resource_version, tests=tests)


def dry_run_object(cluster: Cluster, plan: Plan, *, field_manager: str) -> tuple[DryRunAnswer, tuple[str, ...]]:
    """What the server would say to the patch, and its warnings."""
    workload = plan.workload
    try:
        written = cluster.patch(
            workload.kind.resource,
            workload.namespace,
            workload.name,
            patch_of(plan),
            dry_run=True,
            field_manager=field_manager,
        )
    except ApiError as error:
        return DryRunAnswer(OBJECT, "refused", str(error)), ()
    except ClusterError as error:
        return DryRunAnswer(OBJECT, "unknown", str(error)), ()
    lost = dropped(plan, edits.find(written.object, workload.kind.template))
    if lost:
        server, _ = admission_of(cluster, workload.namespace)
        keeps = not isinstance(server, Unknown) and server >= GENERALLY_AVAILABLE
        admission = f"its admission (a webhook or a policy for {workload.kind.resource.plural}) takes the field away"
        why = admission if keeps else "it does not know native sidecars"
        return DryRunAnswer(OBJECT, "refused", f"the server drops restartPolicy of {lost}: {why}"), ()
    return DryRunAnswer(OBJECT, "accepted"), written.warnings


def dry_run_pod(cluster: Cluster, plan: Plan, obj: Mapping[str, Any], *, field_manager: str) -> DryRunAnswer:
    """What admission would say to a Pod of the new template."""
    workload = plan.workload
    try:
        answer = _create(cluster, workload, obj, plan.after, field_manager)
    except ApiError as error:
        return _refusal(error, _old_refusal(cluster, workload, obj, plan.before, field_manager))
    except ClusterError as error:
        return DryRunAnswer(POD, "unknown", str(error))
    lost = dropped(plan, answer)
    if lost:
        who, _ = who_removes(*admission_of(cluster, workload.namespace))
        return DryRunAnswer(POD, "refused", f"{who} restartPolicy of {lost} from Pods: they would hang at start")
    added = sorted(_names(answer) - _names(plan.after))
    return DryRunAnswer(POD, "accepted", f"webhooks add {', '.join(added)}" if added else "nothing changed by webhooks")


def dropped(plan: Plan, template: Any) -> str:
    """The moved containers that are not native sidecars in a template (or Pod) that came back; empty when all are."""
    entries = edits.find(template, ("spec", "initContainers")) or ()
    native = {entry.get("name") for entry in entries if entry.get("restartPolicy") == "Always"}
    return ", ".join(r.finding.name for r in plan.relocations if r.finding.name not in native)


def pod_of(workload: Workload, obj: Mapping[str, Any], template: Mapping[str, Any]) -> Object:
    """A Pod as the workload's controller would make it from the template."""
    metadata = template.get("metadata") or {}
    kind = _maker(workload.kind)
    spec = dict(template.get("spec") or {})
    claims = [
        {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{workload.name}-0"}}
        for name in workload.claim_templates
    ]
    if claims:
        names = {claim["name"] for claim in claims}
        spec["volumes"] = [v for v in spec.get("volumes") or () if v.get("name") not in names] + claims
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{workload.name}-",
            "namespace": workload.namespace,
            "labels": dict(metadata.get("labels") or {}),
            "annotations": dict(metadata.get("annotations") or {}),
            "ownerReferences": [
                {
                    "apiVersion": kind.resource.api_version,
                    "kind": kind.name,
                    "name": workload.name,
                    "uid": edits.find(obj, ("metadata", "uid")) or "",
                    "controller": True,
                }
            ],
        },
        "spec": spec,
    }


def _maker(kind: Kind) -> Kind:
    """The kind that makes the Pods of this one."""
    return resolve({"Deployment": "replicaset", "CronJob": "job"}.get(kind.name, kind.name))


def _create(
    cluster: Cluster, workload: Workload, obj: Mapping[str, Any], template: Mapping[str, Any], manager: str
) -> Object:
    pod = pod_of(workload, obj, template)
    return cluster.create(resolve("pod").resource, workload.namespace, pod, dry_run=True, field_manager=manager).object


def _old_refusal(
    cluster: Cluster, workload: Workload, obj: Mapping[str, Any], template: Mapping[str, Any], manager: str
) -> str:
    """What is said to a Pod of the template as it is; empty when it is accepted."""
    try:
        _create(cluster, workload, obj, template, manager)
    except ClusterError as error:
        return str(error)
    return ""


def _refusal(error: ApiError, old: str) -> DryRunAnswer:
    if isinstance(error, Forbidden) and "cannot create resource" in str(error):
        return DryRunAnswer(POD, "unknown", "no right to create Pods, so admission could not be tried")
    if isinstance(error, Invalid) and "does not support dry run" in str(error):
        return DryRunAnswer(POD, "unknown", str(error))
    if old:
        return DryRunAnswer(POD, "unknown", f"a Pod of today's template is refused as well: {old}")
    return DryRunAnswer(POD, "refused", str(error))


def _names(pod: Mapping[str, Any]) -> set[str]:
    lists = ("containers", "initContainers")
    return {entry.get("name", "") for key in lists for entry in edits.find(pod, ("spec", key)) or ()}
