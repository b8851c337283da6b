"""Planning several workloads together: the same plans as one by one, with what surrounds them read once for each namespace."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from kubectl_sidecar.actions.migrate import MigrateOptions, Target, prepare, prepare_all
from kubectl_sidecar.core.facts import Facts, Unknown
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.planning.policy import PolicyOptions
from kubectl_sidecar.errors import UnknownName
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.memory import MemoryCluster, Request
from tests.actions.world import APP, INDEX, NODE, SHIPPER, workload

YES = MigrateOptions(policy=PolicyOptions(assume_yes=True))
DEPLOYMENT = resolve("deploy")
ASKING = {**SHIPPER, "resources": {"requests": {"cpu": "150m"}}}
LARGE_INIT = {"name": "prepare", "image": "prepare:1", "resources": {"requests": {"cpu": "1"}}}


def deployment(name: str, namespace: str = "shop", *, more: bool = False) -> Object:
    """`more`: the plan makes its Pod ask for more than today, so that quotas count."""
    obj: Object = workload(
        metadata={"name": name, "namespace": namespace}, containers=(APP, ASKING if more else SHIPPER)
    )
    spec = obj["spec"]["template"]["spec"]
    if more:
        spec["initContainers"] = [copy.deepcopy(LARGE_INIT)]
        spec["containers"][1]["ports"] = [{"containerPort": 1}, {"containerPort": 2}]
        spec["initContainers"][0]["env"] = [{"name": "LOGS", "value": "127.0.0.1:1"}]
    return obj


def several(*objects: Object, **settings: Any) -> tuple[MemoryCluster, list[Target], Counter[tuple[str, str, str]]]:
    """A cluster with these Deployments, their targets, and a count of the requests by verb, resource and namespace."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "shop"},
               "spec": {"selector": {"app": "checkout"}, "ports": [{"port": 80}]}}  # fmt: skip
    cluster = MemoryCluster([NODE, service, *objects], **settings)
    seen: Counter[tuple[str, str, str]] = Counter()

    def count(request: Request) -> None:
        seen[request.verb, request.resource.plural if request.resource else "", request.namespace or ""] += 1

    cluster.hooks.append(count)
    return cluster, [Target(DEPLOYMENT, o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects], seen


MANY = (
    deployment("a"),
    deployment("b", more=True),
    deployment("c", "other"),
    deployment("d", more=True),
    deployment("e"),
)


@pytest.mark.parametrize("dry_runs", [True, False])
def test_together_is_the_same_as_one_by_one(dry_runs: bool) -> None:
    cluster, targets, _ = several(*MANY)
    together = prepare_all(cluster, targets, INDEX, YES, dry_runs=dry_runs)
    assert together == [prepare(cluster, target, INDEX, YES, dry_runs=dry_runs) for target in targets]
    assert [len(p.dry_runs) for p in together] == [2 if dry_runs else 0] * 5


def test_what_surrounds_them_is_read_once_for_each_namespace() -> None:
    cluster, targets, seen = several(*MANY)
    facts = [p.facts for p in prepare_all(cluster, targets, INDEX, YES, dry_runs=False)]
    assert (seen["version", "", ""], seen["list", "nodes", ""]) == (1, 1)
    for namespace in ("shop", "other"):
        assert seen["list", "services", namespace] == 1
        assert seen["list", "horizontalpodautoscalers", namespace] == 1
    assert (seen["get", "deployments", "shop"], seen["list", "pods", "shop"]) == (4, 4)
    assert [names_of(f.services) for f in facts] == [["s"], ["s"], [], ["s"], ["s"]]


def test_quotas_are_read_once_and_only_where_a_plan_asks_for_other_resources() -> None:
    cluster, targets, seen = several(*MANY)
    facts: list[Facts] = [p.facts for p in prepare_all(cluster, targets, INDEX, YES, dry_runs=False)]
    assert [isinstance(f.quotas, Unknown) for f in facts] == [True, False, True, False, True]
    assert (seen["list", "resourcequotas", "shop"], seen["list", "limitranges", "shop"]) == (1, 1)
    assert (seen["list", "resourcequotas", "other"], seen["list", "limitranges", "other"]) == (0, 0)


def with_claim(obj: Object) -> Object:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    obj["spec"]["template"]["spec"]["volumes"].append(volume)
    return obj


HUNGRY = {
    "a plain one": (deployment("checkout"), "deploy", set()),
    "with quotas": (deployment("checkout", more=True), "deploy", {"pod_monitors"}),
    "with quotas and a claim": (
        with_claim(deployment("checkout", more=True)),
        "deploy",
        {"limit_ranges", "pod_monitors"},
    ),
    "with a claim": (with_claim(deployment("checkout")), "deploy", set()),
    "a DaemonSet": (workload("ds"), "ds", set()),
    "a StatefulSet": (workload("sts"), "sts", set()),
    "a CronJob": (workload("cj"), "cj", set()),
    "a Job": (workload("job"), "job", set()),
    "a Pod": (workload("pod"), "pod", set()),
}


@pytest.mark.parametrize(("obj", "kind", "unread"), HUNGRY.values(), ids=HUNGRY)
def test_one_is_planned_with_at_most_a_dozen_requests(obj: Object, kind: str, unread: set[str]) -> None:
    cluster, _, _ = several(obj)
    before = cluster.requests
    found = prepare(cluster, Target(resolve(kind), "shop", "checkout"), INDEX, YES, dry_runs=False)
    assert cluster.requests - before <= 12
    facts = {name: getattr(found.facts, name) for name in ("quotas", "limit_ranges", "pod_monitors", "claims")}
    assert {n for n, f in facts.items() if isinstance(f, Unknown) and "12 requests" in f.reason} == unread
    said = [text for text in found.plan.unknowns if "more than 12 requests" in text]
    assert len(said) == len(unread & {"limit_ranges"})  # PodMonitors are only told of, no rule judges by them


@pytest.mark.parametrize(
    "obj", [deployment("checkout"), deployment("checkout", more=True)], ids=["plain", "with quotas"]
)
def test_a_large_cluster_costs_no_request_more(obj: Object) -> None:
    """5000 nodes are what Kubernetes is made for: they, or that many objects around a workload, come in one answer."""
    nodes = [{**NODE, "metadata": {"name": f"node-{number}"}} for number in range(2, 1800)]
    services: list[Object] = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s-{number}", "namespace": "shop"}, "spec": {}}
        for number in range(1200)
    ]
    cluster, targets, seen = several(obj)
    for each in (*nodes, *services):
        cluster.put(each)
    found = prepare(cluster, targets[0], INDEX, YES, dry_runs=False).facts
    assert (len(found.nodes), len(found.services)) == (1799, 1201)  # type: ignore[arg-type]
    assert sum(seen.values()) <= 12


def test_one_that_is_not_there_is_told() -> None:
    cluster, targets, _ = several(*MANY)
    with pytest.raises(UnknownName, match='no Deployment "gone"'):
        prepare_all(cluster, [*targets, Target(DEPLOYMENT, "shop", "gone")], INDEX, YES)


def test_of_no_targets_there_is_no_plan_and_no_request() -> None:
    cluster, _, seen = several(*MANY)
    assert prepare_all(cluster, [], INDEX, YES) == []
    assert not seen


def names_of(objects: Any) -> list[str]:
    return [o["metadata"]["name"] for o in objects]
