"""Workloads with an app and a log shipper beside it, as people write them: the shipper is certainly a classic sidecar."""

import copy
from typing import Any

from kubectl_sidecar.core.kinds import resolve

Manifest = dict[str, Any]

APP: Manifest = {
    "name": "shop",
    "image": "registry.example.com/shop:1",
    "ports": [{"name": "http", "containerPort": 8080}],
    "volumeMounts": [{"name": "logs", "mountPath": "/var/log/shop"}],
}
SHIPPER: Manifest = {
    "name": "log-shipper",
    "image": "fluent/fluent-bit:3.2",
    "volumeMounts": [{"name": "logs", "mountPath": "/var/log/shop", "readOnly": True}],
}


def classic(
    kind: str = "deployment", name: str = "shop", *, labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None, containers: tuple[Manifest, ...] = (APP, SHIPPER),
    pod: Manifest | None = None, **spec: Any,
) -> Manifest:  # fmt: skip
    """An object of a kind that `resolve` knows; `pod` adds to the Pod's spec, `spec` to the object's. Two replicas where
    the kind has replicas."""
    found = resolve(kind)
    batch = found.name in ("Job", "CronJob")
    body: Manifest = {
        "containers": copy.deepcopy(list(containers)),
        "volumes": [{"name": "logs", "emptyDir": {}}],
        "terminationGracePeriodSeconds": 5,
        **({"restartPolicy": "Never"} if batch else {}),
        **(pod or {}),
    }
    meta = {"name": name, "labels": {"app": name, **(labels or {})}, "annotations": annotations or {}}
    base: Manifest = {"apiVersion": found.resource.api_version, "kind": found.name, "metadata": meta}
    if found.name == "Pod":
        return {**base, "spec": {**body, **spec}}
    template = {"metadata": {"labels": {"app": name}}, "spec": body}
    match found.name:
        case "Job":
            return {**base, "spec": {"template": template, **spec}}
        case "CronJob":
            run = {"spec": {"template": template}}
            return {**base, "spec": {"schedule": "0 3 * * *", "jobTemplate": run, **spec}}
        case "ReplicationController":
            return {**base, "spec": {"replicas": 2, "selector": {"app": name}, "template": template, **spec}}
        case "DaemonSet":
            own = {}
        case "StatefulSet":
            own = {"replicas": 2, "serviceName": name, "podManagementPolicy": "Parallel"}
        case _:
            own = {"replicas": 2}
    return {**base, "spec": {**own, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}}


def template_of(obj: Manifest) -> Manifest:
    """The Pod template of an object as the server has it."""
    value: Any = obj
    for key in resolve(obj["kind"].lower()).template:
        value = value[key]
    return dict(value)


def names(template: Manifest, key: str = "initContainers") -> list[str]:
    """The names of a template's containers in one of its lists."""
    return [container["name"] for container in template["spec"].get(key) or ()]


def is_native(template: Manifest, helper: str = "log-shipper") -> bool:
    """Whether the helper is a native sidecar, and nowhere else."""
    entries = [c for c in template["spec"].get("initContainers") or () if c["name"] == helper]
    return [c.get("restartPolicy") for c in entries] == ["Always"] and helper not in names(template, "containers")
