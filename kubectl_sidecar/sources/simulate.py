"""Controllers and kubelet over an embedded cluster, by explicit ticks and a clock that is handed in: a patch of a Deployment
rolls out, Pods start and stop in the order of KEP-753, a Job with a classic helper never ends. One tick is one look of every
controller and of every kubelet; a tick a second is about what a real node does. Nothing happens between two ticks.

How a container behaves is said by the annotation `simulation/CONTAINER` on its Pod (embedded/kubelet.py, `annotated`), or
by a function that the caller hands in. Pods that the simulation creates go through the cluster's webhooks and validation."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from kubectl_sidecar.core.kinds import NODES
from kubectl_sidecar.sources.embedded.deployments import DEPLOYMENTS, REPLICA_SETS, sync_deployments, sync_replica_sets
from kubectl_sidecar.sources.embedded.desk import Desk, Object
from kubectl_sidecar.sources.embedded.jobs import CRON_JOBS, JOBS, run_cron_job, sync_jobs
from kubectl_sidecar.sources.embedded.kubelet import Behaviours, PodLife, advance, all_ended, annotated
from kubectl_sidecar.sources.embedded.pod_status import pod_status
from kubectl_sidecar.sources.embedded.sets import sync_daemon_sets, sync_stateful_sets
from kubectl_sidecar.sources.memory import PODS, MemoryCluster, Request

_GARBAGE = (REPLICA_SETS, JOBS, PODS)
_CATCH_UP_TICKS = 60


class Now(Protocol):
    """All that the simulation needs of a clock."""

    def now(self) -> datetime: ...


class ManualClock:
    """Time that moves only by `advance`; also the port's Clock, for whoever need not wait for a cluster."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2026, 1, 1, 12, tzinfo=UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        self._seconds += seconds

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        if not stop.is_set():
            self.advance(seconds)
        return stop.is_set()


class Simulation:
    """What happens in `cluster`. Thread-safe: a tick is one unit, and holds the cluster's lock."""

    def __init__(self, cluster: MemoryCluster, clock: Now, *, behaviours: Behaviours = annotated) -> None:
        self.cluster, self.clock, self._behaviours = cluster, clock, behaviours
        self._start = clock.now()
        self._lives: dict[str, PodLife] = {}
        self._next_node = 0

    def tick(self) -> None:
        """One look of everybody, at the clock's time."""
        with self.cluster.locked():
            desk = Desk(self.cluster, self.clock.now())
            self._collect_garbage(desk)
            sync_deployments(desk)
            sync_replica_sets(desk)
            sync_stateful_sets(desk)
            sync_daemon_sets(desk)
            sync_jobs(desk)
            for pod in self.cluster.objects(PODS):
                self._look_at(desk, pod)

    def run_job(self, namespace: str, cron_job: str) -> str:
        """Starts a run of a CronJob now; returns the name of the Job. Raises NotFound."""
        with self.cluster.locked():
            found = next((c for c in self.cluster.objects(CRON_JOBS) if _named(c, namespace, cron_job)), None)
            desk = Desk(self.cluster, self.clock.now())
            return run_cron_job(desk, found if found else self.cluster.get(CRON_JOBS, namespace, cron_job))

    def delete_pod(self, namespace: str, name: str) -> None:
        """What `kubectl delete pod` asks for. Raises NotFound."""
        with self.cluster.locked():
            Desk(self.cluster, self.clock.now()).delete_pod(self.cluster.get(PODS, namespace, name))

    def _collect_garbage(self, desk: Desk) -> None:
        """Objects whose controller is gone go too; Pods in their own time."""
        alive = {o["metadata"]["uid"] for r in (DEPLOYMENTS, CRON_JOBS, *_GARBAGE) for o in self.cluster.objects(r)}
        for resource in _GARBAGE:
            for obj in self.cluster.objects(resource):
                owners = [r for r in obj["metadata"].get("ownerReferences") or () if r.get("kind") in _COLLECTED_KINDS]
                if owners and not any(owner["uid"] in alive for owner in owners):
                    if resource == PODS:
                        desk.delete_pod(obj)
                    else:
                        self.cluster.remove(resource, obj["metadata"]["namespace"], obj["metadata"]["name"])

    def _look_at(self, desk: Desk, pod: Object) -> None:
        metadata = pod["metadata"]
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return
        if not pod["spec"].get("nodeName"):
            pod = self._schedule(desk, pod)
            if not pod["spec"].get("nodeName"):
                return
        life = self._lives.setdefault(metadata["uid"], PodLife())
        now = (desk.now - self._start).total_seconds()
        if metadata.get("deletionTimestamp") and life.stopping_since is None:
            life.stopping_since = now
        advance(pod, life, now, self._behaviours)
        if life.stopping_since is not None and all_ended(pod, life):
            del self._lives[metadata["uid"]]
            self.cluster.remove(PODS, metadata["namespace"], metadata["name"])
            return
        desk.set_status(PODS, pod, pod_status(pod, life, now, self._stamp))

    def _schedule(self, desk: Desk, pod: Object) -> Object:
        nodes = self.cluster.objects(NODES)
        wanted = pod["spec"].get("nodeSelector") or {}
        fitting = [n for n in nodes if wanted.items() <= (n["metadata"].get("labels") or {}).items()]
        if not fitting:
            said = "no nodes available to schedule pods" if not nodes else f"0/{len(nodes)} nodes are available"
            since = next(
                (c["lastTransitionTime"] for c in (pod.get("status") or {}).get("conditions") or ()), desk.stamp
            )
            condition = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": since,
                         "reason": "Unschedulable", "message": said}  # fmt: skip
            desk.set_status(
                PODS,
                pod,
                {
                    "phase": "Pending",
                    "conditions": [condition],
                    "qosClass": (pod.get("status") or {}).get("qosClass", ""),
                },
            )
            return pod
        self._next_node += 1
        node = fitting[self._next_node % len(fitting)]["metadata"]["name"]
        return desk.edit(PODS, pod, lambda found: found["spec"].update(nodeName=node), status=True)

    def _stamp(self, seconds: float) -> str:
        return (self._start + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


_COLLECTED_KINDS = ("Deployment", "ReplicaSet", "Job", "CronJob")


def _named(obj: Mapping[str, Any], namespace: str, name: str) -> bool:
    return bool(obj["metadata"]["name"] == name) and obj["metadata"].get("namespace") == namespace


class SimulatedClock:
    """The port's Clock for tests: `wait` returns at once, and meanwhile the simulation has lived through that time, with a
    tick each `step` seconds."""

    def __init__(self, simulation: Simulation, clock: ManualClock, *, step: float = 1.0) -> None:
        self._simulation, self._clock, self._step = simulation, clock, step

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def now(self) -> datetime:
        return self._clock.now()

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        end = self._clock.monotonic() + seconds
        while not stop.is_set() and (left := end - self._clock.monotonic()) > 1e-9:
            self._clock.advance(min(self._step, left))
            self._simulation.tick()
        return stop.is_set()


class DemoClock:
    """The port's Clock for `--demo`: waits in real time, `speed` simulated seconds to a real one. The simulation catches up
    whenever somebody waits or sends a request (`attend`), so a rollout can be watched and no thread is needed."""

    def __init__(self, simulation: Simulation, clock: ManualClock, *, speed: float = 2.0) -> None:
        self._simulation, self._clock, self._speed = simulation, clock, speed
        self._lock = threading.Lock()
        self._real = time.monotonic()

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return self._clock.now()

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        stopped = stop.wait(seconds)
        self.catch_up()
        return stopped

    def attend(self, request: Request) -> None:
        """A hook of the cluster."""
        del request
        self.catch_up()

    def catch_up(self) -> None:
        """Lives through the time since the last call, a tick a simulated second; of a long pause only the first minute."""
        with self._lock:
            ticks = int((time.monotonic() - self._real) * self._speed)
            if ticks:
                self._real += ticks / self._speed
                for _ in range(min(ticks, _CATCH_UP_TICKS)):
                    self._clock.advance(1.0)
                    self._simulation.tick()
                self._clock.advance(max(0, ticks - _CATCH_UP_TICKS))
