"""Watching a rollout by looking again and again (twice a second at first, then each second) until it is complete, a new Pod
fails, or the time is over.

Failing is told from what the containers did, not from one word of their state: a native sidecar that exits 0 never shows
CrashLoopBackOff, its state stays `terminated/Completed` and only restartCount and lastState tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_sidecar.actions.gather import label_selector, read_all
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.errors import Forbidden, NotFound, ServerFailure, TooManyRequests, Unreachable
from kubectl_sidecar.sources.cluster import Clock, Cluster, Object

_STUCK = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CrashLoopBackOff", "RunContainerError",
     "CreateContainerError", "CreateContainerConfigError"}
)  # fmt: skip
_PATIENCE_SECONDS = 20.0
"""How long a waiting reason may stand before it counts as failing: a first image pull may well be tried twice."""
_RESTARTS = 2
_BROKEN_CONNECTION_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PodProgress:
    """One new Pod: its containers in start order with what each is doing (`running`, `waiting: ImagePullBackOff`, …)."""

    name: str
    ready: bool
    containers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """How far a rollout is: `done` of `total` new Pods are available."""

    done: int
    total: int
    complete: bool
    pods: tuple[PodProgress, ...]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    ended: Literal["complete", "failed", "timeout", "stopped"]
    text: str
    look: Look


def known_pods(cluster: Cluster, workload: Workload) -> frozenset[str]:
    """The uids of the Pods that are there before the patch."""
    return frozenset(str(edits.find(pod, ("metadata", "uid"))) for pod in _pods(cluster, workload))


def watch(
    cluster: Cluster,
    workload: Workload,
    moved: Sequence[str],
    old_pods: frozenset[str],
    *,
    report: Callable[[Look, float], None],
    stop: threading.Event,
    clock: Clock,
    timeout_seconds: float,
) -> Outcome:
    """Looks until the rollout of `workload` has ended; `report` gets each look and the seconds since the start."""
    start = clock.monotonic()
    seen: dict[tuple[str, str, str], float] = {}
    look = Look(0, 0, False, ())
    trouble_since: float | None = None
    while True:
        seconds = clock.monotonic() - start
        try:
            look = _look(cluster, workload, moved, old_pods, seen, seconds)
            trouble_since = None
        except (Unreachable, ServerFailure, TooManyRequests) as error:
            trouble_since = seconds if trouble_since is None else trouble_since
            if seconds - trouble_since > _BROKEN_CONNECTION_SECONDS:
                return Outcome("stopped", f"the rollout can no longer be watched: {error}", look)
        except (NotFound, Forbidden) as error:
            return Outcome("stopped", f"the rollout cannot be watched: {error}", look)
        else:
            report(look, seconds)
            if look.failure:
                return Outcome("failed", look.failure, look)
            if look.complete:
                return Outcome("complete", f"{look.done} of {look.total} new Pods are available", look)
        if seconds >= timeout_seconds:
            return Outcome("timeout", f"after {seconds:.0f} s {look.done} of {look.total} new Pods are available", look)
        # a look reads all Pods of the workload: with hundreds of them it is taken less often
        if clock.wait(max(0.5 if seconds < 10 else 1.0, len(look.pods) / 100), stop):
            return Outcome("stopped", "no longer watched; the rollout itself goes on", look)


def _look(
    cluster: Cluster,
    workload: Workload,
    moved: Sequence[str],
    old_pods: frozenset[str],
    seen: dict[tuple[str, str, str], float],
    seconds: float,
) -> Look:
    obj = cluster.get(workload.kind.resource, workload.namespace, workload.name)
    done, total, complete, failure = _status(workload.kind.name, obj)
    new = [pod for pod in _pods(cluster, workload) if str(edits.find(pod, ("metadata", "uid"))) not in old_pods]
    for pod in new:
        failure = failure or pod_failure(pod, moved, seen, seconds)
    return Look(done, total, complete, tuple(_progress(pod) for pod in new if _is_new_form(pod, moved)), failure)


def _pods(cluster: Cluster, workload: Workload) -> tuple[Mapping[str, Any], ...]:
    selector = label_selector(workload)
    try:
        return read_all(cluster, resolve("pod").resource, workload.namespace, selector) if selector else ()
    except Forbidden:
        return ()  # the workload's own status still tells how far it is


def _status(kind: str, obj: Object) -> tuple[int, int, bool, str]:
    """Available new Pods, wanted ones, whether all is done, and a failure. As `kubectl rollout status` judges
    (kubectl pkg/polymorphichelpers/rollout_status.go)."""
    status: Mapping[str, Any] = obj.get("status") or {}
    spec: Mapping[str, Any] = obj.get("spec") or {}
    generation = edits.find(obj, ("metadata", "generation")) or 0
    current = (status.get("observedGeneration") or 0) >= generation
    wanted, failure = _wanted(kind, spec, status), _condition_failure(status, current=current)
    if not current:  # the controller has not seen the patch yet: its numbers are those of the old template
        return 0, wanted, False, failure

    def number(key: str) -> int:
        return int(status.get(key) or 0)

    if kind == "DaemonSet":
        updated, available = number("updatedNumberScheduled"), number("numberAvailable")
        return min(updated, available), wanted, updated >= wanted and available >= wanted, failure
    updated = number("updatedReplicas")
    if kind == "StatefulSet":
        ready = number("availableReplicas" if "availableReplicas" in status else "readyReplicas")
        return min(updated, wanted), wanted, updated >= wanted and ready >= number("replicas"), failure
    available, all_pods = number("availableReplicas"), number("replicas")
    done = min(max(0, updated - max(0, all_pods - available)), wanted)
    return done, wanted, updated >= wanted and all_pods <= updated and available >= updated, failure


def _wanted(kind: str, spec: Mapping[str, Any], status: Mapping[str, Any]) -> int:
    if kind == "DaemonSet":
        return int(status.get("desiredNumberScheduled") or 0)
    replicas = 1 if spec.get("replicas") is None else int(spec["replicas"])
    partition = int(edits.find(spec, ("updateStrategy", "rollingUpdate", "partition")) or 0)
    return max(replicas - partition, 0)


def _condition_failure(status: Mapping[str, Any], *, current: bool) -> str:
    if not current:
        return ""
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return f"the rollout exceeded its progress deadline: {condition.get('message', '')}"
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return f"no new Pod can be made: {condition.get('message', '')}"
    return ""


def pod_failure(
    pod: Mapping[str, Any], moved: Sequence[str], seen: dict[tuple[str, str, str], float], seconds: float
) -> str:
    """What is wrong with a new Pod, as a sentence; empty while nothing is. `seen` remembers since when a reason stands."""
    name = str(edits.find(pod, ("metadata", "name")) or "")
    if not _is_new_form(pod, moved):
        return ""
    entries = {e.get("name"): e for e in edits.find(pod, ("spec", "initContainers")) or ()}
    for helper in moved:
        if entries[helper].get("restartPolicy") != "Always":
            return f"{name}: restartPolicy of {helper} is gone: a webhook removed it, and the Pod would hang at start"
    status = pod.get("status") or {}
    if status.get("phase") == "Failed":
        return f"{name} failed: {status.get('reason') or 'no reason given'} {status.get('message') or ''}".strip()
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        said = _container_failure(container, name, seen, seconds)
        if said:
            return said
    return ""


def _container_failure(
    container: Mapping[str, Any], pod: str, seen: dict[tuple[str, str, str], float], seconds: float
) -> str:
    who = str(container.get("name") or "")
    state: Mapping[str, Any] = container.get("state") or {}
    waiting: Mapping[str, Any] = state.get("waiting") or {}
    reason = str(waiting.get("reason") or "")
    if reason in _STUCK:
        since = seen.setdefault((pod, who, "stuck"), seconds)
        if (
            reason == "CrashLoopBackOff"
            or seconds - since >= _PATIENCE_SECONDS
            or reason in ("ErrImageNeverPull", "InvalidImageName")
        ):
            return f"{pod}: {who} does not start: {reason} {waiting.get('message') or ''}".strip()
    restarts = int(container.get("restartCount") or 0)
    if restarts >= _RESTARTS:
        last = (container.get("lastState") or {}).get("terminated") or state.get("terminated") or {}
        ending = f"exit code {last.get('exitCode', 'unknown')} ({last.get('reason') or 'no reason'})"
        return f"{pod}: {who} was restarted {restarts} times; it last ended with {ending}"
    return ""


def _is_new_form(pod: Mapping[str, Any], moved: Sequence[str]) -> bool:
    names = {entry.get("name") for entry in edits.find(pod, ("spec", "initContainers")) or ()}
    return all(name in names for name in moved)


def _progress(pod: Mapping[str, Any]) -> PodProgress:
    status = pod.get("status") or {}
    statuses = {
        s.get("name"): s for key in ("initContainerStatuses", "containerStatuses") for s in status.get(key) or ()
    }
    order = [e.get("name") for key in ("initContainers", "containers") for e in edits.find(pod, ("spec", key)) or ()]
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
    name = str(edits.find(pod, ("metadata", "name")) or "")
    return PodProgress(name, ready, tuple((str(n), _doing(statuses.get(n) or {})) for n in order))


def _doing(status: Mapping[str, Any]) -> str:
    state: Mapping[str, Any] = status.get("state") or {}
    if state.get("running") is not None:
        return "running" if status.get("started", True) else "starting"
    if state.get("terminated"):
        ended = state["terminated"]
        return "completed" if ended.get("exitCode") == 0 else f"failed: {ended.get('reason') or ended.get('exitCode')}"
    reason = (state.get("waiting") or {}).get("reason")
    return f"waiting: {reason}" if reason and reason != "PodInitializing" else "waiting"
