"""A small shop in the embedded cluster, and what the tests of the screen need to act on it.

The recipes are the stage's own, so that a change of a packaged one changes no picture. Time is simulated: whoever waits on the
clock lives through the rollout at once."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from kubectl_sidecar.actions.inspect import Scope
from kubectl_sidecar.actions.migrate import MigrateOptions
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.recipes.recipe import Match, Recipe
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.journal import MemoryJournal
from kubectl_sidecar.sources.memory import MemoryCluster, Rights
from kubectl_sidecar.sources.simulate import ManualClock, SimulatedClock, Simulation
from kubectl_sidecar.tui.app import SidecarApp
from kubectl_sidecar.tui.session import Session

ScreenT = TypeVar("ScreenT", bound=Screen[Any])
SIZE = (100, 30)

RECIPES = (
    Recipe("fluent-bit", "Fluent Bit", "logging", Match(images=("fluent/fluent-bit",))),
    Recipe(
        "cloud-sql-proxy",
        "Cloud SQL Auth Proxy",
        "database",
        Match(images=("cloud-sql-connectors/cloud-sql-proxy",), args=("--port=*",)),
    ),
)

LOGS = {"name": "logs", "emptyDir": {}}
SHIPPER = {
    "name": "log-shipper",
    "image": "fluent/fluent-bit:3.2",
    "volumeMounts": [{"name": "logs", "mountPath": "/logs", "readOnly": True}],
}
PROXY = {
    "name": "proxy",
    "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1",
    "args": ["--port=5432", "shop:europe-west1:db"],
}


DATABASE = {"name": "DB_HOST", "value": "127.0.0.1:5432"}


def app_container(name: str, **fields: Any) -> Object:
    mounts = [{"name": "logs", "mountPath": "/logs"}]
    return {"name": name, "image": f"shop/{name}:1", "volumeMounts": mounts, **fields}


def pod_template(name: str, *containers: Object, **spec: Any) -> Object:
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": list(containers), "volumes": [LOGS], **spec}}


def workload(kind: str, name: str, template: Object, *, namespace: str = "shop", **extra: Any) -> Object:
    metadata = {"name": name, "namespace": namespace, **extra.pop("metadata", {})}
    selector = {"matchLabels": {"app": name}}
    spec = {"replicas": 2, "selector": selector, "template": template, **extra}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def cron_job(name: str, template: Object) -> Object:
    template["spec"]["restartPolicy"] = "Never"
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def shop() -> list[Object]:
    """One workload per story: two to migrate, one that Helm owns, one native, one without a helper; one in another namespace."""
    helm = {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "api", "meta.helm.sh/release-namespace": "shop"},
    }
    native = {**SHIPPER, "restartPolicy": "Always"}
    return [
        *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "other")),
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "worker", "labels": {"kubernetes.io/os": "linux"}},
            "status": {"nodeInfo": {"kubeletVersion": "v1.35.4"}},
        },
        workload("StatefulSet", "checkout", pod_template("checkout", app_container("checkout"), SHIPPER)),
        workload("Deployment", "api", pod_template("api", app_container("api"), SHIPPER), metadata=helm),
        workload("Deployment", "db", pod_template("db", app_container("db"), initContainers=[native])),
        workload("Deployment", "plain", pod_template("plain", app_container("plain"))),
        workload("Deployment", "search", pod_template("search", app_container("search"), SHIPPER)),
        cron_job("report", pod_template("report", app_container("report", env=[DATABASE]), PROXY)),
        workload("Deployment", "far", pod_template("far", app_container("far"), SHIPPER), namespace="other"),
    ]


@dataclass
class Stage:
    """The world of one test."""

    cluster: MemoryCluster
    clock: SimulatedClock
    journal: MemoryJournal
    app: SidecarApp

    def stored(self, word: str, name: str, namespace: str = "shop") -> Mapping[str, Any]:
        """An object as the cluster has it."""
        found = self.cluster.objects(resolve(word).resource)
        return next(o for o in found if (o["metadata"]["namespace"], o["metadata"]["name"]) == (namespace, name))

    def is_native(self, word: str, name: str) -> bool:
        kind = resolve(word)
        template: Any = self.stored(word, name)
        for key in kind.template:
            template = template[key]
        return any(c.get("restartPolicy") == "Always" for c in template["spec"].get("initContainers") or ())


def stage(
    *,
    namespaces: tuple[str, ...] | None = ("shop",),
    readonly: bool = False,
    rights: Rights | None = None,
    options: MigrateOptions | None = None,
    cluster_type: type[MemoryCluster] = MemoryCluster,
) -> Stage:
    """The shop, at rest, and the app on it; not yet running."""
    clock = ManualClock()
    cluster = cluster_type(shop(), context="prod-eu", namespace="shop", rights=rights, user="jane", now=clock.now)
    simulation = Simulation(cluster, clock)
    for _ in range(30):
        clock.advance(1.0)
        simulation.tick()
    simulated, journal = SimulatedClock(simulation, clock), MemoryJournal()
    scope = Scope(namespaces)
    session = Session(
        cluster, journal, RecipeIndex(RECIPES), simulated, scope, readonly, options or MigrateOptions()
    )  # fmt: skip
    return Stage(cluster, simulated, journal, SidecarApp(session))


def play(
    on: Stage, acts: Callable[[Pilot[int]], Awaitable[None]], *, size: tuple[int, int] = SIZE, loaded: bool = True
) -> None:
    """Runs the app without a terminal and lets `acts` press keys; with `loaded`, once the list is there."""

    async def run() -> None:
        async with on.app.run_test(size=size) as pilot:
            if loaded:
                await until(pilot, lambda: on.app.workloads.loading_state != "loading")
            await acts(pilot)

    asyncio.run(run())


async def until(pilot: Pilot[Any], condition: Callable[[], object], *, within: float = 20.0) -> None:
    """Waits for a condition."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it never came to it"
        await pilot.pause(0.01)
    await pilot.pause()


async def shown(pilot: Pilot[Any], kind: type[ScreenT]) -> ScreenT:
    """Waits for a screen of this kind on top."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    screen = pilot.app.screen
    assert isinstance(screen, kind)
    return screen


def select(on: Stage, name: str) -> None:
    """Puts the cursor on a workload."""
    table = on.app.workloads.table
    names = [entry.row.name for entry in table.listing.visible]
    table.action_jump(names.index(name))


def text_of(app: SidecarApp) -> str:
    """Everything that is to be read on the screen now, line by line, blanks squeezed."""
    pieces = re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>([^<]*)</text>', app.export_screenshot())
    lines: dict[float, str] = {}
    for y, text in pieces:
        lines[float(y)] = lines.get(float(y), "") + html.unescape(text).replace("\xa0", " ")
    return "\n".join(" ".join(lines[y].split()) for y in sorted(lines))
