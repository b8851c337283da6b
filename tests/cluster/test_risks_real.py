"""Every refusal that an API server can show, beside what the plan says before anybody asks it.

A row is a classic workload in a namespace of a real API server, planned by `prepare` through the real client. Asserted are the
id of the risk, what the server answers to the same change, that the verdict is a refusal, that nothing was written, and that a
harmless twin is neither refused nor warned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from kubectl_sidecar.actions.dryrun import OBJECT, POD, dry_run_object, patch_of
from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, prepare_files
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.errors import Invalid
from kubectl_sidecar.sources.manifests import Manifest as Document
from tests.cluster.classic import APP, SHIPPER, Manifest, classic, is_native
from tests.cluster.desk import Desk, answers, risks
from tests.cluster.hollow_kubelet import TOLERATIONS, HollowKubelet
from tests.cluster.processes import eventually, steadily
from tests.cluster.webhooks import mutating_webhook, stripping
from tests.core.judging import plan

HELPER = SHIPPER["name"]


def asking(cpu: str, *, limits: bool = False) -> Manifest:
    return {"resources": {"requests": {"cpu": cpu}, **({"limits": {"cpu": cpu}} if limits else {})}}


def with_setup(*, limits: bool = False, **pod: Any) -> Manifest:
    """A plain init container of 150m, an app of 50m and a shipper of 20m: 150m if the shipper comes last, 170m if it is first.
    No Pod is wanted, so quotas are unused."""
    size = {"limits": limits}
    init = [{"name": "setup", "image": "registry.example.com/setup:1", **asking("150m", **size)}]
    containers = ({**APP, **asking("50m", **size)}, {**SHIPPER, **asking("20m", **size)})
    return classic(containers=containers, pod={"initContainers": init, **pod}, replicas=0)


QUOTA: Manifest = {
    "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": {"requests.cpu": "160m"}},
}  # fmt: skip
RANGE: Manifest = {
    "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"},
    "spec": {"limits": [{"type": "Pod", "max": {"cpu": "160m"}}]},
}  # fmt: skip
RULES = {
    "restartPolicy": "Always",
    "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}],
}


@dataclass(frozen=True)
class Case:
    """What `says` (a part of the server's words) and `id` are to the change that `plan` asks for; `what` is the dry run."""

    id: str
    severity: str
    says: str
    obj: Manifest
    twin: Manifest
    what: str = OBJECT
    around: tuple[Manifest, ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)
    twin_plan: Mapping[str, Any] = field(default_factory=dict)


FIRST = {"place": {HELPER: "first"}}
CASES = (
    Case(
        "restart-policy-rules", "blocker", "restartPolicyRules are not allowed for init containers with restart policy Always",
        classic(containers=(APP, {**SHIPPER, **RULES})), classic(containers=({**APP, **RULES}, SHIPPER)),
    ),
    Case("quota-exceeded", "caution", "exceeded quota: small, requested: requests.cpu=170m", with_setup(), with_setup(),
         POD, (QUOTA,), FIRST),
    Case("limit-range", "blocker", "maximum cpu usage per Pod is 160m, but limit is 170m", with_setup(limits=True),
         with_setup(limits=True), POD, (RANGE,), FIRST),
    Case("pod-level-resources", "blocker", "must be greater than or equal to aggregate container requests",
         with_setup(**asking("160m")), with_setup(**asking("160m")), OBJECT, (), FIRST),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_the_server_refuses_is_told_before(case: Case, desk: Desk) -> None:
    desk.create(*case.around, case.obj)
    if case.around and case.around[0]["kind"] == "ResourceQuota":
        eventually(
            lambda: desk.cluster.get("resourcequota", "small", namespace=desk.namespace)["status"].get("used"),
            what="the quota is counted",
        )
    before = desk.version()

    prepared = desk.prepare(**case.plan)

    assert risks(prepared).get(case.id) == case.severity
    outcome, text = answers(prepared)[case.what]
    assert outcome == "refused"
    assert case.says in text
    assert prepared.verdict.decision == "refuse"
    assert desk.version() == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_its_harmless_twin_is_accepted_and_not_warned(case: Case, desk: Desk) -> None:
    desk.create(*case.around, case.twin)

    prepared = desk.prepare(**case.twin_plan)

    assert case.id not in risks(prepared)
    assert {outcome for outcome, _ in answers(prepared).values()} == {"accepted"}
    assert prepared.verdict.decision == "go"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param("job", "spec.template: Invalid value", id="Job: its template is immutable"),
        pytest.param("pod", "pod updates may not add or remove containers", id="Pod: its containers are"),
    ],
)
def test_a_kind_that_cannot_be_changed_is_refused_without_asking_the_server(kind: str, says: str, desk: Desk) -> None:
    desk.create(classic(kind))

    prepared = desk.prepare(kind)

    assert risks(prepared)["immutable-kind"] == "blocker"
    assert prepared.verdict.decision == "refuse"
    assert prepared.dry_runs == ()
    resource = prepared.target.kind.resource
    with pytest.raises(Invalid) as refused:
        desk.kube.patch(resource, desk.namespace, "shop", patch_of(prepared.plan), dry_run=True)
    assert says in str(refused.value)


def test_a_pod_without_a_main_container_no_server_stores(desk: Desk) -> None:
    """The classifier never calls a Pod's only container a helper, whatever the user says, so here the role is given."""
    alone = classic(containers=(SHIPPER,))
    desk.create(alone)
    assert desk.prepare(containers={HELPER: "sidecar"}).verdict.decision == "nothing"

    live = desk.kube.get(resolve("deployment").resource, desk.namespace, "shop")
    planned = plan(live, {HELPER: None})
    assert {r.id: r.severity for r in planned.risks}["no-main-left"] == "blocker"
    answer, _ = dry_run_object(desk.kube, planned, field_manager="tests")
    assert answer.outcome == "refused"
    assert "spec.template.spec.containers: Required value" in answer.text


def planned_file(manifest: Manifest, index: RecipeIndex) -> Prepared:
    document = Document(file="shop.yaml", document=0, item=None, value=manifest)
    (prepared,) = prepare_files([document], (), index, MigrateOptions())
    return prepared


def test_a_name_in_both_lists_no_server_stores(desk: Desk) -> None:
    """So only a file can have it."""
    twice = classic(pod={"initContainers": [{"name": HELPER, "image": "registry.example.com/copy:1"}]})
    made = desk.cluster.kubectl("create", "-n", desk.namespace, "-f", "-", input=json.dumps(twice), check=False)
    assert "Duplicate value" in made.stderr

    assert risks(planned_file(twice, desk.index))["already-in-init-containers"] == "blocker"
    assert "already-in-init-containers" not in risks(planned_file(classic(), desk.index))


def test_a_pre_stop_sleep_longer_than_the_grace_period_no_server_stores(desk: Desk) -> None:
    """Neither form: what is refused today as well is no risk of the migration. One that fits is not in the way of the move."""

    def sleeping(seconds: int) -> Manifest:
        hook = {"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}
        return classic(containers=(APP, {**SHIPPER, **hook}))

    in_native = sleeping(9)
    spec = in_native["spec"]["template"]["spec"]
    spec["initContainers"] = [{**spec["containers"].pop(), "restartPolicy": "Always"}]
    for manifest in (sleeping(9), in_native):
        made = desk.cluster.kubectl("create", "-n", desk.namespace, "-f", "-", input=json.dumps(manifest), check=False)
        assert "must be non-negative and less than terminationGracePeriodSeconds (5)" in made.stderr

    desk.create(sleeping(4))
    assert {outcome for outcome, _ in answers(desk.prepare()).values()} == {"accepted"}


@pytest.mark.parametrize(
    ("names", "today", "after", "told"),
    [
        pytest.param(
            ("http", "http"), 8081, 8080, True, id="app and helper share the name: the Service follows the app"
        ),
        pytest.param(("side", "http"), 8081, 8081, False, id="the helper's own name is found on a native sidecar"),
    ],
)
def test_where_a_service_sends_to_by_name(
    names: tuple[str, str], today: int, after: int, told: bool, desk: Desk, kubelet: HollowKubelet
) -> None:
    helper = {**SHIPPER, "ports": [{"name": names[0], "containerPort": 8081}]}
    app = {**APP, "ports": [{"name": names[1], "containerPort": 8080}]}
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
        "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": names[0]}]},
    }  # fmt: skip
    desk.create(service, classic(containers=(helper, app), pod={"tolerations": TOLERATIONS}))

    def sends_to(port: int) -> bool:
        slices = desk.cluster.get("endpointslices", namespace=desk.namespace)["items"]
        return {p["port"] for s in slices for p in s.get("ports") or ()} == {port}

    eventually(lambda: sends_to(today), what=f"the Service sends to {today}")
    prepared = desk.prepare(containers={HELPER: "sidecar"})
    assert ("same-port-name" in risks(prepared)) is told
    assert "named-target-port" not in risks(prepared), "from 1.33 on the name is found"
    assert prepared.verdict.decision == "go"

    desk.kube.patch(prepared.target.kind.resource, desk.namespace, "shop", patch_of(prepared.plan), dry_run=False)
    desk.cluster.kubectl("rollout", "status", "deployment/shop", "-n", desk.namespace, "--timeout=120s")
    eventually(lambda: sends_to(after), what=f"after the move it sends to {after}")


def forms(desk: Desk) -> dict[str, bool]:
    """The Pods that are not on their way out, and whether each has the native form; a made-up name's end is left away."""
    pods = desk.cluster.get("pods", namespace=desk.namespace)["items"]
    return {
        pod["metadata"]["name"]: is_native({"spec": pod["spec"]})
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    }


def ready_pods(desk: Desk) -> None:
    """Waits until both Pods are ready."""
    eventually(lambda: len(forms(desk)) == 2, what="both Pods are there")
    desk.cluster.kubectl("wait", "--for=condition=Ready", "pod", "--all", "-n", desk.namespace, "--timeout=120s")


def patched(desk: Desk, kind: str) -> Prepared:
    """Migrates for good, and waits until the controller has seen it."""
    ready_pods(desk)
    prepared = desk.prepare(kind)
    written = desk.kube.patch(
        prepared.target.kind.resource, desk.namespace, "shop", patch_of(prepared.plan), dry_run=False
    )
    generation = written.object["metadata"]["generation"]

    def was_seen() -> bool:
        status = desk.cluster.get(kind, "shop", namespace=desk.namespace)["status"]
        return bool(status.get("observedGeneration") == generation)

    eventually(was_seen, what=f"the controller has seen generation {generation}")
    return prepared


@pytest.mark.parametrize(
    ("kind", "spec", "told", "native"),
    [
        pytest.param("deployment", {}, None, 2, id="deployment"),
        pytest.param("deployment", {}, "rollout-paused", 0, id="paused"),
        pytest.param("statefulset", {}, None, 2, id="statefulset"),
        pytest.param("statefulset", {"updateStrategy": {"type": "OnDelete"}}, "rollout-on-delete", 0, id="OnDelete"),
        pytest.param(
            "statefulset",
            {"updateStrategy": {"rollingUpdate": {"partition": 1}}},
            "rollout-partition",
            1,
            id="partition",
        ),
        pytest.param("replicaset", {}, "only-new-pods", 0, id="replicaset"),
    ],
)
def test_which_pods_a_patch_reaches(
    kind: str, spec: Manifest, told: str | None, native: int, desk: Desk, kubelet: HollowKubelet
) -> None:
    desk.create(classic(kind, pod={"tolerations": TOLERATIONS}, **spec))
    if told == "rollout-paused":
        desk.cluster.kubectl("rollout", "pause", f"{kind}/shop", "-n", desk.namespace)

    prepared = patched(desk, kind)

    assert {"rollout-paused", "rollout-on-delete", "rollout-partition", "only-new-pods"} & set(risks(prepared)) == (
        {told} if told else set()
    )
    eventually(lambda: sum(forms(desk).values()) == native and len(forms(desk)) == 2, what=f"{native} native Pods")
    steadily(lambda: sum(forms(desk).values()) == native, seconds=2, what=f"{native} native Pods")
    if told in ("rollout-on-delete", "only-new-pods"):
        desk.cluster.kubectl("delete", "pod", next(iter(forms(desk))), "-n", desk.namespace, "--wait=false")
        eventually(lambda: list(forms(desk).values()).count(True) == 1, what="a Pod that is made anew is native")


@pytest.mark.parametrize(
    ("order", "stays"),
    [
        pytest.param("OrderedReady", True, id="one after the other: it stays as it is"),
        pytest.param("Parallel", False, id="all at once: the controller replaces it"),
    ],
)
def test_an_ordinal_that_never_gets_ready_after_the_way_back(
    order: str, stays: bool, desk: Desk, kubelet: HollowKubelet
) -> None:
    desk.create(classic("statefulset", pod={"tolerations": TOLERATIONS}, podManagementPolicy=order))
    old = desk.cluster.get("statefulset", "shop", namespace=desk.namespace)["spec"]["template"]
    back = json.dumps([{"op": "replace", "path": "/spec/template", "value": old}])
    repaired = {"shop-0": False, "shop-1": False}
    ready_pods(desk)
    kubelet.break_helper(HELPER, "crashes")

    prepared = patched(desk, "statefulset")
    assert ("stuck-ordinal" in risks(prepared)) is stays
    eventually(lambda: forms(desk) == {"shop-0": False, "shop-1": True}, what="shop-1 is native, and not ready")
    desk.cluster.kubectl("patch", "statefulset", "shop", "-n", desk.namespace, "--type=json", "-p", back)

    if stays:
        steadily(lambda: forms(desk).get("shop-1"), seconds=4, what="shop-1 has the broken form")
        desk.cluster.kubectl("delete", "pod", "shop-1", "-n", desk.namespace)
    kubelet.repair()  # only now: a Pod that gets ready by itself is not stuck any more
    eventually(lambda: forms(desk) == repaired, what="shop-1 comes back in the old form")


PROBED = {**SHIPPER, "startupProbe": {"tcpSocket": {"port": 2020}, "periodSeconds": 1}}


@pytest.mark.parametrize(
    ("helper", "says"),
    [
        pytest.param(
            SHIPPER, ") removes restartPolicy of log-shipper from Pods: they would hang at start", id="silently"
        ),
        pytest.param(
            PROBED, "may not be set for init containers without restartPolicy=Always", id="loudly, with a probe"
        ),
    ],
)
def test_an_old_webhook_that_strips_the_field_is_found_before_anything_is_written(
    helper: Manifest, says: str, desk: Desk
) -> None:
    desk.create(classic(containers=(APP, helper)))
    before = desk.version()
    with mutating_webhook(desk.cluster, desk.namespace, stripping):

        def stripped() -> Prepared | None:
            """The server needs a moment to learn of a webhook."""
            prepared = desk.prepare()
            return prepared if answers(prepared)[POD][0] != "accepted" else None

        prepared = eventually(stripped, what="the webhook is called")
    assert prepared is not None

    assert answers(prepared)[OBJECT][0] == "accepted", "a dry run of the Deployment shows nothing"
    outcome, text = answers(prepared)[POD]
    assert outcome == "refused"
    assert says in text
    assert prepared.verdict.decision == "refuse"
    assert desk.version() == before
    eventually(lambda: desk.prepare().verdict.decision == "go", what="without the webhook it goes")
