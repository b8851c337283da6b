"""What a patch of the Pod template sets off, in words and in numbers, per kind; and why there may be nothing to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubectl_sidecar.core import edits
from kubectl_sidecar.core.workload import Workload


def effect_of(workload: Workload, obj: Mapping[str, Any]) -> tuple[str, int]:
    """A sentence on which Pods are replaced and how, and their number (those replaced without further action)."""
    match workload.kind.name:
        case "CronJob":
            state = "; it is suspended" if workload.suspended else ""
            return (
                f"takes effect at the next run (schedule {workload.schedule}{state}); a Job that runs now is left alone",
                0,
            )
        case "ReplicaSet" | "ReplicationController":
            return "only Pods that are made from now on have the new form; those that run now stay as they are", 0
        case "Deployment":
            return _deployment(workload)
        case "StatefulSet":
            return _stateful_set(workload)
        case "DaemonSet":
            return _daemon_set(workload, obj)
        case _:
            return f"cannot be patched in place: {workload.kind.way_out}", 0


def not_watched(workload: Workload) -> str:
    """Why no rollout follows that could be waited for; empty where one does."""
    strategy = (workload.strategy.type if workload.strategy else None) or ""
    if workload.kind.effect != "rollout":
        return effect_of(workload, {})[0]
    if strategy == "OnDelete":
        return "its update strategy is OnDelete: each Pod gets the new form when you delete it"
    if workload.paused:
        return "it is paused: nothing happens until kubectl rollout resume"
    if workload.kind.name != "DaemonSet" and workload.replicas == 0:
        return "it has 0 replicas: the next Pod that is started has the new form"
    partition = (
        workload.strategy.rolling_update.partition if workload.strategy and workload.strategy.rolling_update else None
    )
    if partition and partition >= _replicas(workload):
        return f"its partition is {partition}: no Pod is replaced until that is lowered"
    return ""


def _replicas(workload: Workload) -> int:
    return 1 if workload.replicas is None else workload.replicas


def _deployment(workload: Workload) -> tuple[str, int]:
    count = _replicas(workload)
    why_not = not_watched(workload)
    if why_not:
        return why_not, 0
    if workload.strategy and workload.strategy.type == "Recreate":
        return (
            f"replaces {_pods(count)}: all stop before the new ones start (Recreate), so the service is down meanwhile",
            count,
        )
    rolling = workload.strategy.rolling_update if workload.strategy else None
    surge = "25%" if rolling is None or rolling.max_surge is None else rolling.max_surge
    unavailable = "25%" if rolling is None or rolling.max_unavailable is None else rolling.max_unavailable
    return (
        f"replaces {_pods(count)} by a rolling update (up to {surge} more, up to {unavailable} fewer meanwhile)",
        count,
    )


def _stateful_set(workload: Workload) -> tuple[str, int]:
    why_not = not_watched(workload)
    if why_not:
        return why_not, 0
    rolling = workload.strategy.rolling_update if workload.strategy else None
    partition = (rolling.partition if rolling else None) or 0
    count = max(_replicas(workload) - partition, 0)
    which = f" (ordinals from {partition} on; the partition holds the others back)" if partition else ""
    return f"replaces {_pods(count)} one by one, highest ordinal first{which}", count


def _daemon_set(workload: Workload, obj: Mapping[str, Any]) -> tuple[str, int]:
    count = int(edits.find(obj, ("status", "desiredNumberScheduled")) or 0)
    why_not = not_watched(workload)
    if why_not:
        return why_not, 0
    rolling = workload.strategy.rolling_update if workload.strategy else None
    unavailable = 1 if rolling is None or rolling.max_unavailable is None else rolling.max_unavailable
    surge = rolling.max_surge if rolling else None
    if surge:
        return f"replaces {_pods(count)} node by node (up to {surge} nodes run both meanwhile)", count
    return (
        f"replaces {_pods(count)} node by node, up to {unavailable} at once; the old Pod stops before the new one starts",
        count,
    )


def _pods(count: int) -> str:
    return "1 Pod" if count == 1 else f"{count} Pods"
