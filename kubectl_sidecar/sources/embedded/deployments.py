"""Deployments, ReplicaSets and ReplicationControllers of the simulation: the same arithmetic and the same words in status
as the real controllers (pkg/controller/deployment, pkg/controller/replicaset), one step of it for each look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kubectl_sidecar.core.kinds import Resource, resolve
from kubectl_sidecar.sources.embedded.desk import (
    Desk,
    Object,
    available,
    is_active,
    is_leaving,
    is_ready,
    owned,
    reference,
    template_hash,
    without_zeros,
)

DEPLOYMENTS, REPLICA_SETS = resolve("deployment").resource, resolve("replicaset").resource
REPLICATION_CONTROLLERS = resolve("replicationcontroller").resource
_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"


def sync_deployments(desk: Desk) -> None:
    """One step of every rollout."""
    sets = desk.cluster.objects(REPLICA_SETS)
    for deployment in desk.cluster.objects(DEPLOYMENTS):
        _Rollout(desk, deployment, owned(sets, deployment)).step()


class _Rollout:
    """One look at one Deployment and its ReplicaSets."""

    def __init__(self, desk: Desk, deployment: Object, sets: Sequence[Object]) -> None:
        self.desk, self.deployment = desk, deployment
        self.spec: Mapping[str, Any] = deployment["spec"]
        self.desired: int = self.spec.get("replicas", 1)
        self.new = next((rs for rs in sets if _plain(rs["spec"]["template"]) == _plain(self.spec["template"])), None)
        self.old = [rs for rs in sets if rs is not self.new]
        self.made = False

    def step(self) -> None:
        paused = bool(self.spec.get("paused"))
        if not paused:
            recreate = (self.spec.get("strategy") or {}).get("type") == "Recreate"
            self._recreate() if recreate else self._roll()
            self._clean_up()
        self._report(paused)

    def _roll(self) -> None:
        surge, unavailable = self._limits()
        new = self._new_set()
        total = sum(_replicas(rs) for rs in (*self.old, new))
        if _replicas(new) < self.desired:
            room = self.desired + surge - total
            if room > 0:
                self._scale(new, min(self.desired, _replicas(new) + room))
        elif _replicas(new) > self.desired:
            self._scale(new, self.desired)
        self._scale_down(surge, unavailable)

    def _scale_down(self, surge: int, unavailable: int) -> None:
        new = self.new or {}
        everything = sum(_replicas(rs) for rs in (*self.old, new) if rs)
        least = self.desired - unavailable
        missing = _replicas(new) - _available(new)
        budget = everything - least - missing
        for rs in sorted(self.old, key=lambda rs: str(rs["metadata"]["creationTimestamp"])):  # unhealthy ones first
            sick = _replicas(rs) - _available(rs)
            if budget > 0 and sick > 0:
                drop = min(budget, sick)
                budget -= drop
                self._scale(rs, _replicas(rs) - drop)
        spare = sum(_available(rs) for rs in (*self.old, new) if rs) - least
        for rs in sorted(self.old, key=lambda rs: str(rs["metadata"]["creationTimestamp"])):
            if budget > 0 and spare > 0 and _replicas(rs):
                drop = min(budget, spare, _replicas(rs))
                budget, spare = budget - drop, spare - drop
                self._scale(rs, _replicas(rs) - drop)

    def _recreate(self) -> None:
        for rs in self.old:
            if _replicas(rs):
                self._scale(rs, 0)
        if any(self.desk.pods_of(rs) for rs in self.old):
            return
        new = self._new_set()
        if _replicas(new) != self.desired:
            self._scale(new, self.desired)

    def _limits(self) -> tuple[int, int]:
        rolling = (self.spec.get("strategy") or {}).get("rollingUpdate") or {}
        surge = _share(rolling.get("maxSurge", "25%"), self.desired, up=True)
        unavailable = _share(rolling.get("maxUnavailable", "25%"), self.desired, up=False)
        return surge, max(unavailable, 0 if surge else 1)

    def _new_set(self) -> Object:
        if self.new is None:
            self.new = self._make_set()
            self.made = True
        elif self.old:
            self._renumber(self.new)
        return self.new

    def _make_set(self) -> Object:
        metadata = self.deployment["metadata"]
        mark = template_hash(self.spec["template"])
        template = {**self.spec["template"], "metadata": {**(self.spec["template"].get("metadata") or {})}}
        template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), _HASH: mark}
        selector = {
            **self.spec["selector"],
            "matchLabels": {**(self.spec["selector"].get("matchLabels") or {}), _HASH: mark},
        }
        revision = str(max((_revision(rs) for rs in self.old), default=0) + 1)
        self._number(revision)
        return self.desk.cluster.put({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": f"{metadata['name']}-{mark}", "namespace": metadata["namespace"],
                         "labels": template["metadata"]["labels"], "annotations": {_REVISION: revision},
                         "ownerReferences": [reference(self.deployment)]},
            "spec": {"replicas": 0, "selector": selector, "template": template},
        })  # fmt: skip

    def _renumber(self, rs: Object) -> None:
        """A roll-back: the ReplicaSet that serves again gets the highest revision."""
        highest = max(_revision(old) for old in self.old)
        if _revision(rs) < highest:
            revision = str(highest + 1)
            change = lambda o: o["metadata"].setdefault("annotations", {}).update({_REVISION: revision})  # noqa: E731
            self.new = self.desk.edit(REPLICA_SETS, rs, change)
            self._number(revision)

    def _number(self, revision: str) -> None:
        change = lambda o: o["metadata"].setdefault("annotations", {}).update({_REVISION: revision})  # noqa: E731
        self.deployment = self.desk.edit(DEPLOYMENTS, self.deployment, change, status=True)

    def _scale(self, rs: Object, replicas: int) -> None:
        changed = self.desk.edit(REPLICA_SETS, rs, lambda found: found["spec"].update(replicas=max(0, replicas)))
        if rs is self.new:
            self.new = changed
        else:
            self.old = [changed if old is rs else old for old in self.old]

    def _clean_up(self) -> None:
        """Old ReplicaSets beyond revisionHistoryLimit go, the oldest first."""
        idle = [rs for rs in self.old if not _replicas(rs) and not (rs.get("status") or {}).get("replicas")]
        idle.sort(key=_revision)
        for rs in idle[: max(0, len(idle) - int(self.spec.get("revisionHistoryLimit", 10)))]:
            self.desk.cluster.remove(REPLICA_SETS, rs["metadata"]["namespace"], rs["metadata"]["name"])

    def _report(self, paused: bool) -> None:
        sets = [*self.old, *([self.new] if self.new else [])]

        def count(key: str) -> int:
            return sum(int((rs.get("status") or {}).get(key) or 0) for rs in sets)

        updated = int(((self.new or {}).get("status") or {}).get("replicas") or 0)
        numbers = {
            "observedGeneration": self.deployment["metadata"].get("generation", 1),
            "replicas": count("replicas"),
            "updatedReplicas": updated,
            "readyReplicas": count("readyReplicas"),
            "availableReplicas": count("availableReplicas"),
            "unavailableReplicas": max(0, sum(_replicas(rs) for rs in sets) - count("availableReplicas")),
        }
        status = without_zeros(numbers)
        if self.desk.cluster.minor >= 35:
            status["terminatingReplicas"] = count("terminatingReplicas")
        status["conditions"] = self._conditions(numbers, paused)
        self.desk.set_status(DEPLOYMENTS, self.deployment, status)

    def _conditions(self, numbers: Mapping[str, int], paused: bool) -> list[Object]:
        old = self.deployment.get("status") or {}
        before = {c["type"]: c for c in old.get("conditions") or ()}
        _, unavailable = self._limits()
        enough = numbers["availableReplicas"] >= self.desired - unavailable
        conditions = [
            ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
            if enough
            else ("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        ]
        if failure := next((c for c in ((self.new or {}).get("status") or {}).get("conditions") or ()), None):
            conditions.append(("ReplicaFailure", "True", "FailedCreate", failure["message"]))
        moved = any(old.get(k, 0) != numbers[k] for k in ("updatedReplicas", "readyReplicas", "availableReplicas"))
        conditions.append(self._progress(numbers, paused, before.get("Progressing"), moved))
        return [self._dated(c, before.get(c[0]), touched=c[0] == "Progressing" and moved) for c in conditions]

    def _progress(
        self, numbers: Mapping[str, int], paused: bool, before: Mapping[str, Any] | None, moved: bool
    ) -> tuple[str, str, str, str]:
        if paused:
            return ("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
        name = self.new["metadata"]["name"] if self.new else self.deployment["metadata"]["name"]
        same = numbers["updatedReplicas"] == numbers["replicas"] == numbers["availableReplicas"] == self.desired
        if same and self.new and _replicas(self.new) == self.desired:
            return (
                "Progressing",
                "True",
                "NewReplicaSetAvailable",
                f'ReplicaSet "{name}" has successfully progressed.',
            )
        if self.made or before is None:
            return ("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"')
        if not moved:
            if before["reason"] == "ProgressDeadlineExceeded":
                return ("Progressing", "False", before["reason"], before["message"])
            waited = (self.desk.now - _time(before["lastUpdateTime"])).total_seconds()
            running = before["reason"] in ("NewReplicaSetCreated", "ReplicaSetUpdated", "FoundNewReplicaSet")
            if running and waited >= self.spec.get("progressDeadlineSeconds", 600):
                return (
                    "Progressing",
                    "False",
                    "ProgressDeadlineExceeded",
                    f'ReplicaSet "{name}" has timed out progressing.',
                )
        return ("Progressing", "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')

    def _dated(
        self, condition: tuple[str, str, str, str], before: Mapping[str, Any] | None, *, touched: bool
    ) -> Object:
        kind, status, reason, message = condition
        same = before is not None and before["status"] == status
        unchanged = before is not None and same and before["reason"] == reason and before["message"] == message
        updated = before["lastUpdateTime"] if before and unchanged and not touched else self.desk.stamp
        return {"type": kind, "status": status, "lastUpdateTime": updated,
                "lastTransitionTime": before["lastTransitionTime"] if before and same else self.desk.stamp,
                "reason": reason, "message": message}  # fmt: skip


def sync_replica_sets(desk: Desk) -> None:
    """As many Pods as each ReplicaSet and ReplicationController wants; those that are not ready go first."""
    for resource in (REPLICA_SETS, REPLICATION_CONTROLLERS):
        for rs in desk.cluster.objects(resource):
            _sync_replicas(desk, resource, rs)


def _sync_replicas(desk: Desk, resource: Resource, rs: Object) -> None:
    active = [pod for pod in desk.pods_of(rs) if is_active(pod)]
    wanted = _replicas(rs)
    refusal = ""
    for _ in range(wanted - len(active)):
        refusal = refusal or desk.make_pod(rs, rs["spec"]["template"])
    if len(active) > wanted:
        youngest = sorted(active, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
        for pod in sorted(youngest, key=is_ready)[: len(active) - wanted]:
            desk.delete_pod(pod)
    active = [pod for pod in desk.pods_of(rs) if is_active(pod)]
    status = without_zeros(
        {
            "replicas": len(active),
            "fullyLabeledReplicas": len(active),
            "readyReplicas": sum(is_ready(pod) for pod in active),
            "availableReplicas": sum(available(pod, rs["spec"].get("minReadySeconds", 0), desk.now) for pod in active),
            "observedGeneration": rs["metadata"].get("generation", 1),
        },
        "replicas",
    )
    if desk.cluster.minor >= 35 and resource == REPLICA_SETS:
        status["terminatingReplicas"] = sum(is_leaving(pod) for pod in desk.pods_of(rs))
    if refusal:
        known: Object = next((c for c in (rs.get("status") or {}).get("conditions") or ()), {})
        since = known.get("lastTransitionTime", desk.stamp)
        status["conditions"] = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refusal,
                                 "lastTransitionTime": since}]  # fmt: skip
    desk.set_status(resource, rs, status)


def _plain(template: Mapping[str, Any]) -> Object:
    """A template without the hash label that the Deployment adds."""
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {k: v for k, v in (metadata.get("labels") or {}).items() if k != _HASH}
    return {"metadata": {k: v for k, v in metadata.items() if k != "creationTimestamp"}, "spec": template.get("spec")}


def _replicas(rs: Mapping[str, Any]) -> int:
    return int((rs.get("spec") or {}).get("replicas") or 0)


def _available(rs: Mapping[str, Any]) -> int:
    return int((rs.get("status") or {}).get("availableReplicas") or 0)


def _revision(rs: Mapping[str, Any]) -> int:
    return int((rs["metadata"].get("annotations") or {}).get(_REVISION) or 0)


def _share(value: int | str, of: int, *, up: bool) -> int:
    """maxSurge (rounded up) or maxUnavailable (rounded down), a number or a percentage."""
    if isinstance(value, int):
        return value
    share = of * int(value.rstrip("%")) / 100
    return math.ceil(share) if up else math.floor(share)


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))
