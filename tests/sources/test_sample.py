"""The cluster of `--demo`: it is settled, tells its stories, and changes as a user's would."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from kubectl_sidecar.core.kinds import KINDS, NAMESPACES, NODES, of_object, resolve
from kubectl_sidecar.sources.memory import PODS, MemoryCluster
from kubectl_sidecar.sources.sample import demo_cluster, sample_cluster, sample_manifests
from kubectl_sidecar.sources.simulate import ManualClock, SimulatedClock

NEVER = threading.Event()


@pytest.fixture(scope="module")
def cluster() -> MemoryCluster:
    return sample_cluster(ManualClock())[0]


def names_of(pod: Mapping[str, Any], key: str = "containers") -> list[str]:
    return [container["name"] for container in pod["spec"].get(key) or ()]


def pods_of(cluster: MemoryCluster, name: str) -> list[dict[str, Any]]:
    return [pod for pod in cluster.objects(PODS) if pod["metadata"]["name"].startswith(f"{name}-")]


def ready(pod: Mapping[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])


def test_it_has_every_kind_that_can_have_a_sidecar(cluster: MemoryCluster) -> None:
    found = {kind.name for obj in sample_manifests() if (kind := of_object(obj))}
    assert found == {kind.name for kind in KINDS}


def test_most_workloads_are_plain(cluster: MemoryCluster) -> None:
    plain = 0
    for obj in sample_manifests():
        if kind := of_object(obj):
            spec: Any = obj
            for key in kind.pod_spec:
                spec = spec[key]
            plain += len(spec["containers"]) == 1 and not spec.get("initContainers")
    assert plain >= 15


def test_nodes_of_three_minor_versions(cluster: MemoryCluster) -> None:
    versions = {node["status"]["nodeInfo"]["kubeletVersion"][:5] for node in cluster.objects(NODES)}
    assert versions == {"v1.33", "v1.34", "v1.35"}


def test_all_pods_but_those_of_the_hanging_jobs_are_ready(cluster: MemoryCluster) -> None:
    waiting = {
        pod["metadata"]["name"].rpartition("-")[0].split("-")[0] for pod in cluster.objects(PODS) if not ready(pod)
    }
    assert waiting == {"report", "settle"}


@pytest.mark.parametrize("name", ["report", "settle-january"])
def test_a_job_hangs_on_its_proxy(cluster: MemoryCluster, name: str) -> None:
    (pod,) = pods_of(cluster, name)
    assert [next(iter(s["state"])) for s in pod["status"]["containerStatuses"]] == ["terminated", "running"]
    job = next(j for j in cluster.objects(resolve("job").resource) if j["metadata"]["name"].startswith(name))
    assert job["status"]["active"] == 1
    assert "conditions" not in job["status"]


def test_the_mesh_proxy_is_in_the_live_pods_only(cluster: MemoryCluster) -> None:
    gateway = cluster.get(resolve("deploy").resource, "payments", "gateway")
    assert names_of(gateway["spec"]["template"]) == ["gateway"]
    pods = pods_of(cluster, "gateway")
    assert [names_of(pod) for pod in pods] == [["gateway", "istio-proxy"]] * 2
    assert all("sidecar.istio.io/status" in pod["metadata"]["annotations"] for pod in pods)
    assert cluster.get(NAMESPACES, None, "payments")["metadata"]["labels"]["istio-injection"] == "enabled"


def test_a_pod_that_asks_not_to_be_injected_is_not(cluster: MemoryCluster) -> None:
    assert {tuple(names_of(pod)) for pod in pods_of(cluster, "ledger")} == {("ledger", "tls")}


def test_a_dry_run_of_a_pod_shows_the_injection(cluster: MemoryCluster) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "x-"},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    }
    assert names_of(cluster.create(PODS, "payments", body, dry_run=True).object) == ["a", "istio-proxy"]
    assert names_of(cluster.create(PODS, "shop", body, dry_run=True).object) == ["a"]


def test_no_write_leaks_from_one_demo_to_the_next() -> None:
    first = sample_cluster(ManualClock())[0]
    first.edit(resolve("deploy").resource, "shop", "checkout", lambda o: o["spec"].update(replicas=9))
    second = sample_cluster(ManualClock())[0]
    assert second.get(resolve("deploy").resource, "shop", "checkout")["spec"]["replicas"] == 4


def to_native(cluster: MemoryCluster, namespace: str, name: str, index: int = 1) -> None:
    spec = "/spec/template/spec"
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": f"{spec}/initContainers", "value": []},
        {"op": "move", "from": f"{spec}/containers/{index}", "path": f"{spec}/initContainers/0"},
        {"op": "add", "path": f"{spec}/initContainers/0/restartPolicy", "value": "Always"},
    ]
    cluster.patch(resolve("deploy").resource, namespace, name, operations, dry_run=False)


def test_a_migration_rolls_out() -> None:
    clock = ManualClock()
    cluster, simulation = sample_cluster(clock)
    to_native(cluster, "shop", "checkout")
    SimulatedClock(simulation, clock).wait(60, NEVER)
    pods = pods_of(cluster, "checkout")
    assert [names_of(pod, "initContainers") for pod in pods] == [["log-shipper"]] * 4
    assert all(map(ready, pods))


def test_the_helper_that_waits_for_its_application_would_hang() -> None:
    clock = ManualClock()
    cluster, simulation = sample_cluster(clock)
    to_native(cluster, "payments", "refunds")
    SimulatedClock(simulation, clock).wait(60, NEVER)
    stuck = [pod for pod in pods_of(cluster, "refunds") if names_of(pod, "initContainers")]
    assert [pod["status"]["phase"] for pod in stuck] == ["Pending"]
    assert sum(map(ready, pods_of(cluster, "refunds"))) == 1


def test_the_demo_ends_its_settling_now_and_goes_on_with_the_time_that_passes() -> None:
    now = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
    demo = demo_cluster(now=now, speed=1_000_000)
    assert demo.clock.now() == now
    assert demo.cluster.context == "demo"
    deadline = time.monotonic() + 30
    while demo.clock.now() == now:
        demo.cluster.version()
        assert time.monotonic() < deadline
