"""Small recipes and workloads for the tests of the classifier. The families are invented, so that no test depends on what
the packaged recipes say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.classification.findings import Finding, Override, Surroundings
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.recipes.recipe import Injector, Match, Placement, Recipe
from kubectl_sidecar.core.workload import Workload

RECIPES = (
    Recipe(
        "shipper",
        "Log shipper",
        "log shipper",
        Match(images=("acme/shipper",), names=("shipper", "log-shipper")),
        placement=Placement("log-shipper"),
    ),
    Recipe("db-proxy", "Database proxy", "database", Match(images=("acme/db-proxy",), names=("db-proxy",)), traffic="outbound"),
    Recipe(
        "guard",
        "Auth proxy",
        "auth",
        Match(images=("acme/guard",), names=("guard",), command=("--upstream=http://127.0.0.1:*",)),
        traffic="inbound",
    ),
    Recipe(
        "mesh",
        "Mesh proxy",
        "mesh",
        Match(images=("acme/mesh-proxy",), names=("mesh-proxy",)),
        injector=Injector("mesh injector", marks=("mesh.example.com/status", "mesh-*/injected")),
    ),
    Recipe("kv-exporter", "Exporter", "metrics", Match(images=("acme/kv-exporter",), names=("metrics", "kv-exporter"))),
    Recipe("store-agent", "Agent", "secrets", Match(images=("acme/store",), names=("store-agent",), command=("store agent",)), generic=True),
    Recipe("tailer", "Tailer", "log shipper", Match(images=("tinybox",), command=("tail -F *",)), generic=True, placement=Placement("log-shipper")),
    Recipe("toolbox", "Shell", "other", Match(images=("shellbox",), names=("toolbox",), command=("sleep infinity", "sleep 3600")), generic=True),
    Recipe("many", "Cache", "other", Match(images=("acme/many",), names=("many-sidecar",), ports=(6379,)), generic=True, traffic="outbound"),
    Recipe("web-pair", "Web pair", "runtime", Match(images=("acme/front", "acme/back")), role="peer"),
    Recipe("node-thing", "Node agent", "agents", Match(images=("acme/node-thing",), names=("node-thing",)), role="main"),
    Recipe("syncer", "Content sync", "config sync", Match(images=("acme/syncer",), names=("content-sync",)), placement=Placement("config-sync")),
    Recipe("nudger", "Reloader", "config sync", Match(images=("acme/nudger",), names=("nudger",)), attached=True),
    Recipe("relay", "Relay", "database", Match(images=("acme/relay",), names=("relay",)), traffic="outbound", attached=True),
    Recipe("rumour", "Unread", "other", Match(images=("rumour/helper",), names=("rumour",)), unconfirmed=("rumour/helper",)),
)  # fmt: skip
INDEX = RecipeIndex(RECIPES)


def c(name: str, image: str | None = None, **fields: Any) -> dict[str, Any]:
    """A container; `image` is made up from its name if none is given."""
    return {"name": name, "image": image or f"registry.example.com/{name}-image:1", **fields}


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def ports(*numbers: int, name: str | None = None) -> list[dict[str, Any]]:
    return [{"containerPort": number, **({"name": name} if name else {})} for number in numbers]


def mount(volume: str, path: str = "", **fields: Any) -> list[dict[str, Any]]:
    """The volumeMounts of a container that mounts one volume, at `/volume` unless a path is given."""
    return [{"name": volume, "mountPath": path or f"/{volume}", **fields}]


def read(volume: str, path: str = "") -> list[dict[str, Any]]:
    return mount(volume, path, readOnly=True)


def empty(volume: str) -> list[dict[str, Any]]:
    """The Pod's volumes: one emptyDir."""
    return [{"name": volume, "emptyDir": {}}]


def workload(*containers: Mapping[str, Any], kind: str = "Deployment", name: str = "shop", annotations: Mapping[str, str] | None = None,
             labels: Mapping[str, str] | None = None, **spec: Any) -> Workload:  # fmt: skip
    """A workload of these containers; `annotations` and `labels` are the template's, `spec` the rest of the Pod's spec."""
    metadata = {"annotations": dict(annotations or {}), "labels": dict(labels or {})}
    pod = {"containers": list(containers), **spec}
    resolved = resolve(kind)
    if kind == "Pod":
        return decode_object(resolved, {"metadata": {"name": name, **metadata}, "spec": pod})
    template = {"metadata": metadata, "spec": pod}
    body = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    return decode_object(resolved, {"metadata": {"name": name}, "spec": body})


def judge(
    subject: Workload, overrides: Mapping[str, Override] | None = None, around: Surroundings | None = None
) -> tuple[Finding, ...]:
    return classify(subject, INDEX, overrides=overrides or {}, surroundings=around)


def roles(findings: Sequence[Finding]) -> dict[str, str]:
    return {f.name: f.role for f in findings}


def one(findings: Sequence[Finding], name: str) -> Finding:
    return next(f for f in findings if f.name == name)
