"""What every controller of the simulation works with: the cluster's second door, the time, and the Pods of an owner."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from kubectl_sidecar.core.kinds import Resource
from kubectl_sidecar.errors import ApiError
from kubectl_sidecar.sources.memory import PODS, MemoryCluster

Object = dict[str, Any]
MANAGER = "kube-controller-manager"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"  # what Kubernetes makes hashes of: no vowels, so no words


@dataclass(frozen=True, slots=True)
class Desk:
    """One controller's view at one moment. `stamp` is RFC 3339 in UTC."""

    cluster: MemoryCluster
    now: datetime

    @property
    def stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def pods_of(self, owner: Mapping[str, Any]) -> list[Object]:
        """The Pods that an object controls, those that are done and those being deleted too."""
        return owned(self.cluster.objects(PODS), owner)

    def set_status(self, resource: Resource, obj: Mapping[str, Any], status: Mapping[str, Any]) -> None:
        """Writes a status if it differs from the one that the object has."""
        if obj.get("status") != status:
            self.edit(resource, obj, lambda found: found.update(status=dict(status)), status=True)

    def edit(
        self, resource: Resource, obj: Mapping[str, Any], change: Callable[[Object], None], *, status: bool = False
    ) -> Object:
        metadata = obj["metadata"]
        return self.cluster.edit(resource, metadata.get("namespace"), metadata["name"], change, status=status)

    def make_pod(
        self,
        owner: Mapping[str, Any],
        template: Mapping[str, Any],
        *,
        name: str = "",
        node: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """Creates a Pod from a template; says why the API server refused it, or nothing."""
        metadata = dict(template.get("metadata") or {})
        own = owner["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), **(labels or {})}
        metadata["ownerReferences"] = [reference(owner)]
        metadata |= {"name": name} if name else {}
        metadata["generateName"] = f"{own['name']}-"
        spec = dict(template.get("spec") or {})
        if node:
            spec["nodeName"] = node
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        try:
            self.cluster.admit(PODS, own["namespace"], body, manager=MANAGER)
        except ApiError as error:
            return str(error)
        return ""

    def delete_pod(self, pod: Mapping[str, Any]) -> None:
        """Asks for a Pod's end; the kubelet then stops it. One that no node has is gone at once."""
        metadata = pod["metadata"]
        if metadata.get("deletionTimestamp"):
            return
        if not pod["spec"].get("nodeName") or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            self.cluster.remove(PODS, metadata["namespace"], metadata["name"])
            return
        grace = pod["spec"].get("terminationGracePeriodSeconds", 30)

        def mark(found: Object) -> None:
            found["metadata"].update(deletionTimestamp=self.stamp, deletionGracePeriodSeconds=grace)

        self.edit(PODS, pod, mark, status=True)


def owned(objects: Iterable[Object], owner: Mapping[str, Any]) -> list[Object]:
    """Those whose controller is the owner."""
    uid = owner["metadata"]["uid"]
    return [
        o
        for o in objects
        if any(r.get("uid") == uid and r.get("controller") for r in o["metadata"].get("ownerReferences") or ())
    ]


def reference(owner: Mapping[str, Any]) -> Object:
    """The ownerReference of a controller."""
    own = owner["metadata"]
    return {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": own["name"], "uid": own["uid"],
            "controller": True, "blockOwnerDeletion": True}  # fmt: skip


def template_hash(template: Mapping[str, Any]) -> str:
    """Ten characters that are the same for the same Pod template, whatever the order of its keys."""
    digest = hashlib.sha256(msgspec.json.encode(template, order="deterministic")).digest()
    return "".join(_SAFE[byte % len(_SAFE)] for byte in digest[:10])


def is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def is_leaving(pod: Mapping[str, Any]) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_active(pod: Mapping[str, Any]) -> bool:
    """Neither done nor being deleted: what controllers count as a replica."""
    return not is_leaving(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def available(pod: Mapping[str, Any], min_ready_seconds: int, now: datetime) -> bool:
    """Ready for at least that long."""
    if not is_ready(pod) or not min_ready_seconds:
        return is_ready(pod)
    since = next(c["lastTransitionTime"] for c in pod["status"]["conditions"] if c["type"] == "Ready")
    return (now - datetime.fromisoformat(since.replace("Z", "+00:00"))).total_seconds() >= min_ready_seconds


def without_zeros(status: Mapping[str, Any], *always: str) -> Object:
    """A status as Go writes it: numbers that are 0 are left out, but for the fields named in `always`."""
    return {key: value for key, value in status.items() if value or key in always}
