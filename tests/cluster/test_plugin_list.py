"""`kubectl sidecar list` and `describe` on a real API server: every kind, every form of output, every way to choose."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.classic import APP, SHIPPER, classic
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import Plugin

NATIVE = classic(
    "deployment", "native", containers=(APP,), pod={"initContainers": [{**SHIPPER, "restartPolicy": "Always"}]}
)
PLAIN = classic("deployment", "plain", containers=(APP,), labels={"team": "web"})
KINDS = ("deployment", "statefulset", "daemonset", "replicaset", "replicationcontroller", "cronjob", "job", "pod")


@pytest.fixture(scope="module")
def shop(cluster: ControlPlane) -> Iterator[str]:
    """A namespace with one classic workload of each kind, a native one and a plain one. Nobody changes it."""
    with cluster.namespace("list") as name:
        made = [classic(kind, f"{kind}-1", labels={"team": "shop"}) for kind in KINDS]
        cluster.create({"apiVersion": "v1", "kind": "List", "items": [*made, NATIVE, PLAIN]}, namespace=name)
        yield name


@pytest.fixture(scope="module")
def other(cluster: ControlPlane) -> Iterator[str]:
    """Another namespace with one classic Deployment."""
    with cluster.namespace("other") as name:
        cluster.create(classic("deployment", "elsewhere"), namespace=name)
        yield name


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_each_kind_is_a_row_with_its_state(plugin: Plugin, shop: str) -> None:
    header, *found = rows(plugin.ok("list", "-n", shop))
    assert header == ["KIND", "NAME", "STATE", "SIDECARS", "PROBLEMS", "OWNER"]
    states = {row[1]: row[2] for row in found}
    assert states == {**{f"{kind}-1": "classic" for kind in KINDS}, "native": "native", "plain": "none"}


def test_what_a_listed_workload_controls_is_no_row_of_its_own(plugin: Plugin, cluster: ControlPlane, shop: str) -> None:
    assert cluster.get("replicasets", namespace=shop)["items"]
    found = [row[1] for row in rows(plugin.ok("list", "-n", shop, "--no-headers"))]
    assert sorted(found) == sorted([*(f"{kind}-1" for kind in KINDS), "native", "plain"])


def test_a_job_with_a_helper_that_never_ends_is_told(plugin: Plugin, shop: str) -> None:
    found = plugin.run("list", "-n", shop, "--problem", "job-never-completes", "-o", "name")
    assert found.out.split() == ["cronjob.batch/cronjob-1", "job.batch/job-1"]


def test_json_is_one_document_with_every_workload(plugin: Plugin, shop: str) -> None:
    data = json.loads(plugin.ok("list", "-n", shop, "-o", "json"))
    assert (data["kind"], data["incomplete"]) == ("WorkloadList", [])
    found = {item["name"]: item for item in data["items"]}
    assert found["deployment-1"]["source"] == {"type": "cluster", "context": "admin", "namespace": shop}
    containers = {c["name"]: (c["role"], c["family"], c["action"]) for c in found["deployment-1"]["containers"]}
    assert containers == {"shop": ("main", None, "leave"), "log-shipper": ("sidecar", "fluent-bit", "move")}


def test_names_are_what_kubectl_takes_too(plugin: Plugin, cluster: ControlPlane, shop: str) -> None:
    found = plugin.ok("list", "-n", shop, "--at-risk", "-o", "name").split()
    assert len(found) == len(KINDS)
    theirs = cluster.kubectl("get", "-n", shop, "-o", "name", *found).stdout.split()
    assert theirs == found


def test_names_feed_describe(plugin: Plugin, shop: str) -> None:
    found = plugin.ok("list", "-n", shop, "--at-risk", "-o", "name").split()
    described = plugin.ok("describe", "-n", shop, *found)
    assert described.count("Problems today") == len(KINDS)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("team=web", ["plain"]),
        ("team=shop,app!=pod-1", [f"{k}-1" for k in KINDS if k != "pod"]),
        ("app in (native,plain)", ["native", "plain"]),
        ("!team", ["native"]),
    ],
)
def test_a_selector_is_the_servers(plugin: Plugin, shop: str, selector: str, expected: list[str]) -> None:
    found = [row[1] for row in rows(plugin.ok("list", "-n", shop, "-l", selector, "--no-headers"))]
    assert sorted(found) == sorted(expected)


def test_several_namespaces_have_a_column(plugin: Plugin, shop: str, other: str) -> None:
    header, *found = rows(plugin.ok("list", "-n", f"{shop},{other}", "--at-risk"))
    assert header[0] == "NAMESPACE"
    assert {row[0] for row in found} == {shop, other}
    assert len(found) == len(KINDS) + 1


def test_all_namespaces(plugin: Plugin, shop: str, other: str) -> None:
    header, *found = rows(plugin.ok("list", "-A"))
    assert header[0] == "NAMESPACE"
    assert {(row[0], row[2]) for row in found} >= {(shop, "native"), (shop, "deployment-1"), (other, "elsewhere")}


def test_without_a_namespace_it_is_the_contexts(plugin: Plugin, cluster: ControlPlane, other: str) -> None:
    file = plugin.folder / "kubeconfig"
    file.write_text(cluster.kubeconfig.read_text())
    cluster.kubectl(f"--kubeconfig={file}", "config", "set-context", "admin", f"--namespace={other}")
    assert [row[1] for row in rows(plugin.ok("list", "--kubeconfig", str(file), "--no-headers"))] == ["elsewhere"]
    assert plugin.ok("list", "--kubeconfig", str(file), "-o", "name") == "deployment.apps/elsewhere\n"


def test_an_empty_namespace_says_so(plugin: Plugin, namespace: str) -> None:
    ran = plugin.run("list", "-n", namespace)
    assert (ran.code, ran.out, ran.err) == (0, "", "No workloads found.\n")


def test_describe_says_why_and_writes_nothing(plugin: Plugin, cluster: ControlPlane, shop: str) -> None:
    before = cluster.get("deployment", "deployment-1", namespace=shop)
    text = plugin.ok("describe", "deploy/deployment-1", "-n", shop)
    assert "log-shipper  sidecar   certain  Fluent Bit (fluent-bit)" in text
    assert "move log-shipper from containers[1] to initContainers[0], restartPolicy: Always" in text
    assert "server v1.35.4" in text
    after = cluster.get("deployment", "deployment-1", namespace=shop)
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["spec"] == before["spec"]
    assert plugin.records == []


@pytest.mark.parametrize(
    "words",
    [["deploy", "deployment-1", "native"], ["deployments.apps/deployment-1", "deployment/native"]],
    ids=["TYPE NAME NAME", "TYPE/NAME"],
)
def test_describe_takes_several(plugin: Plugin, shop: str, words: list[str]) -> None:
    text = plugin.ok("describe", "-n", shop, *words)
    assert f"Deployment {shop}/deployment-1 " in text
    assert f"Deployment {shop}/native " in text
