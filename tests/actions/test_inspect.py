"""Taking stock of the embedded sample and of clusters that misbehave."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from kubectl_sidecar.actions.inspect import (
    Found,
    Inventory,
    Missed,
    ScanEvent,
    Scope,
    Source,
    row_of,
    rows_of,
    scan,
    scan_files,
)
from kubectl_sidecar.core.decode import decode_or_broken
from kubectl_sidecar.core.kinds import KINDS, resolve
from kubectl_sidecar.errors import Expired, Forbidden
from kubectl_sidecar.sources.manifests import parse
from kubectl_sidecar.sources.memory import MemoryCluster, Request
from kubectl_sidecar.sources.sample import sample_cluster
from kubectl_sidecar.sources.simulate import ManualClock
from tests.actions.world import APP, INDEX, workload

ALL = Scope(None)


@pytest.fixture(scope="module")
def sample() -> Inventory:
    cluster, _ = sample_cluster(ManualClock())
    return scan(cluster, ALL, INDEX)


STORIES = {
    "a log shipper beside an app": ("shop", "deployment/checkout", "classic", "log-shipper", "fluent-bit"),
    "an injected mesh proxy": ("payments", "deployment/gateway", "injected", "istio-proxy", "istio-proxy"),
    "content from Git": ("shop", "deployment/storefront", "classic", "git-sync", "git-sync"),
    "a helper of no known image, by what it does": ("shop", "deployment/invoices", "classic", "audit-tail", None),
    "already native": ("shop", "deployment/recommendations", "native", "log-shipper", "fluent-bit"),
    "some native already": ("payments", "deployment/fraud", "mixed", "log-shipper", "fluent-bit"),
    "a bare Pod": ("shop", "pod/debug-checkout", "classic", "log-shipper", "fluent-bit"),
}


@pytest.mark.parametrize(("namespace", "ref", "state", "container", "family"), STORIES.values(), ids=STORIES)
def test_the_samples_stories(
    sample: Inventory, namespace: str, ref: str, state: str, container: str, family: str | None
) -> None:
    (row,) = (row for row in sample.rows if (row.namespace, row.ref) == (namespace, ref))
    assert row.state == state
    (finding,) = (f for f in row.findings if f.name == container)
    assert finding.role in ("sidecar", "native-sidecar")
    assert family is None or finding.family == family


def test_what_a_controller_owns_is_part_of_its_row(sample: Inventory) -> None:
    names = [(row.namespace, row.ref) for row in sample.rows]
    assert len(names) == len(set(names))
    assert ("shop", "cronjob/report") in names
    assert not [ref for _, ref in names if ref.startswith(("replicaset/checkout", "job/report", "pod/checkout"))]


def test_the_hanging_cron_job_is_named(sample: Inventory) -> None:
    (row,) = (row for row in sample.rows if row.ref == "cronjob/report")
    assert "job-never-completes" in {problem.id for problem in row.problems}


def test_rows_are_reported_while_pages_arrive_and_are_those_of_the_result() -> None:
    cluster, _ = sample_cluster(ManualClock())
    events: list[ScanEvent] = []
    inventory = scan(cluster, ALL, INDEX, report=events.append)
    reported = {(r.kind.name, r.namespace, r.name): r for e in events if isinstance(e, Found) for r in e.rows}
    assert {(r.kind.name, r.namespace, r.name): r for r in inventory.rows} == reported


def test_rows_of_many_are_the_rows_of_each_in_their_order() -> None:
    """What does not fit stands where it stood."""
    helpers = {"name": "log-shipper", "image": "acme/shipper:1"}, {"name": "cache", "image": "cache:1"}
    bodies = [workload(containers=(APP, *helpers[: i % 3]), metadata={"name": f"d{i}"}) for i in range(40)]
    bodies[20]["spec"]["template"]["spec"]["containers"][0]["image"] = 7
    items = [decode_or_broken(resolve("deployment"), body) for body in bodies]
    source = Source(context="sample")
    rows = list(rows_of(items, INDEX, source))
    assert rows == [row_of(item, INDEX, source) for item in items]
    assert [row.name for row in rows if row.state == "broken"] == ["d20"]


MESH_PROXY = {"name": "envoy", "image": "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.12.1-prod"}
MESHED = {"appmesh.k8s.aws/sidecarInjectorWebhook": "enabled"}


def meshed(name: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    """A namespace with a Deployment whose Pod has a container more than its template, and no mark that says who put it in."""

    def owned(kind: str, by: str) -> dict[str, Any]:
        reference = {"apiVersion": "apps/v1", "kind": by, "name": "checkout", "uid": "1", "controller": True}
        return {"name": "checkout", "namespace": name, "ownerReferences": [reference]}

    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        workload(containers=(APP,), metadata={"namespace": name}),
        workload("rs", containers=(APP,), metadata=owned("ReplicaSet", "Deployment")),
        workload("pod", containers=(APP, MESH_PROXY), metadata=owned("Pod", "ReplicaSet")),
    ]


@pytest.mark.parametrize("scope", [ALL, Scope(("quiet", "meshed"))], ids=["all namespaces", "some of them"])
def test_an_injection_that_only_the_namespace_asks_for_is_seen(scope: Scope) -> None:
    cluster = MemoryCluster([*meshed("meshed", MESHED), *meshed("quiet", {})])
    quiet, row = sorted(scan(cluster, scope, INDEX).rows, key=lambda r: r.namespace, reverse=True)
    assert (row.namespace, row.ref, row.state) == ("meshed", "deployment/checkout", "injected")
    (proxy,) = (f for f in row.findings if f.injected)
    assert (proxy.name, proxy.family, proxy.confidence) == ("envoy", "aws-app-mesh-envoy", "certain")
    assert quiet.state == "none"  # no mark, nobody asked: its Pods are not read


def test_without_the_right_to_read_namespaces_the_list_is_as_it_would_be_without_them() -> None:
    cluster = MemoryCluster(
        meshed("meshed", MESHED), rights=lambda verb, resource, namespace: resource.plural != "namespaces"
    )
    (row,) = scan(cluster, ALL, INDEX).rows
    assert row.state == "none"


def test_what_may_not_be_read_is_a_gap_and_the_rest_is_there() -> None:
    cluster = MemoryCluster([workload()], rights=lambda verb, resource, namespace: resource.plural != "cronjobs")
    events: list[ScanEvent] = []
    inventory = scan(cluster, ALL, INDEX, report=events.append)
    assert [row.ref for row in inventory.rows] == ["deployment/checkout"]
    assert [gap.what for gap in inventory.gaps] == ["cronjobs in all namespaces"]
    assert isinstance(inventory.gaps[0].error, Forbidden)
    assert [type(event) for event in events].count(Missed) == 1


def test_when_nothing_may_be_read_it_is_an_error_and_not_an_empty_list() -> None:
    cluster = MemoryCluster([workload()], rights=lambda verb, resource, namespace: False)
    with pytest.raises(Forbidden):
        scan(cluster, ALL, INDEX)


def test_an_empty_cluster_is_an_empty_list() -> None:
    assert scan(MemoryCluster(), ALL, INDEX) == Inventory(())


def test_several_namespaces_where_rights_allow_no_list_of_all() -> None:
    cluster = MemoryCluster(
        [workload(), workload(metadata={"namespace": "b"}), workload(metadata={"namespace": "c"})],
        rights=lambda verb, resource, namespace: namespace in ("shop", "b"),
    )
    assert [row.namespace for row in scan(cluster, Scope(("shop", "b")), INDEX).rows] == ["b", "shop"]


def many(count: int) -> list[dict[str, Any]]:
    return [workload(metadata={"name": f"app-{number:04}"}) for number in range(count)]


def test_pages_lose_nothing_and_the_number_of_requests_is_bounded() -> None:
    cluster = MemoryCluster(many(3000))
    inventory = scan(cluster, ALL, INDEX)
    assert len({row.name for row in inventory.rows}) == 3000
    assert cluster.requests <= len(KINDS) * 3 + 5


def test_a_forgotten_continue_token_begins_that_kind_again() -> None:
    cluster = MemoryCluster(many(1200))
    once = [True]

    def forget(request: Request) -> None:
        if request.verb == "list" and request.resource and request.resource.plural == "deployments":
            pages.append(1)
            if len(pages) == 2 and once:
                once.clear()
                raise Expired("the provided continue parameter is too old", status=410)

    pages: list[int] = []
    cluster.hooks.append(forget)
    inventory = scan(cluster, ALL, INDEX)
    assert len(inventory.rows) == 1200
    assert not inventory.gaps


def test_many_pods_without_controller_are_read_by_pages() -> None:
    pods = [workload("pod", metadata={"name": f"pod-{n:03}"}) for n in range(60)]
    cluster = MemoryCluster(pods)
    assert len(scan(cluster, ALL, INDEX).rows) == 60
    assert cluster.requests <= len(KINDS) + 5


def test_a_scan_that_is_stopped_ends() -> None:
    cluster = MemoryCluster(many(1200))
    stop = threading.Event()
    stop.set()
    assert scan(cluster, ALL, INDEX, stop=stop).rows == ()


FILE = b"""
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: a}
  spec: {template: {spec: {containers: [{name: app, image: shop/app}, {name: fluent-bit, image: fluent/fluent-bit}]}}}
- {apiVersion: v1, kind: Service, metadata: {name: s}}
---
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b}
spec: {template: {spec: {containers: [{name: app, args: [1]}]}}}
"""


def test_files_say_where_each_workload_was_read() -> None:
    inventory = scan_files(parse(FILE, "all.yaml"), INDEX)
    assert [(r.name, r.source.file, r.source.document, r.source.item, r.state) for r in inventory.rows] == [
        ("a", "all.yaml", 0, 0, "classic"),
        ("b", "all.yaml", 2, None, "broken"),
    ]
    assert "spec.template.spec.containers[0].args[0]" in inventory.rows[1].fault


def test_a_file_that_does_not_parse_is_a_gap_with_its_line() -> None:
    inventory = scan_files(parse(b"a: b\nc: [\n", "bad.yaml"), INDEX)
    assert inventory.rows == ()
    assert "bad.yaml:3" in str(inventory.gaps[0].error)
