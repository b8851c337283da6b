"""What a rollout does to a service while the new Pods do not get ready: seen with the real controllers, told by the plan.

A kubelet of paper says of the Pods whether they are ready. Each test lets the helper of new Pods fail, because that is when
strategy, budget and deadline decide what is left.
"""

from __future__ import annotations

import json
from typing import Any

from tests.cluster.classic import APP, SHIPPER, Manifest, classic, is_native
from tests.cluster.desk import Desk, risks
from tests.cluster.hollow_kubelet import TOLERATIONS, HollowKubelet
from tests.cluster.processes import eventually, steadily

HELPER = SHIPPER["name"]
HERE: Manifest = {"tolerations": TOLERATIONS}


def serving(desk: Desk, name: str = "shop") -> list[str]:
    """The Pods of the workload that a Service would send to."""
    return [
        pod["metadata"]["name"]
        for pod in desk.cluster.get("pods", "-l", f"app={name}", namespace=desk.namespace)["items"]
        if "deletionTimestamp" not in pod["metadata"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", ()))
    ]


def new_pods(desk: Desk, name: str = "shop") -> list[str]:
    """The Pods of the native form."""
    pods = desk.cluster.get("pods", "-l", f"app={name}", namespace=desk.namespace)["items"]
    return [pod["metadata"]["name"] for pod in pods if is_native({"spec": pod["spec"]})]


def serves(desk: Desk, count: int, name: str = "shop") -> None:
    eventually(lambda: len(serving(desk, name)) == count, what=f"{count} Pods of {name} serve")


def rolling(**fields: Any) -> Manifest:
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": fields}}


GAPS: dict[str, tuple[str, Manifest, bool]] = {
    "default": ("deployment", {}, False),  # 25% of 1 is none
    "almost-all": ("deployment", rolling(maxUnavailable="99%", maxSurge=1), False),  # 99% of 1 is none as well
    "one": ("deployment", rolling(maxUnavailable=1, maxSurge=1), True),
    "all": ("deployment", rolling(maxUnavailable="100%", maxSurge=1), True),
    "recreate": ("deployment", {"strategy": {"type": "Recreate"}}, True),
    "stateful": ("statefulset", {}, True),
}
"""Name of a workload with one replica -> its kind, what it says of rollouts, whether the only Pod goes before the next one is
ready."""


def test_whether_the_only_pod_goes_before_the_next_is_ready(desk: Desk, kubelet: HollowKubelet) -> None:
    desk.create(*(classic(kind, name, pod=HERE, replicas=1, **spec) for name, (kind, spec, _) in GAPS.items()))
    for name in GAPS:
        serves(desk, 1, name)
    prepared = {name: desk.prepare(kind, name) for name, (kind, _, _) in GAPS.items()}
    assert {n for n, p in prepared.items() if "single-replica-gap" in risks(p)} == {n for n in GAPS if GAPS[n][2]}

    kubelet.break_helper(HELPER, "crashes")
    for name in GAPS:
        desk.write(prepared[name])
    for name in GAPS:
        eventually(lambda name=name: new_pods(desk, name), what=f"{name} has a Pod of the new form")  # type: ignore[misc]

    def as_told() -> bool:
        return all(len(serving(desk, name)) == (0 if gap else 1) for name, (_, _, gap) in GAPS.items())

    eventually(as_told, what="those with a gap are away, and the others serve")
    steadily(as_told, seconds=2, what="those with a gap are away, and the others serve")


def test_a_rollout_asks_no_disruption_budget_and_an_eviction_does(desk: Desk, kubelet: HollowKubelet) -> None:
    budget: Manifest = {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "shop"},
        "spec": {"minAvailable": 3, "selector": {"matchLabels": {"app": "shop"}}},
    }  # fmt: skip
    two = rolling(maxUnavailable=2, maxSurge=0)
    desk.create(budget, classic(pod=HERE, replicas=4, **two))
    serves(desk, 4)

    def evict(pod: str, *, dry_run: bool) -> str:
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": desk.namespace}}
        path = f"/api/v1/namespaces/{desk.namespace}/pods/{pod}/eviction" + ("?dryRun=All" if dry_run else "")
        return desk.cluster.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(body), check=False).stderr

    eventually(lambda: not evict(serving(desk)[0], dry_run=True), what="with four Pods one may be evicted")
    prepared = desk.prepare()
    assert risks(prepared)["pdb"] == "note"
    (text,) = (risk.text for risk in prepared.plan.risks if risk.id == "pdb")
    assert "takes up to 2 of 4 Pods away at once" in text
    assert "allows 1" in text

    kubelet.break_helper(HELPER, "crashes")
    desk.write(prepared)
    serves(desk, 2)
    steadily(lambda: len(serving(desk)) == 2, seconds=2, what="fewer serve than the budget promises")
    for pod in serving(desk):
        assert "would violate the pod's disruption budget" in evict(pod, dry_run=False)


def test_a_budget_that_allows_what_the_rollout_takes_is_not_mentioned(desk: Desk) -> None:
    budget: Manifest = {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "shop"},
        "spec": {"maxUnavailable": 2, "selector": {"matchLabels": {"app": "shop"}}},
    }  # fmt: skip
    desk.create(budget, classic(pod=HERE, replicas=4, **rolling(maxUnavailable=2, maxSurge=0)))
    assert "pdb" not in risks(desk.prepare())


def test_a_start_slower_than_the_progress_deadline_counts_as_a_failed_rollout(
    desk: Desk, kubelet: HollowKubelet
) -> None:
    for name, seconds in (("hasty", 4), ("patient", 600)):
        desk.create(classic(name=name, pod=HERE, replicas=1, progressDeadlineSeconds=seconds))
        serves(desk, 1, name)

    def progress(name: str) -> tuple[str, str]:
        status = desk.cluster.get("deployment", name, namespace=desk.namespace)["status"]
        found = {c["type"]: (c["status"], c["reason"]) for c in status.get("conditions", ())}
        return found.get("Progressing", ("", ""))

    told = {name: desk.prepare(name=name) for name in ("hasty", "patient")}
    assert risks(told["hasty"])["progress-deadline"] == "caution"
    assert "progress-deadline" not in risks(told["patient"])

    kubelet.break_helper(HELPER, "crashes")  # a start that takes long looks like one that never ends
    for prepared in told.values():
        desk.write(prepared)
    eventually(lambda: progress("hasty") == ("False", "ProgressDeadlineExceeded"), what="the deadline is over")
    still_going, _ = progress("patient")  # the reason hangs on which event its controller saw last
    assert still_going == "True"
    assert len(serving(desk, "hasty")) == 1, "the old Pod goes on"


def test_what_kubectl_takes_by_default(desk: Desk) -> None:
    desk.create(classic(containers=(SHIPPER, APP), replicas=1, strategy={"type": "Recreate"}))

    def defaulted() -> str:
        """No Pod runs, so kubectl fails right after it has chosen."""
        eventually(lambda: desk.cluster.get("pods", namespace=desk.namespace)["items"], what="there is a Pod")
        return desk.cluster.kubectl("logs", "deployment/shop", "-n", desk.namespace, check=False).stderr

    assert 'Defaulted container "log-shipper" out of: log-shipper, shop' in defaulted()
    assert risks(desk.prepare())["default-container"] == "note"

    desk.write(desk.prepare())
    eventually(lambda: new_pods(desk), what="the Pod is new")
    assert 'Defaulted container "shop" out of: shop, log-shipper (init)' in defaulted()


def test_a_patch_by_index_means_another_container(desk: Desk) -> None:
    desk.create(classic(containers=(SHIPPER, APP)))
    image = json.dumps(
        [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.example.com/new:1"}]
    )

    def changed() -> str:
        """The container that such a patch, as kustomizations have it, would change."""
        words = ("patch", "deployment", "shop", "-n", desk.namespace, "--type=json", "-p", image)
        answer = json.loads(desk.cluster.kubectl(*words, "--dry-run=server", "-o", "json").stdout)
        containers = answer["spec"]["template"]["spec"]["containers"]
        (name,) = (c["name"] for c in containers if c["image"] == "registry.example.com/new:1")
        return str(name)

    prepared = desk.prepare()
    assert risks(prepared)["index-shift"] == "note"
    assert changed() == HELPER
    desk.write(prepared)
    assert changed() == "shop"


def test_where_the_helper_comes_last_no_index_changes(desk: Desk) -> None:
    desk.create(classic())
    assert not {"index-shift", "default-container"} & set(risks(desk.prepare()))
