"""What a person reads of a plan: order and resources, at 80 columns, and who writes next."""

from __future__ import annotations

import pytest

from kubectl_sidecar.actions.inspect import Scope, scan
from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, Target, prepare
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.output.plan import describe, order
from kubectl_sidecar.output.resources import resource_lines
from kubectl_sidecar.output.source_change import owner_hint
from kubectl_sidecar.output.style import plain
from kubectl_sidecar.sources.sample import sample_cluster
from kubectl_sidecar.sources.simulate import ManualClock
from tests.actions.world import APP, INDEX, SHIPPER, workload, world

FREE = ("note", "start-up", "                pulled")
"""Lines of prose, which a terminal wraps."""


@pytest.fixture(scope="module")
def sample() -> list[Prepared]:
    cluster, _ = sample_cluster(ManualClock())
    rows = [row for row in scan(cluster, Scope(None), INDEX).rows if row.state != "broken"]
    return [
        prepare(cluster, Target(r.kind, r.namespace, r.name), INDEX, MigrateOptions(), dry_runs=False) for r in rows
    ]


def test_lanes_and_resources_fit_into_80_columns(sample: list[Prepared]) -> None:
    lines = [
        line
        for p in sample
        for line in (*order(p.plan, plain), *resource_lines(p))
        if not line.strip().startswith(FREE)
    ]
    assert [line for line in lines if len(line) > 80 and "pulled" not in line] == []
    assert len(lines) > 100


def asking(cpu: str, memory: str) -> dict[str, object]:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}}


def test_what_is_asked_for_by_a_pod_and_by_all() -> None:
    obj = workload(containers=({**APP, **asking("300m", "256Mi")}, {**SHIPPER, **asking("150m", "64Mi")}), replicas=4)
    obj["spec"]["template"]["spec"]["initContainers"] = [
        {"name": "p", "image": "p", "resources": {"requests": {"cpu": "1"}}}
    ]
    prepared = world(obj).prepare(options=MigrateOptions(PlanOptions(place={"log-shipper": "first"})))
    assert list(resource_lines(prepared)) == [
        "  requests  per Pod  cpu 1 → 1150m, memory 320Mi → 320Mi",
        "            4 Pods   cpu 4 → 4600m, memory 1.25Gi → 1.25Gi",
        "  limits    per Pod  memory 320Mi, unchanged",
        "            4 Pods   memory 1.25Gi, unchanged",
        "  QoS       Burstable, unchanged",
    ]


@pytest.mark.parametrize("kind", ["pod", "job", "cj"])
def test_where_there_is_no_number_of_pods_only_one_is_told(kind: str) -> None:
    obj = world(workload(kind, containers=({**APP, **asking("1", "1Gi")}, SHIPPER))).prepare(kind)
    assert next(resource_lines(obj)) == "  requests  per Pod  cpu 1, memory 1Gi, unchanged"


def test_a_daemon_set_has_as_many_pods_as_it_wants() -> None:
    lines = list(
        resource_lines(world(workload("ds", containers=({**APP, **asking("1", "1Gi")}, SHIPPER))).prepare("ds"))
    )
    assert not any("Pods" in line for line in lines)  # one node


MARKS = {
    "helm": {"annotations": {"meta.helm.sh/release-name": "front"}},
    "argocd": {"annotations": {"argocd.argoproj.io/tracking-id": "front:apps/Deployment:shop/checkout"}},
    "flux": {"labels": {"kustomize.toolkit.fluxcd.io/name": "front"}},
    "kubectl-apply": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
    "operator": {"labels": {"olm.owner": "front"}},
}


@pytest.mark.parametrize("kind", MARKS)
def test_an_owner_is_told_where_the_change_belongs_and_what_comes_next(kind: str) -> None:
    prepared = world(workload(metadata=MARKS[kind])).prepare()
    assert prepared.owner.kind == kind
    assert list(owner_hint(prepared)) != []
    assert any(line.strip().split()[1:2] == ["owner"] for line in describe(prepared, plain))


def test_nobody_needs_no_hint() -> None:
    assert list(owner_hint(world(workload()).prepare())) == []
