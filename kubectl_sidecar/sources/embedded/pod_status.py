"""A Pod's status from what the kubelet remembers of it: phase, conditions and one status per container, in the words of a
real kubelet, so that whoever watches a rollout reads both alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubectl_sidecar.sources.embedded.kubelet import Ended, PodLife, Role, Run, containers_of

Object = dict[str, Any]
Stamp = Callable[[float], str]
"""Seconds of the simulation's clock -> RFC 3339."""


def pod_status(pod: Mapping[str, Any], life: PodLife, now: float, stamp: Stamp) -> Object:
    """The status of a Pod that is bound to a node. Keeps transition times of conditions that did not change."""
    old: Mapping[str, Any] = pod.get("status") or {}
    rows = [(name, role, container, life.runs.get(name, Run())) for name, role, container in containers_of(pod)]
    phase = _phase(pod, rows)
    status: Object = {
        "phase": phase,
        "conditions": _conditions(rows, phase, old.get("conditions") or (), stamp(now)),
        "podIP": old.get("podIP") or f"10.244.{hash_byte(pod, 0)}.{hash_byte(pod, 1)}",
        "startTime": old.get("startTime") or stamp(now),
        "qosClass": old.get("qosClass", ""),
    }
    inits = [_container_status(row, stamp) for row in rows if row[1] != "main"]
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = [_container_status(row, stamp) for row in rows if row[1] == "main"]
    return status


Row = tuple[str, Role, Mapping[str, Any], Run]


def hash_byte(pod: Mapping[str, Any], index: int) -> int:
    """A byte of the Pod's uid: an address that looks like one and stays."""
    uid = str((pod.get("metadata") or {}).get("uid") or "0").replace("-", "")
    return sum(ord(c) * (7 + index) for c in uid) % 250 + 2


def _phase(pod: Mapping[str, Any], rows: Sequence[Row]) -> str:
    policy = (pod.get("spec") or {}).get("restartPolicy", "Always")
    mains = [run for _, role, _, run in rows if role == "main"]
    if policy != "Always" and not any(run.state == "running" for _, _, _, run in rows):
        ends = [run.end for run in mains]
        done = [end for end in ends if end is not None and (policy == "Never" or end.code == 0)]
        if mains and len(done) == len(mains):
            return "Failed" if any(end.code for end in done) else "Succeeded"
        if policy == "Never" and any(r.end and r.end.code and not r.passed for _, role, _, r in rows if role == "init"):
            return "Failed"
    begun = all(run.passed for _, role, _, run in rows if role != "main")
    return "Running" if begun and any(run.state != "waiting" or run.restarts or run.end for run in mains) else "Pending"


def _conditions(rows: Sequence[Row], phase: str, old: Sequence[Mapping[str, Any]], now: str) -> list[Object]:
    incomplete = [name for name, role, _, run in rows if role != "main" and not run.passed]
    unready = [name for name, role, _, run in rows if role != "init" and not run.ready]
    done = phase == "Succeeded"
    started = any(run.state != "waiting" for _, _, _, run in rows)
    not_ready = (
        ("PodCompleted", "") if done else ("ContainersNotReady", _listed("containers with unready status", unready))
    )
    found = [
        _condition("PodReadyToStartContainers", started and phase in ("Pending", "Running")),
        _condition(
            "Initialized",
            not incomplete,
            "ContainersNotInitialized",
            _listed("containers with incomplete status", incomplete),
        ),
        _condition("Ready", not unready, *not_ready),
        _condition("ContainersReady", not unready, *not_ready),
        _condition("PodScheduled", True),
    ]
    before = {c.get("type"): c for c in old}
    for condition in found:
        same = before.get(condition["type"])
        kept = same["lastTransitionTime"] if same and same.get("status") == condition["status"] else now
        condition.update(lastProbeTime=None, lastTransitionTime=kept)
    return found


def _condition(kind: str, true: bool, reason: str = "", message: str = "") -> Object:
    condition: Object = {"type": kind, "status": "True" if true else "False"}
    if not true and reason:
        condition["reason"] = reason
        if message:
            condition["message"] = message
    return condition


def _listed(words: str, names: Sequence[str]) -> str:
    return f"{words}: [{' '.join(names)}]"


def _container_status(row: Row, stamp: Stamp) -> Object:
    name, role, container, run = row
    ready = run.ready or (role == "init" and bool(run.end and run.end.code == 0))
    return {
        "name": name,
        "state": _state(run, stamp),
        "lastState": {"terminated": _terminated(run.last, stamp)} if run.last and run.state != "waiting" else
                     {"terminated": _terminated(run.end, stamp)} if run.end and run.state == "waiting" else {},
        "ready": ready,
        "restartCount": run.restarts,
        "image": container.get("image", ""),
        "imageID": "",
        "started": run.started,
    }  # fmt: skip


def _state(run: Run, stamp: Stamp) -> Object:
    if run.state == "running":
        return {"running": {"startedAt": stamp(run.since)}}
    if run.state == "ended" and run.end:
        return {"terminated": _terminated(run.end, stamp)}
    return {"waiting": {"reason": run.reason} | ({"message": run.message} if run.message else {})}


def _terminated(end: Ended, stamp: Stamp) -> Object:
    return {
        "exitCode": end.code,
        "reason": end.reason,
        "startedAt": stamp(end.started),
        "finishedAt": stamp(end.finished),
    }
