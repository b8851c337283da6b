"""Scenes for the tests of semantics: a classic Pod, its plan, and what is seen of both forms on the node.

A scene's native form is the plan's own result. A Pod's name is unique on the node, because the record that its containers write
is found by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubectl_sidecar.core.facts import Facts
from kubectl_sidecar.core.plan import Plan
from kubectl_sidecar.core.planning.planner import PlanOptions
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import eventually
from tests.core.judging import KNOWN, plan, pod_object
from tests.node.manifests import Event, Form, Manifest, container, draining, job_of, on_the_node, pod, read_events


@dataclass(frozen=True)
class Scene:
    """A classic Pod spec, the names of its helpers, and how the migration is asked for; of a Job, more of its spec."""

    spec: Manifest
    helpers: tuple[str, ...] = ("helper",)
    place: Mapping[str, str] | None = None
    job: Mapping[str, Any] | None = None
    facts: Facts = KNOWN

    def plan(self, facts: Facts | None = None) -> Plan:
        """What the tool plans for it, as a CronJob or a Deployment."""
        kind = "Deployment" if self.job is None else "CronJob"
        top = None if self.job is None else dict(self.job)
        spec = {key: value for key, value in self.spec.items() if key not in ("containers", "initContainers")}
        obj = pod_object(*self.spec["containers"], kind=kind, init=self.spec["initContainers"], spec=spec, top=top)
        return plan(obj, dict.fromkeys(self.helpers), facts or self.facts, PlanOptions(place=self.place or {}))

    def risks(self, facts: Facts | None = None) -> dict[str, str]:
        """The risks that the plan names, with their severity."""
        return {risk.id: risk.severity for risk in self.plan(facts).risks}

    def manifest(self, name: str, form: Form) -> Manifest:
        planned = self.plan()
        spec = dict((planned.after if form == "native" else planned.before)["spec"])
        return pod(name, spec) if self.job is None else job_of(name, spec, **self.job)


def uptime() -> float:
    """The machine's, which the containers write down too."""
    return float(Path("/proc/uptime").read_text().split()[0])


def run(cluster: ControlPlane, namespace: str, *manifests: Manifest) -> None:
    """Creates all of them with one call."""
    made = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    cluster.kubectl("create", "-n", namespace, "-f", "-", input=json.dumps(made))


@dataclass(frozen=True)
class Watched:
    """One Pod, by what its containers wrote and what the API server says of it."""

    cluster: ControlPlane
    shared: Path
    namespace: str
    name: str

    def events(self) -> list[Event]:
        return read_events(self.shared, self.name)

    def times(self, container: str, event: str) -> list[float]:
        """When a container wrote an event, in seconds."""
        return [e.uptime for e in self.events() if (e.container, e.event) == (container, event)]

    def at(self, container: str, event: str) -> float:
        """When it wrote that for the first time."""
        times = self.times(container, event)
        assert times, f"{container} of {self.name} never wrote {event}: {self.events()}"
        return times[0]

    def write(self, event: str) -> None:
        """Writes it down in the name of `test`, for containers that wait for that (manifests.once)."""
        with (self.shared / self.name).open("a") as record:
            record.write(f"{uptime()} test {event}\n")

    def until(self, container: str, event: str, *, times: int = 1, timeout: float = 60) -> None:
        """Waits until the container wrote the event so often."""
        what = f"{container} of {self.name} wrote {event} {times} times"
        eventually(lambda: len(self.times(container, event)) >= times, what=what, timeout=timeout)

    def object(self) -> dict[str, Any]:
        return self.cluster.get("pod", self.name, namespace=self.namespace)

    def status(self, container: str) -> dict[str, Any]:
        """The container's status, in whichever list it is; empty while there is none."""
        status = self.object().get("status", {})
        entries = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
        return next((dict(entry) for entry in entries if entry["name"] == container), {})


@dataclass(frozen=True)
class Stage:
    """Where a test's Pods run."""

    cluster: ControlPlane
    shared: Path
    namespace: str
    node: str

    def pod(self, name: str) -> Watched:
        return Watched(self.cluster, self.shared, self.namespace, f"{self.namespace}-{name}")

    def start(self, **scenes: tuple[Scene, Form]) -> list[Watched]:
        """Runs the scenes; a Pod's name is unique on the node, since its record is."""
        pods = [self.pod(name.replace("_", "-")) for name in scenes]
        manifests = (s.manifest(p.name, form) for p, (s, form) in zip(pods, scenes.values(), strict=True))
        run(self.cluster, self.namespace, *manifests)
        return pods

    def end(self, *pods: Watched) -> None:
        """Deletes the Pods at once and waits until all are gone."""
        names = [p.name for p in pods]
        self.cluster.kubectl("delete", "pod", *names, "-n", self.namespace, "--wait=true", "--timeout=120s")


def seen(*pods: Watched) -> Facts:
    """What the tool knows when these are a workload's live Pods."""
    return replace(KNOWN, pods=tuple(p.object() for p in pods))


class Parts:
    """Containers of the scenes."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared

    def main(self, script: str = draining(0), name: str = "main", **fields: Any) -> Manifest:
        return {**container(name, script, shared=self.shared), **fields}

    def helper(self, script: str = draining(0), name: str = "helper", **fields: Any) -> Manifest:
        return {**container(name, script, shared=self.shared), **fields}

    def spec(self, *containers: Manifest, **fields: Any) -> Manifest:
        return on_the_node(*containers, shared=self.shared, **fields)

    def scene(self, *containers: Manifest, **fields: Any) -> Scene:
        return Scene(self.spec(*containers, **fields))
