"""Nodes of paper for the real scheduler and the real attach-detach controller: they are Ready, have a size, and run nothing.

A taint keeps the Pods of other tests away; `here(…)` is what a Pod's spec needs to be let in. They send no heartbeat, so the
node controller takes them for dead after its grace period of 50 s: tests with them are shorter than that.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import eventually

TAINT = "paper.test/only"
ATTACHED_BY_CONTROLLER = "volumes.kubernetes.io/controller-managed-attach-detach"
_INFO = ("machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeProxyVersion")


def here(group: str) -> dict[str, Any]:
    """For a Pod's spec: it may run on the nodes of this group, and on no others."""
    return {"tolerations": [{"key": TAINT, "operator": "Exists"}], "nodeSelector": {TAINT: group}}


@contextmanager
def paper_nodes(cluster: ControlPlane, count: int, *, version: str = "v1.35.4", cpu: str = "8") -> Iterator[list[str]]:
    """Makes so many nodes until the block ends; gives their names, which begin with the name of their group and a dash."""
    group = f"paper{secrets.token_hex(4)}"
    names = [f"{group}-{number}" for number in range(count)]
    size = {"cpu": cpu, "memory": "64Gi", "pods": "100"}
    info = {"kubeletVersion": version, "operatingSystem": "linux", "architecture": "amd64"}
    ready = {"type": "Ready", "status": "True", "reason": "Paper", "message": "of paper"}
    try:
        for name in names:
            meta = {
                "name": name,
                "labels": {TAINT: group, "kubernetes.io/hostname": name},
                "annotations": {ATTACHED_BY_CONTROLLER: "true"},
            }
            node = {
                "apiVersion": "v1", "kind": "Node", "metadata": meta,
                "spec": {"taints": [{"key": TAINT, "value": "true", "effect": "NoSchedule"}]},
                "status": {"conditions": [ready], "capacity": size, "allocatable": size, "nodeInfo": dict.fromkeys(_INFO, "") | info},
            }  # fmt: skip
            cluster.kubectl("create", "-f", "-", input=json.dumps(node))
        for name in names:
            eventually(lambda name=name: _only_ours(cluster, name), what=f"{name} is taken for ready")  # type: ignore[misc]
        yield names
    finally:
        cluster.kubectl("delete", "node", *names, "--ignore-not-found", check=False)


def _only_ours(cluster: ControlPlane, name: str) -> bool:
    """The server gives each new node a taint `not-ready`, which the node controller takes away."""
    node = json.loads(cluster.kubectl("get", "node", name, "-o", "json").stdout)
    return [taint["key"] for taint in node["spec"]["taints"]] == [TAINT]
