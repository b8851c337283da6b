"""What the tables of risks are made of: a case, and the parts of which its Pods are built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_sidecar.core.classification.findings import Evidence
from kubectl_sidecar.core.facts import Facts, Unknown, Version
from kubectl_sidecar.core.plan import Plan, Severity
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.recipes.recipe import Recipe
from tests.core.judging import KNOWN, app, helper, node, plan, pod_object


@dataclass(frozen=True)
class Case:
    """`has` is the severity with which the risk is told, None where it must not be."""

    id: str
    has: Severity | None
    obj: dict[str, Any]
    recipe: Recipe | None = None
    facts: Facts = KNOWN
    options: PlanOptions = field(default_factory=PlanOptions)
    finding: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    also: tuple[str, ...] = ()
    """Other containers that move too."""

    def plan(self) -> Plan:
        return plan(
            self.obj,
            {"helper": self.recipe, **dict.fromkeys(self.also)},
            self.facts,
            self.options,
            helper=dict(self.finding),
        )


def known(**fields: Any) -> Facts:
    return replace(KNOWN, **fields)


def at(server: Version, *kubelets: Version) -> Facts:
    return known(server=server, nodes=tuple(node(f"n{i}", v) for i, v in enumerate(kubelets or (server,))))


V127, V129, V132, V133, V1351 = (
    Version(1, 27, 8),
    Version(1, 29, 4),
    Version(1, 32, 1),
    Version(1, 33, 0),
    Version(1, 35, 1),
)
DENIED = Unknown("no right to read them")
SIMPLE = pod_object(app(), helper())
JOB = pod_object(app(), helper(), kind="CronJob")
TAINT = ({"key": "virtual", "value": "x", "effect": "NoSchedule"},)
CONFIG = {"volumes": [{"name": "c", "configMap": {"name": "c"}}]}
EMPTY = {"volumes": [{"name": "shared", "emptyDir": {}}]}


def mounted(**fields: Any) -> dict[str, Any]:
    return {"volumeMounts": [{"name": "shared", "mountPath": "/shared", **fields}]}


def probe(**action: Any) -> dict[str, Any]:
    return {"startupProbe": {"periodSeconds": 1, **action}}


def http(port: int | str, path: str = "/") -> dict[str, Any]:
    return {"httpGet": {"port": port, "path": path}}


def run(script: str) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", script]}}


def hook(name: str, action: dict[str, Any]) -> dict[str, Any]:
    return {"lifecycle": {name: action}}


def script(text: str) -> dict[str, Any]:
    return {"command": ["sh", "-c", text]}


def in_sight(text: str, kind: str = "Deployment") -> dict[str, Any]:
    """The helper runs a script, and sees the processes of the app."""
    return pod_object(app(), helper(**script(text)), kind=kind, spec={"shareProcessNamespace": True})


def asking(cpu: str) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}}


def limited(cpu: str) -> dict[str, Any]:
    return {"resources": {"limits": {"cpu": cpu}, "requests": {"cpu": cpu}}}


def service(*targets: int | str) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": target} for target in targets]
    return {"metadata": {"name": "shop", "namespace": "shop"}, "spec": {"selector": {"app": "shop"}, "ports": ports}}


def live(status: dict[str, Any], *, count: int = 1, phase: str = "Running", **pod: Any) -> Facts:
    one = {
        "metadata": {"name": "p"},
        "status": {"phase": phase, "containerStatuses": [{"name": "helper", **status}]},
        **pod,
    }
    return known(pods=(one,) * count)


RUNS = {"restartCount": 0, "state": {"running": {}}}
PULL = {"restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
LOOPS = {
    "restartCount": 9,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1}},
}
ENDED = {
    "restartCount": 3,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 0}},
}


def injected_pod(where: str) -> dict[str, Any]:
    return {"spec": {where: [{"name": "mesh-proxy", "restartPolicy": "Always"}]}, "status": {}}


def rolling(kind: str = "Deployment", **strategy: Any) -> dict[str, Any]:
    replicas, name = strategy.pop("replicas", 3), "updateStrategy" if kind != "Deployment" else "strategy"
    return pod_object(app(), helper(), kind=kind, top={"replicas": replicas, name: strategy})


FILE_LOOP = "until [ -f /shared/up ]; do sleep 1; done"
PORT_LOOP = "until nc -z localhost 8080; do sleep 1; done; exec tool"
FIRST = PlanOptions(place={"helper": "first"})
INIT = {"name": "migrate", **asking("1500m")}
MESH_NS = {"metadata": {"name": "shop", "labels": {"mesh.example.com/inject": "enabled"}}}
MAIN_EVIDENCE = (Evidence("claim", "alone mounts the claim data", "medium", "main"),)
HPA = {
    "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "shop"},
        "metrics": [{"containerResource": {"container": "helper"}}],
    }
}
VPA = {"metadata": {"name": "v"}, "spec": {"targetRef": {"kind": "Deployment", "name": "shop"}}}
PDB = {"metadata": {"name": "b"}, "spec": {"selector": {"matchLabels": {"app": "shop"}}, "minAvailable": 4}}
QUOTA = {
    "metadata": {"name": "q"},
    "spec": {"hard": {"requests.cpu": "2600m"}},
    "status": {"used": {"requests.cpu": "1"}},
}
LIMITS = {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1600m"}}]}}
CLAIM = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
WITH_CLAIM = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}
POLICY = {"metadata": {"name": "np"}, "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": "side"}]}]}}
NAMED = helper(ports=[{"containerPort": 9102, "name": "side"}])
APPLIED = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}
HELM = {"annotations": {"meta.helm.sh/release-name": "shop"}}


def pointing(path: str, name: str = "shop") -> dict[str, Any]:
    """A Kustomization that patches by an index."""
    patch = {"target": {"kind": "Deployment", "name": name}, "patch": f"- op: remove\n  path: {path}\n"}
    return {"kind": "Kustomization", "patches": [patch]}


def elsewhere(obj: dict[str, Any]) -> dict[str, Any]:
    """The same object in another namespace."""
    return {**obj, "metadata": {**obj["metadata"], "namespace": "elsewhere"}}


def failure_policy(operator: str, *values: int, **more: Any) -> dict[str, Any]:
    rule = {"action": "FailJob", "onExitCodes": {"operator": operator, "values": list(values), **more}}
    return pod_object(app(), helper(), kind="CronJob", top={"podFailurePolicy": {"rules": [rule]}})
