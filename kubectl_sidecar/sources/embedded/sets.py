"""StatefulSets and DaemonSets of the simulation: one Pod after the other, in the order and with the known traps of the real
controllers (pkg/controller/statefulset, pkg/controller/daemon). A stuck Pod of a StatefulSet stays stuck after a roll-back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubectl_sidecar.core.kinds import NODES, resolve
from kubectl_sidecar.sources.embedded.desk import (
    Desk,
    Object,
    available,
    is_active,
    is_leaving,
    is_ready,
    reference,
    template_hash,
    without_zeros,
)
from kubectl_sidecar.sources.memory import REVISIONS

STATEFUL_SETS, DAEMON_SETS = resolve("statefulset").resource, resolve("daemonset").resource
_REVISION = "controller-revision-hash"


def sync_stateful_sets(desk: Desk) -> None:
    for obj in desk.cluster.objects(STATEFUL_SETS):
        _StatefulSet(desk, obj).step()


class _StatefulSet:
    """One look at one StatefulSet."""

    def __init__(self, desk: Desk, obj: Object) -> None:
        self.desk, self.obj = desk, obj
        self.spec: Mapping[str, Any] = obj["spec"]
        self.name: str = obj["metadata"]["name"]
        self.update = _record_revision(desk, obj)
        old: Mapping[str, Any] = obj.get("status") or {}
        self.current: str = old.get("currentRevision") or self.update
        self.pods = {pod["metadata"]["name"]: pod for pod in desk.pods_of(obj)}
        self.replicas: int = self.spec.get("replicas", 1)
        strategy = self.spec.get("updateStrategy") or {}
        self.rolling = strategy.get("type", "RollingUpdate") == "RollingUpdate"
        self.partition: int = (strategy.get("rollingUpdate") or {}).get("partition", 0) if self.rolling else 0

    def step(self) -> None:
        self._act()
        self._report()

    def _act(self) -> None:
        one_by_one = self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        for ordinal in range(self.replicas):
            pod = self.pods.get(f"{self.name}-{ordinal}")
            if pod is None:
                self._make(ordinal)
                if one_by_one:
                    return
            elif (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
                self.desk.delete_pod(pod)
                return
            elif one_by_one and (is_leaving(pod) or not is_ready(pod)):
                return
        surplus = sorted((n for n in self.pods if _ordinal(n) >= self.replicas), key=_ordinal, reverse=True)
        for name in surplus:
            self.desk.delete_pod(self.pods[name])
            if one_by_one:
                return
        if self.rolling and not surplus:
            self._replace_one()

    def _replace_one(self) -> None:
        for ordinal in range(self.replicas - 1, self.partition - 1, -1):
            pod = self.pods.get(f"{self.name}-{ordinal}")
            if pod is None or is_leaving(pod):
                return
            if _revision_of(pod) != self.update:
                self.desk.delete_pod(pod)
                return
            if not is_ready(pod):
                return

    def _make(self, ordinal: int) -> None:
        revision = self.update if not self.rolling or ordinal >= self.partition else self.current
        name = f"{self.name}-{ordinal}"
        recorded = self.desk.cluster.objects(REVISIONS)
        template = next(r["data"]["spec"]["template"] for r in recorded if _is(r, self.obj, revision))
        spec = {**template["spec"], "hostname": name, "subdomain": self.spec.get("serviceName", "")}
        claims = [claim["metadata"]["name"] for claim in self.spec.get("volumeClaimTemplates") or ()]
        volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}} for claim in claims]
        kept = [volume for volume in spec.get("volumes") or () if volume["name"] not in claims]
        if volumes or kept:
            spec["volumes"] = [*volumes, *kept]
        labels = {
            _REVISION: revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
        }
        self.desk.make_pod(self.obj, {**template, "spec": spec}, name=name, labels=labels)

    def _report(self) -> None:
        pods = [pod for pod in self.desk.pods_of(self.obj) if is_active(pod)]
        least = self.spec.get("minReadySeconds", 0)

        def of(revision: str) -> int:
            return sum(_revision_of(pod) == revision for pod in pods)

        done = len(pods) == self.replicas == of(self.update) and all(map(is_ready, pods)) and not self.partition
        current = self.update if done and self.rolling else self.current
        status = without_zeros(
            {
                "observedGeneration": self.obj["metadata"].get("generation", 1),
                "replicas": len(pods),
                "readyReplicas": sum(map(is_ready, pods)),
                "currentReplicas": of(current),
                "updatedReplicas": of(self.update),
                "currentRevision": current,
                "updateRevision": self.update,
                "availableReplicas": sum(available(pod, least, self.desk.now) for pod in pods),
            },
            "replicas",
            "availableReplicas",
        )
        status["collisionCount"] = 0
        self.desk.set_status(STATEFUL_SETS, self.obj, status)


def sync_daemon_sets(desk: Desk) -> None:
    """One Pod on every node; an old one goes before its successor comes."""
    nodes = [
        node["metadata"]["name"] for node in desk.cluster.objects(NODES) if not (node.get("spec") or {}).get("taints")
    ]
    for obj in desk.cluster.objects(DAEMON_SETS):
        _sync_daemon_set(desk, obj, nodes)


def _sync_daemon_set(desk: Desk, obj: Object, nodes: list[str]) -> None:
    spec = obj["spec"]
    revision = _record_revision(desk, obj)
    mark = revision.removeprefix(f"{obj['metadata']['name']}-")
    by_node: dict[str, Object] = {pod["spec"].get("nodeName", ""): pod for pod in desk.pods_of(obj)}
    selected = [node for node in nodes if _fits(desk, spec["template"]["spec"], node)]
    for node in selected:
        pod = by_node.get(node)
        if pod is None:
            desk.make_pod(obj, spec["template"], node=node, labels={_REVISION: mark, "pod-template-generation": "1"})
        elif (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            desk.delete_pod(pod)
    for node, pod in by_node.items():
        if node not in selected:
            desk.delete_pod(pod)
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") == "RollingUpdate":
        _replace_old(desk, obj, {n: p for n, p in by_node.items() if n in selected}, mark, len(selected))
    _report_daemon_set(desk, obj, mark, len(selected))


def _replace_old(desk: Desk, obj: Object, by_node: Mapping[str, Object], mark: str, wanted: int) -> None:
    rolling = (obj["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    limit = rolling.get("maxUnavailable", 1)
    if isinstance(limit, str):
        limit = -(-wanted * int(limit.rstrip("%")) // 100)
    least = obj["spec"].get("minReadySeconds", 0)
    serving = [p for p in by_node.values() if is_active(p) and available(p, least, desk.now)]
    budget = max(1, limit) - (wanted - len(serving))
    for pod in by_node.values():
        if pod["metadata"]["labels"].get(_REVISION) == mark or is_leaving(pod):
            continue
        if pod not in serving:  # it serves nobody: replacing it costs nothing
            desk.delete_pod(pod)
        elif budget > 0:
            desk.delete_pod(pod)
            budget -= 1


def _report_daemon_set(desk: Desk, obj: Object, mark: str, wanted: int) -> None:
    pods = [pod for pod in desk.pods_of(obj) if is_active(pod)]
    serving = sum(available(pod, obj["spec"].get("minReadySeconds", 0), desk.now) for pod in pods)
    status = without_zeros(
        {
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": 0,
            "desiredNumberScheduled": wanted,
            "numberReady": sum(map(is_ready, pods)),
            "observedGeneration": obj["metadata"].get("generation", 1),
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(_REVISION) == mark for pod in pods),
            "numberAvailable": serving,
            "numberUnavailable": wanted - serving,
        },
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
    )
    desk.set_status(DAEMON_SETS, obj, status)


def _fits(desk: Desk, spec: Mapping[str, Any], node: str) -> bool:
    wanted = spec.get("nodeSelector") or {}
    labels = next(
        n["metadata"].get("labels") or {} for n in desk.cluster.objects(NODES) if n["metadata"]["name"] == node
    )
    return all(labels.get(key) == value for key, value in wanted.items())


def _record_revision(desk: Desk, obj: Object) -> str:
    """The name of the ControllerRevision of an object's template, which is made when it is new."""
    metadata = obj["metadata"]
    name = f"{metadata['name']}-{template_hash(obj['spec']['template'])}"
    recorded = desk.cluster.objects(REVISIONS)
    if not any(_is(r, obj, name) for r in recorded):
        number = 1 + max((r["revision"] for r in recorded if _of(r, obj)), default=0)
        desk.cluster.put({
            "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": number,
            "metadata": {"name": name, "namespace": metadata["namespace"], "ownerReferences": [reference(obj)]},
            "data": {"spec": {"template": obj["spec"]["template"]}},
        })  # fmt: skip
    return name


def _of(revision: Object, obj: Object) -> bool:
    return any(r["uid"] == obj["metadata"]["uid"] for r in revision["metadata"].get("ownerReferences") or ())


def _is(revision: Object, obj: Object, name: str) -> bool:
    return bool(revision["metadata"]["name"] == name) and _of(revision, obj)


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(_REVISION) or "")


def _ordinal(pod_name: str) -> int:
    return int(pod_name.rpartition("-")[2])
