"""A small embedded cluster for the actions' tests: objects, controllers and a clock that stands still until somebody waits."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, Progress, Result, Target, execute, prepare
from kubectl_sidecar.actions.undo import PreparedUndo, execute_undo, prepare_undo
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.kinds import Kind, resolve
from kubectl_sidecar.core.planning.policy import PolicyOptions
from kubectl_sidecar.sources.journal import MemoryJournal
from kubectl_sidecar.sources.memory import MemoryCluster
from kubectl_sidecar.sources.recipes import packaged
from kubectl_sidecar.sources.simulate import ManualClock, SimulatedClock, Simulation

INDEX = RecipeIndex(packaged())

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-1"},
    "status": {"nodeInfo": {"kubeletVersion": "v1.35.4"}},
}
APP = {
    "name": "checkout",
    "image": "registry.example.com/shop/checkout:1",
    "ports": [{"name": "http", "containerPort": 8080}],
    "volumeMounts": [{"name": "logs", "mountPath": "/var/log/app"}],
}
SHIPPER = {
    "name": "log-shipper",
    "image": "fluent/fluent-bit:3.2",
    "volumeMounts": [{"name": "logs", "mountPath": "/var/log/app", "readOnly": True}],
}


def workload(
    kind: str = "deploy", *, containers: Iterable[Any] = (APP, SHIPPER), annotations: dict[str, str] | None = None,
    metadata: dict[str, Any] | None = None, **spec: Any,
) -> dict[str, Any]:  # fmt: skip
    """An object of a kind, named checkout in namespace shop, with an app and a log shipper unless told otherwise."""
    found: Kind = resolve(kind)
    pod: dict[str, Any] = {"containers": copy.deepcopy(list(containers)), "volumes": [{"name": "logs", "emptyDir": {}}]}
    labels: dict[str, Any] = {"labels": {"app": "checkout"}} | ({"annotations": annotations} if annotations else {})
    template: dict[str, Any] = {"metadata": labels, "spec": pod}
    base = {"apiVersion": found.resource.api_version, "kind": found.name}
    meta = {"name": "checkout", "namespace": "shop", **(metadata or {})}
    match found.name:
        case "Pod":
            return {**base, "metadata": {**meta, **template["metadata"]}, "spec": pod}
        case "CronJob":
            pod["restartPolicy"] = "Never"
            body: dict[str, Any] = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
        case "Job":
            pod["restartPolicy"] = "Never"
            body = {"template": template}
        case "ReplicationController":
            body = {"selector": {"app": "checkout"}, "template": template, "replicas": 2}
        case "DaemonSet":
            body = {"selector": {"matchLabels": {"app": "checkout"}}, "template": template}
        case _:
            body = {"selector": {"matchLabels": {"app": "checkout"}}, "template": template, "replicas": 2}
    return {**base, "metadata": meta, "spec": {**body, **spec}}


@dataclass
class World:
    """What a test acts on. `events` are all that was reported."""

    cluster: MemoryCluster
    simulation: Simulation
    clock: SimulatedClock
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    events: list[Progress] = field(default_factory=list)

    def target(self, kind: str = "deploy") -> Target:
        return Target(resolve(kind), "shop", "checkout")

    def prepare(self, kind: str = "deploy", options: MigrateOptions | None = None) -> Prepared:
        return prepare(
            self.cluster, self.target(kind), INDEX, options or MigrateOptions(policy=PolicyOptions(assume_yes=True))
        )

    def execute(self, prepared: Prepared) -> Result:
        return execute(
            prepared,
            cluster=self.cluster,
            journal=self.journal,
            report=self.events.append,
            stop=threading.Event(),
            clock=self.clock,
        )

    def migrate(self, kind: str = "deploy", options: MigrateOptions | None = None) -> Result:
        return self.execute(self.prepare(kind, options))

    def prepare_undo(self, kind: str = "deploy") -> PreparedUndo:
        return prepare_undo(self.cluster, self.journal, self.target(kind))

    def undo(self, kind: str = "deploy") -> Result:
        return execute_undo(
            self.prepare_undo(kind), cluster=self.cluster, journal=self.journal, report=self.events.append,
            stop=threading.Event(), clock=self.clock,
        )  # fmt: skip

    def template(self, kind: str = "deploy") -> dict[str, Any]:
        value: Any = self.cluster.get(resolve(kind).resource, "shop", "checkout")
        for key in resolve(kind).template:
            value = value[key]
        return dict(value)

    def edit(self, change: Callable[[dict[str, Any]], None], kind: str = "deploy") -> None:
        """Somebody else changes the object."""
        obj = copy.deepcopy(dict(self.cluster.get(resolve(kind).resource, "shop", "checkout")))
        change(obj)
        self.cluster.put(obj)


def world(*objects: dict[str, Any], **settings: Any) -> World:
    """A settled cluster with these objects."""
    clock = ManualClock()
    cluster = MemoryCluster([NODE, *objects], namespace="shop", now=clock.now, **settings)
    simulation = Simulation(cluster, clock)
    simulated = SimulatedClock(simulation, clock)
    simulated.wait(30, threading.Event())
    return World(cluster, simulation, simulated)
