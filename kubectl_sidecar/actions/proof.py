"""The proof that a Pod keeps its native sidecar: one is created as a dry run, through all of the admission that Pods go through here.

Only the answer counts, since the field can be lost without a word (seen on a real API server with a webhook that does so)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubectl_sidecar.actions.doctor_checks import Check
from kubectl_sidecar.core import kinds
from kubectl_sidecar.core.facts import Unknown, Version
from kubectl_sidecar.core.plain import get, items, text
from kubectl_sidecar.core.readiness import PodWebhook, who_removes
from kubectl_sidecar.errors import ApiError, ClusterError, Forbidden, Unauthorized
from kubectl_sidecar.sources.cluster import Cluster, Object


def prove(
    cluster: Cluster, namespace: str, server: Version | Unknown, webhooks: tuple[PodWebhook, ...] | Unknown
) -> Check:
    """The dry run of a Pod with a native sidecar: does the field come back?"""
    try:
        answer = _dry_run(cluster, namespace, native=True)
    except Unauthorized:
        raise
    except ApiError as error:
        return _no_proof(cluster, namespace, error)
    helper = next((c for c in items(get(answer, "spec", "initContainers")) if c.get("name") == "helper"), {})
    if helper.get("restartPolicy") != "Always":
        who, remedy = who_removes(server, webhooks)
        said = f"{who} restartPolicy from the init containers of Pods: they would hang at start"
        return Check("pod-dry-run", "blocker", said, remedy)
    added = sorted(_names(answer) - {"app", "helper"})
    more = f"; webhooks add {', '.join(added)}" if added else ""
    return Check("pod-dry-run", "ok", f"a Pod with a native sidecar passes admission, and keeps the field{more}")


def _no_proof(cluster: Cluster, namespace: str, error: ApiError) -> Check:
    if isinstance(error, Forbidden) and "cannot create resource" in str(error):
        remedy = "Somebody who may create Pods can run kubectl sidecar doctor."
        return Check("pod-dry-run", "unknown", "you may not create Pods here, so admission could not be tried", remedy)
    if "does not support dry run" in str(error):
        return Check("pod-dry-run", "unknown", f"admission could not be tried: {error}")
    try:
        _dry_run(cluster, namespace, native=False)
    except ClusterError as plain:
        return Check("pod-dry-run", "unknown", f"a Pod without a sidecar is refused as well: {plain}")
    return Check("pod-dry-run", "blocker", f"a Pod with a native sidecar is refused, and one without is not: {error}")


def _names(pod: Mapping[str, Any]) -> set[str]:
    return {text(c, "name") for key in ("containers", "initContainers") for c in items(get(pod, "spec", key))}


def _dry_run(cluster: Cluster, namespace: str, *, native: bool) -> Object:
    return cluster.create(
        kinds.resolve("pod").resource, namespace, probe_pod(namespace, native=native), dry_run=True
    ).object


def probe_pod(namespace: str, *, native: bool) -> Object:
    """A Pod that asks for little and satisfies the Pod Security Standard `restricted`; the sidecar has neither probes nor hooks,
    since a Pod whose field is dropped is refused with them, and hangs unseen without."""
    container = {
        "image": "registry.k8s.io/pause:3.10",
        "resources": {key: {"cpu": "10m", "memory": "16Mi"} for key in ("requests", "limits")},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec: Object = {
        "containers": [{"name": "app", **container}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    if native:
        spec["initContainers"] = [{"name": "helper", "restartPolicy": "Always", **container}]
    metadata = {
        "generateName": "kubectl-sidecar-doctor-",
        "namespace": namespace,
        "labels": {"app.kubernetes.io/name": "kubectl-sidecar-doctor"},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
