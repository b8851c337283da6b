"""What stands around a workload and does not see, or sees, a native sidecar: autoscaler, volumes, scheduler, injectors, old nodes.

The controllers and the scheduler are real. What they look at is made by the test: Nodes of paper, metrics as a metrics server
would serve them, a volume whose driver is the test, a webhook.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from kubectl_sidecar.actions.inspect import Scope, scan
from kubectl_sidecar.sources.kube import connect
from tests.cluster.classic import APP, SHIPPER, Manifest, classic, is_native
from tests.cluster.control_plane import ControlPlane
from tests.cluster.desk import Desk, risks
from tests.cluster.hollow_kubelet import TOLERATIONS, HollowKubelet
from tests.cluster.paper_nodes import here, paper_nodes
from tests.cluster.processes import eventually, steadily
from tests.cluster.webhooks import injecting, mutating_webhook

HELPER = SHIPPER["name"]


def pods_of(desk: Desk) -> list[dict[str, Any]]:
    """The Pods that are not on their way out."""
    pods = desk.cluster.get("pods", "-l", "app=shop", namespace=desk.namespace)["items"]
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def unschedulable(pod: dict[str, Any]) -> str:
    """What the scheduler has against the Pod."""
    conditions = pod.get("status", {}).get("conditions", ())
    return " ".join(c.get("message", "") for c in conditions if c["type"] == "PodScheduled" and c["status"] == "False")


# HorizontalPodAutoscaler


@contextmanager
def metrics_api(cluster: ControlPlane) -> Iterator[None]:
    """The API that a metrics server serves, as objects that the test writes."""
    name = {"plural": "pods", "singular": "pod", "kind": "PodMetrics", "listKind": "PodMetricsList"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "pods.metrics.k8s.io", "annotations": {"api-approved.kubernetes.io": "unapproved, a test's stand-in"}},
        "spec": {
            "group": "metrics.k8s.io", "scope": "Namespaced", "names": name,
            "versions": [{"name": "v1beta1", "served": True, "storage": True, "schema": schema}],
        },
    }  # fmt: skip
    try:
        cluster.kubectl("create", "-f", "-", input=json.dumps(crd))
        cluster.kubectl("wait", "--for=condition=Established", "crd/pods.metrics.k8s.io", "--timeout=120s")
        yield
    finally:
        cluster.kubectl("delete", "crd", "pods.metrics.k8s.io", "--ignore-not-found", "--wait=true", check=False)


def usage(pod: dict[str, Any], **millis: int) -> Manifest:
    """The Pod's metrics: what its containers use, in thousandths of a core."""
    meta = {"name": pod["metadata"]["name"], "labels": pod["metadata"]["labels"]}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    containers = [{"name": name.replace("_", "-"), "usage": {"cpu": f"{cpu}m"}} for name, cpu in millis.items()]
    return {
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": meta,
        "timestamp": now, "window": "1s", "containers": containers,
    }  # fmt: skip


def autoscaler(container: str) -> Manifest:
    cpu = {"name": "cpu", "container": container, "target": {"type": "Utilization", "averageUtilization": 50}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "shop"},
        "spec": {
            "scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 2,
            "metrics": [{"type": "ContainerResource", "containerResource": cpu}],
        },
    }  # fmt: skip


def test_an_autoscaler_finds_the_native_helper_if_the_metrics_server_reports_it(
    desk: Desk, kubelet: HollowKubelet
) -> None:
    size = {"resources": {"requests": {"cpu": "100m"}}}
    containers = ({**APP, **size}, {**SHIPPER, **size})
    desk.create(classic(containers=containers, pod={"tolerations": TOLERATIONS}), autoscaler(HELPER))
    desk.cluster.kubectl("rollout", "status", "deployment/shop", "-n", desk.namespace, "--timeout=120s")
    prepared = desk.prepare()
    assert risks(prepared)["hpa"] == "note"
    desk.write(prepared)
    desk.cluster.kubectl("rollout", "status", "deployment/shop", "-n", desk.namespace, "--timeout=120s")
    eventually(lambda: len(pods_of(desk)) == 2, what="the old Pods are gone")

    def measured() -> tuple[str, Any]:
        status = desk.cluster.get("hpa", "shop", namespace=desk.namespace).get("status", {})
        conditions = {c["type"]: c for c in status.get("conditions", ())}
        current = [
            m["containerResource"]["current"].get("averageUtilization")
            for m in status.get("currentMetrics") or ()
            if m.get("type")
        ]
        return conditions.get("ScalingActive", {}).get("message", ""), current

    with metrics_api(desk.cluster):
        for pod in pods_of(desk):
            assert is_native({"spec": pod["spec"]})
            desk.create(usage(pod, shop=10, log_shipper=80))
        eventually(lambda: measured()[1] == [80], what="the autoscaler measures the native helper")
        for pod in pods_of(desk):
            desk.cluster.kubectl(
                "apply", "--server-side", "--force-conflicts", "-n", desk.namespace, "-f", "-", input=json.dumps(usage(pod, shop=10))
            )  # fmt: skip
        eventually(lambda: "did not receive metrics" in measured()[0], what="without a report it is missing")


def test_an_autoscaler_of_the_app_is_not_mentioned(desk: Desk) -> None:
    desk.create(classic(), autoscaler("shop"))
    assert "hpa" not in risks(desk.prepare())


# Volumes


def volume(name: str, mode: str) -> tuple[Manifest, Manifest]:
    """A volume of a driver that nobody runs, and the claim that has it."""
    size = {"accessModes": [mode], "storageClassName": ""}
    driver = {"csi": {"driver": "paper.example.com", "volumeHandle": name}}
    return (
        {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {**size, "capacity": {"storage": "1Gi"}, "persistentVolumeReclaimPolicy": "Delete", **driver},
        },
        {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
            "spec": {**size, "resources": {"requests": {"storage": "1Gi"}}, "volumeName": name},
        },
    )  # fmt: skip


def bound(desk: Desk, volume: Manifest, claim: Manifest) -> None:
    """Makes both and waits until they are bound. The controller that missed it once looks again after 15 s, or when the claim
    changes."""
    desk.cluster.kubectl("create", "-f", "-", input=json.dumps(volume))
    desk.create(claim)
    tries = count()

    def are() -> bool:
        desk.cluster.kubectl("annotate", "pvc", "data", "-n", desk.namespace, "--overwrite", f"look={next(tries)}")
        return str(desk.cluster.get("pvc", "data", namespace=desk.namespace)["status"].get("phase")) == "Bound"

    eventually(are, what="the claim is bound")


def attachments(desk: Desk, volume: str) -> dict[str, str]:
    """The attachments of the volume that the controller asks the driver for: node -> name."""
    found = json.loads(desk.cluster.kubectl("get", "volumeattachments", "-o", "json").stdout)["items"]
    return {
        a["spec"]["nodeName"]: a["metadata"]["name"]
        for a in found
        if a["spec"]["source"].get("persistentVolumeName") == volume
    }


@pytest.mark.parametrize(
    ("mode", "told", "stuck"),
    [
        pytest.param("ReadWriteOnce", True, "Multi-Attach error", id="ReadWriteOnce: not attached on another node"),
        pytest.param("ReadWriteOncePod", True, "ReadWriteOncePod access mode", id="ReadWriteOncePod: not scheduled"),
        pytest.param("ReadWriteMany", False, "", id="ReadWriteMany: both Pods have it"),
    ],
)
def test_a_volume_that_old_and_new_pod_want(mode: str, told: bool, stuck: str, desk: Desk) -> None:
    name = f"data-{desk.namespace}"
    made, claim = volume(name, mode)
    data = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    with paper_nodes(desk.cluster, 2) as (first, second):
        try:
            bound(desk, made, claim)
            group = first.rpartition("-")[0]
            logs = {"name": "logs", "emptyDir": {}}
            desk.create(classic(pod={**here(group), "volumes": [logs, data]}, replicas=1))
            (old,) = eventually(lambda: [p for p in pods_of(desk) if p["spec"].get("nodeName")], what="a Pod is bound")
            holder = old["spec"]["nodeName"]
            attached = eventually(lambda: attachments(desk, name), what="the volume is to be attached")
            desk.cluster.kubectl(
                "patch", "volumeattachment", attached[holder], "--subresource=status", "--type=merge", "-p", '{"status":{"attached":true}}'
            )  # fmt: skip
            desk.cluster.kubectl("cordon", holder)
            prepared = desk.prepare()
            assert ("rwo-volume" in risks(prepared)) is told

            desk.write(prepared)
            (new,) = eventually(
                lambda: [p for p in pods_of(desk) if is_native({"spec": p["spec"]})], what="there is a new Pod"
            )

            def trouble() -> str:
                about = f"involvedObject.name={new['metadata']['name']}"
                events = desk.cluster.get("events", f"--field-selector={about}", namespace=desk.namespace)["items"]
                return " ".join(e["message"] for e in events)

            if stuck:
                eventually(lambda: stuck in trouble(), what=f"the new Pod waits: {stuck}")
            else:
                eventually(lambda: len(attachments(desk, name)) == 2, what="both nodes have the volume")
                assert "Multi-Attach" not in trouble()
            assert {p["metadata"]["name"] for p in pods_of(desk)} == {old["metadata"]["name"], new["metadata"]["name"]}
            assert holder in (first, second)
        finally:
            desk.cluster.kubectl("delete", "deployment", "shop", "-n", desk.namespace, "--ignore-not-found")
            desk.cluster.kubectl("delete", "pods", "--all", "-n", desk.namespace, "--force", "--grace-period=0")
            desk.cluster.kubectl("delete", "pvc", "--all", "-n", desk.namespace, "--wait=false")
            desk.cluster.kubectl("delete", "pv", name, "--wait=false")


def test_with_recreate_the_volume_is_free_first(desk: Desk) -> None:
    name = f"data-{desk.namespace}"
    _, claim = volume(name, "ReadWriteOnce")
    spec = {
        "volumes": [{"name": "logs", "emptyDir": {}}, {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    }
    desk.create(claim, classic(pod=spec, replicas=1, strategy={"type": "Recreate"}))
    assert "rwo-volume" not in risks(desk.prepare())


# Scheduler


def test_a_host_port_of_a_native_helper_is_counted(desk: Desk) -> None:
    """From 1.33.6 on, so nothing is said of it here."""
    helper = {**SHIPPER, "ports": [{"containerPort": 2020, "hostPort": 32020}]}
    with paper_nodes(desk.cluster, 1) as (only,):
        desk.create(classic(containers=(APP, helper), pod=here(only.rpartition("-")[0]), replicas=0))
        prepared = desk.prepare()
        assert "host-port" not in risks(prepared)
        desk.write(prepared)
        desk.cluster.kubectl("scale", "deployment/shop", "-n", desk.namespace, "--replicas=2")

        def pending() -> list[str]:
            return [unschedulable(pod) for pod in pods_of(desk) if unschedulable(pod)]

        (said,) = eventually(pending, what="the second Pod finds no free port")
        assert "didn't have free ports for the requested pod ports" in said
        eventually(
            lambda: [pod["spec"].get("nodeName") for pod in pods_of(desk)].count(only) == 1,
            what="the first Pod is bound",
        )


@pytest.mark.parametrize("first", [True, False], ids=["before the init container", "after it, the default"])
def test_a_helper_beside_an_init_container_asks_for_more(first: bool, desk: Desk) -> None:
    """150m for the init container; 50m and 20m for the rest. The node has 160m."""

    def asking(cpu: str) -> Manifest:
        return {"resources": {"requests": {"cpu": cpu}}}

    setup = {"name": "setup", "image": "registry.example.com/setup:1", **asking("150m")}
    containers = ({**APP, **asking("50m")}, {**SHIPPER, **asking("20m")})
    with paper_nodes(desk.cluster, 1, cpu="160m") as (only,):
        pod = {"initContainers": [setup], **here(only.rpartition("-")[0])}
        desk.create(classic(containers=containers, pod=pod, replicas=0))
        prepared = desk.prepare(place={HELPER: "first"} if first else {})
        assert risks(prepared).get("more-resources") == ("caution" if first else None)
        desk.write(prepared)
        desk.cluster.kubectl("scale", "deployment/shop", "-n", desk.namespace, "--replicas=1")
        if first:
            eventually(
                lambda: any("Insufficient cpu" in unschedulable(p) for p in pods_of(desk)),
                what="no node is large enough",
            )
        else:
            eventually(lambda: [p for p in pods_of(desk) if p["spec"].get("nodeName")], what="the node is large enough")


# Ports by name in policies


def test_a_policy_may_name_a_port_whether_or_not_a_container_has_it(desk: Desk) -> None:
    """The API server takes any name: who resolves it is the network plugin, and there is none here."""
    helper = {**SHIPPER, "ports": [{"name": "metrics", "containerPort": 2020}]}

    def policy(name: str, port: str | int) -> Manifest:
        rules = [{"ports": [{"port": port}]}]
        return {
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name},
            "spec": {"podSelector": {"matchLabels": {"app": "shop"}}, "ingress": rules},
        }  # fmt: skip

    desk.create(classic(containers=(APP, helper)), policy("by-number", 2020), policy("nobodys", "no-such-port"))
    assert "network-policy-port" not in risks(desk.prepare())
    desk.create(policy("by-name", "metrics"))
    assert risks(desk.prepare())["network-policy-port"] == "caution"


# Injectors

PROXY: Manifest = {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.20.0", "args": ["proxy", "sidecar"]}


def test_an_injected_container_stays_because_its_injector_would_put_in_a_second_one(desk: Desk) -> None:
    """The template has what `istioctl kube-inject` writes, and the webhook puts in what it does not find."""
    obj = classic(containers=(APP, PROXY))
    obj["spec"]["template"]["metadata"]["annotations"] = {"sidecar.istio.io/status": "{}"}
    desk.create(obj)
    for insisting in ({}, {PROXY["name"]: "sidecar"}):
        verdict = desk.prepare(containers=insisting).verdict
        assert verdict.decision == "nothing"
        assert "istio-proxy stays: injected by" in " ".join(verdict.reasons)

    by_hand = desk.cluster.get("deployment", "shop", namespace=desk.namespace)["spec"]["template"]["spec"]
    app, proxy = by_hand["containers"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "by-hand"}}
    moved = {**by_hand, "containers": [app], "initContainers": [{**proxy, "restartPolicy": "Always"}]}
    words = ("create", "-n", desk.namespace, "--dry-run=server", "-f", "-")
    with mutating_webhook(desk.cluster, desk.namespace, injecting(PROXY)):

        def refused() -> str:
            """The server needs a moment to learn of a webhook."""
            return desk.cluster.kubectl(*words, input=json.dumps({**pod, "spec": moved}), check=False).stderr

        eventually(refused, what="the webhook is called")
        assert 'spec.initContainers[0].name: Duplicate value: "istio-proxy"' in refused()


def create_injected(desk: Desk, deployment: Manifest, container: Manifest) -> None:
    """The Deployment with Pods into which the webhook has put the container: the server needs a moment to learn of a webhook."""

    def injected() -> bool:
        desk.cluster.kubectl("delete", "deployment", "shop", "-n", desk.namespace, "--ignore-not-found")
        desk.create(deployment)
        pods = eventually(lambda: pods_of(desk), what="there are Pods")
        return all(container["name"] in [c["name"] for c in pod["spec"]["containers"]] for pod in pods)

    eventually(injected, what="the webhook is called")


def test_a_mesh_that_injects_among_the_regular_containers(desk: Desk, kubelet: HollowKubelet) -> None:
    mesh = classic(pod={"tolerations": TOLERATIONS})
    desk.cluster.kubectl("label", "namespace", desk.namespace, "istio-injection=enabled")
    with mutating_webhook(desk.cluster, desk.namespace, injecting(PROXY)):
        create_injected(desk, mesh, PROXY)
        desk.cluster.kubectl("rollout", "status", "deployment/shop", "-n", desk.namespace, "--timeout=120s")
        prepared = desk.prepare()
        assert risks(prepared)["mesh-injected"] == "caution"
        desk.write(prepared)

        def native() -> list[dict[str, Any]]:
            return [pod for pod in pods_of(desk) if is_native({"spec": pod["spec"]})]

        new = eventually(native, what="there is a new Pod")[0]
    # the mesh's proxy is a regular container as before: it starts after the helper, and not before it
    assert PROXY["name"] in [c["name"] for c in new["spec"]["containers"]]


MARKLESS: Manifest = {"name": "envoy", "image": "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.12.1-prod"}


def test_an_injection_that_nothing_on_the_pods_tells_is_listed(desk: Desk) -> None:
    """The namespace's label asks for it, and the webhook leaves no mark."""
    desk.cluster.kubectl("label", "namespace", desk.namespace, "appmesh.k8s.aws/sidecarInjectorWebhook=enabled")
    with mutating_webhook(desk.cluster, desk.namespace, injecting(MARKLESS)):
        create_injected(desk, classic(containers=(APP,)), MARKLESS)
        for namespaces in (None, (desk.namespace,)):
            rows = scan(desk.kube, Scope(namespaces), desk.index).rows
            (row,) = (row for row in rows if (row.namespace, row.ref) == (desk.namespace, "deployment/shop"))
            assert row.state == "injected"
            (proxy,) = (f for f in row.findings if f.injected)
            assert (proxy.name, proxy.family) == (MARKLESS["name"], "aws-app-mesh-envoy")


def test_without_a_mesh_nothing_is_said(desk: Desk) -> None:
    desk.create(classic())
    assert not {"mesh-injected", "injected"} & set(risks(desk.prepare()))


# Versions of nodes


def test_an_old_node_matters_if_the_scheduler_would_use_it(desk: Desk) -> None:
    """Both Pods are asked of the real scheduler: the one that the plan warns of lands on the old node, the other does not."""
    with paper_nodes(desk.cluster, 1, version="v1.28.9") as (old,):
        desk.create(
            classic(name="shop", pod=here(old.rpartition("-")[0]), replicas=0), classic(name="other", replicas=1)
        )
        prepared = desk.prepare()
        assert risks(prepared)["node-too-old"] == "blocker"
        assert prepared.verdict.decision == "refuse"
        assert "node-too-old" not in risks(desk.prepare(name="other"))

        desk.cluster.kubectl("scale", "deployment/shop", "-n", desk.namespace, "--replicas=1")
        eventually(lambda: [p["spec"].get("nodeName") for p in pods_of(desk)] == [old], what="it runs on the old node")

        def nowhere() -> bool:
            pods = desk.cluster.get("pods", "-l", "app=other", namespace=desk.namespace)["items"]
            return all("nodeName" not in pod["spec"] for pod in pods) and bool(pods)

        steadily(nowhere, seconds=1, what="the other one may not use it")


def test_who_may_not_list_nodes_does_not_know_the_oldest_version(desk: Desk) -> None:
    desk.create(classic())
    desk.cluster.kubectl(
        "create", "rolebinding", "edit", "-n", desk.namespace, "--clusterrole=edit", "--user=shop-editor"
    )
    asked = ("auth", "can-i", "patch", "deployments.apps", "-n", desk.namespace)
    eventually(
        lambda: not desk.cluster.kubectl(*asked, context="shop-editor", check=False).returncode,
        what="the editor's rights",
    )
    theirs = connect(kubeconfig=str(desk.cluster.kubeconfig), context="shop-editor", environ={})
    try:
        prepared = replace(desk, kube=theirs).prepare()
    finally:
        theirs.close()
    assert risks(prepared)["version-unknown"] == "caution"
    with paper_nodes(desk.cluster, 1):
        assert "version-unknown" not in risks(desk.prepare())
