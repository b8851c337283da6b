"""`doctor` on a real API server: what a user with all rights, with few and with none is told, a webhook that really strips the field,
a namespace whose admission refuses, and schemas of CustomResourceDefinitions as a server keeps them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.classic import classic
from tests.cluster.control_plane import ControlPlane
from tests.cluster.hollow_kubelet import HollowKubelet
from tests.cluster.plugin import Plugin
from tests.cluster.processes import eventually
from tests.cluster.webhooks import mutating_webhook, stripping

Answered = dict[str, Any]


def report(plugin: Plugin, namespace: str, *words: str, code: int = 0) -> Answered:
    ran = plugin.run("doctor", "-n", namespace, "-o", "json", *words)
    assert ran.code == code, ran.err + ran.out
    found: Answered = ran.json
    return found


def status(found: Answered, id: str) -> str:
    return ",".join(check["status"] for check in found["checks"] if check["id"] == id)


def text(found: Answered, id: str) -> str:
    return " ".join(check["text"] for check in found["checks"] if check["id"] == id)


@pytest.fixture
def paper_node(cluster: ControlPlane) -> Iterator[str]:
    """A node whose version can be read, and which its taint keeps free of Pods; else the versions of nodes are not known."""
    name = "paper"
    node = {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "spec": {"taints": [{"key": "paper", "value": "only", "effect": "NoSchedule"}]},
        "status": {"nodeInfo": dict.fromkeys(INFO, "") | {"kubeletVersion": "v1.34.2"}},
    }  # fmt: skip
    cluster.kubectl("create", "-f", "-", input=json.dumps(node))
    yield name
    cluster.kubectl("delete", "node", name)


CALM = {"terminationGracePeriodSeconds": 30}
"""With less there is a caution, and then it is no first migration."""
INFO = (
    "architecture",
    "bootID",
    "containerRuntimeVersion",
    "kernelVersion",
    "kubeProxyVersion",
    "machineID",
    "operatingSystem",
    "osImage",
    "systemUUID",
)


@pytest.mark.usefixtures("paper_node")
def test_a_new_cluster(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(pod=CALM), namespace=namespace)
    found = report(plugin, namespace)
    assert (status(found, "server-version"), set(status(found, "node-versions").split(","))) == ("ok", {"ok"})
    assert ["paper=only:NoSchedule"] in [node["taints"] for node in found["nodes"]]
    assert (status(found, "pod-dry-run"), status(found, "rights")) == ("ok", "ok")
    assert found["podWebhooks"] == []
    assert all(right["allowed"] for right in found["rights"])
    assert (found["first"]["kind"], found["first"]["name"], found["first"]["pods"]) == ("Deployment", "shop", 2)
    assert (
        cluster.get("pods", "-l", "app.kubernetes.io/name=kubectl-sidecar-doctor", namespace=namespace)["items"] == []
    )


@pytest.mark.usefixtures("paper_node")
def test_it_can_be_read_without_o(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(pod=CALM), namespace=namespace)
    ran = plugin.run("doctor", "-n", namespace)
    assert ran.code == 0
    assert f"begin with: kubectl sidecar migrate deployment/shop -n {namespace}" in ran.out


def test_a_user_with_few_rights(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    cluster.kubectl("create", "rolebinding", "view", "-n", namespace, "--clusterrole=view", "--user=viewer")
    found = report(plugin, namespace, "--context", "viewer", code=1)
    assert (found["nodes"], found["podWebhooks"]) == (None, None)
    assert "you may not patch deployments, statefulsets" in text(found, "rights")
    assert status(found, "pod-dry-run") == "unknown"
    assert "you may not create Pods here" in text(found, "pod-dry-run")


def test_a_user_without_rights(plugin: Plugin, namespace: str) -> None:
    found = report(plugin, namespace, "--context", "patcher", code=1)
    assert found["status"] == "blocker"
    assert not any(right["allowed"] for right in found["rights"])
    assert found["first"]["name"] is None
    assert "could not be read" in found["first"]["text"]


def test_a_namespace_that_enforces_restricted_pods(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    assert status(report(plugin, namespace), "pod-dry-run") == "ok"


def test_a_namespace_without_quota_for_one_more_pod(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.kubectl("create", "quota", "none", "-n", namespace, "--hard=pods=0")
    found = report(plugin, namespace)
    assert status(found, "pod-dry-run") == "unknown"
    assert "a Pod without a sidecar is refused as well" in text(found, "pod-dry-run")


# Webhooks


def test_a_webhook_that_strips_the_field(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    with mutating_webhook(cluster, namespace, stripping) as name:
        seen: list[Answered] = []

        def stripped() -> bool:  # the API server takes a moment to know a webhook
            seen[:] = [plugin.run("doctor", "-n", namespace, "-o", "json").json]
            return status(seen[0], "pod-dry-run") == "blocker"

        eventually(stripped, what="the webhook is called")
        assert plugin.run("doctor", "-n", namespace).code == 1
        assert f"a webhook ({name}) removes restartPolicy" in text(seen[0], "pod-dry-run")
        assert [w["configuration"] for w in seen[0]["podWebhooks"]] == [name]


def test_a_webhook_without_effects_in_dry_runs(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster_wide = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": f"some-{namespace}"},
        "webhooks": [{
            "name": "some.example.com", "admissionReviewVersions": ["v1beta1", "v1"], "sideEffects": "NoneOnDryRun",
            "clientConfig": {"url": "https://127.0.0.1:9/"}, "failurePolicy": "Ignore", "timeoutSeconds": 1,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        }],
    }  # fmt: skip
    try:
        cluster.kubectl("create", "-f", "-", input=json.dumps(cluster_wide))
        found = report(plugin, namespace)
        assert [(w["configuration"], w["sideEffects"]) for w in found["podWebhooks"]] == [(f"some-{namespace}", False)]
    finally:
        cluster.kubectl("delete", "mutatingwebhookconfiguration", f"some-{namespace}")


# CustomResourceDefinitions


def rollouts(*, field: bool) -> Answered:
    entry = {
        "type": "object",
        "properties": {"name": {"type": "string"}, **({"restartPolicy": {"type": "string"}} if field else {})},
    }
    pod = {"type": "object", "properties": {"initContainers": {"type": "array", "items": entry}}}
    template = {"type": "object", "properties": {"spec": pod}}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"template": template}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "rollouts.argoproj.io"},
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced", "names": {"plural": "rollouts", "singular": "rollout", "kind": "Rollout"},
            "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }  # fmt: skip


@pytest.mark.parametrize(("field", "wanted"), [(True, "ok"), (False, "warning")])
def test_a_schema_with_and_without_the_field(
    plugin: Plugin, cluster: ControlPlane, namespace: str, field: bool, wanted: str
) -> None:
    try:
        cluster.kubectl("create", "-f", "-", input=json.dumps(rollouts(field=field)))
        found = report(plugin, namespace)
        assert status(found, "custom-kinds") == wanted
        assert "Argo Rollout" in text(found, "custom-kinds")
    finally:
        cluster.kubectl("delete", "crd", "rollouts.argoproj.io", "--wait=true")


# The first migration is one that goes through


@pytest.mark.usefixtures("paper_node")
def test_the_first_migration_goes_through(
    plugin: Plugin, cluster: ControlPlane, namespace: str, kubelet: HollowKubelet
) -> None:
    helm = classic(name="owned", pod=CALM, annotations={"meta.helm.sh/release-name": "x"})
    cluster.create(
        helm, classic(name="big", pod=CALM, replicas=5), classic(name="small", pod=CALM), namespace=namespace
    )
    first = report(plugin, namespace)["first"]
    assert first["name"] == "small"
    done = plugin.run("migrate", f"{first['kind']}/{first['name']}".lower(), "-n", namespace, "-y")
    assert done.code == 0, done.out
    assert report(plugin, namespace)["first"]["name"] == "big"
