"""What `doctor` says of a cluster, a case for each thing that it looks at; and which workload it would begin with."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from kubectl_sidecar.actions.doctor import Report, examine
from kubectl_sidecar.actions.doctor_checks import Check
from kubectl_sidecar.actions.dryrun import OBJECT, POD
from kubectl_sidecar.actions.migrate import MigrateOptions, Target, prepare
from kubectl_sidecar.actions.proof import probe_pod
from kubectl_sidecar.core.kinds import CRDS, KINDS, MUTATING_WEBHOOKS, NODES, Resource, resolve
from kubectl_sidecar.core.readiness import versions_without_field
from kubectl_sidecar.errors import Invalid, Unauthorized, Unreachable
from kubectl_sidecar.sources.cluster import Object, Written
from kubectl_sidecar.sources.memory import MemoryCluster, Request
from tests.actions.world import APP, INDEX, NODE, SHIPPER, workload, world


def node(name: str, version: str, *taints: Mapping[str, str]) -> Object:
    found: Object = copy.deepcopy(NODE)
    found["metadata"] = {"name": name}
    found["spec"] = {"taints": [dict(taint) for taint in taints]}
    found["status"]["nodeInfo"]["kubeletVersion"] = version
    return found


VIRTUAL = {"key": "virtual-kubelet.io/provider", "value": "cloud", "effect": "NoSchedule"}
CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def examined(*objects: Object, version: str = "v1.35.4", **settings: Any) -> Report:
    nodes = () if any(o["kind"] == "Node" for o in objects) else (NODE,)
    cluster = MemoryCluster([*nodes, *objects], namespace="shop", version=version, **settings)
    cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"mesh": "on"}}})
    return examine(cluster, "shop", INDEX)


def checks(report: Report, id: str) -> list[Check]:
    return [check for check in report.checks if check.id == id]


def check(report: Report, id: str) -> Check:
    (only,) = checks(report, id)
    return only


def test_a_ready_cluster_draws_no_warning() -> None:
    report = examined(workload())
    assert report.status == "ok"
    assert {c.id for c in report.checks} == {"server-version", "node-versions", "pod-dry-run", "pod-webhooks", "rights"}
    assert [c.remedy for c in report.checks] == [""] * 5


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("v1.28.9", "blocker"),
        ("v1.29.0-eks-1a2b3c", "warning"),
        ("v1.32.1+k3s1", "warning"),
        ("v1.33.0", "ok"),
        ("v1.35.1", "warning"),
    ],
)
def test_the_servers_version(version: str, status: str) -> None:
    assert check(examined(version=version), "server-version").status == status


NODES_SEEN: dict[str, tuple[list[Object], list[tuple[str, str]]]] = {
    "all new": ([node("a", "v1.33.1"), node("b", "v1.35.4")], [("ok", "2 nodes without taints: v1.33.1 to v1.35.4: native")]),
    "an old one": ([node("a", "v1.28.1"), node("b", "v1.35.4")], [("blocker", "v1.28.1 to v1.35.4 (oldest: a): native")]),
    "an old one that no Pod tolerates": (
        [node("a", "v1.19.10-vk-azure", VIRTUAL), node("b", "v1.35.4")],
        [("ok", "1 node without taints"), ("warning", "1 node tainted virtual-kubelet.io/provider=cloud:NoSchedule: v1.19.10")],
    ),
    "an old one that is only cordoned": ([node("a", "v1.28.1", CORDONED)], [("blocker", "1 node without taints: v1.28.1")]),
    "a beta": ([node("a", "v1.31.2")], [("warning", "work as a beta")]),
    "no version": ([node("a", "unknown")], [("unknown", "their version is no version")]),
    "no version beside a good one": ([node("a", "unknown"), node("b", "v1.35.4")], [("unknown", "1 with a version that is none")]),
}  # fmt: skip


@pytest.mark.parametrize(("nodes", "said"), NODES_SEEN.values(), ids=NODES_SEEN.keys())
def test_the_nodes_by_their_taints(nodes: list[Object], said: list[tuple[str, str]]) -> None:
    found = checks(examined(*nodes), "node-versions")
    assert [c.status for c in found] == [status for status, _ in said]
    assert [text in c.text for c, (_, text) in zip(found, said, strict=True)] == [True] * len(said)


def denied(*resources: Resource, verbs: tuple[str, ...] = ("list", "get", "create", "patch")) -> Any:
    return lambda verb, resource, namespace: not (resource in resources and verb in verbs)


def test_what_may_not_be_read_is_not_known() -> None:
    report = examined(rights=denied(NODES, CRDS, MUTATING_WEBHOOKS))
    assert report.status == "unknown"
    assert (
        check(report, "node-versions").text == "the versions of the nodes are not known: you have no right to read them"
    )
    assert (check(report, "pod-webhooks").status, check(report, "custom-kinds").status) == ("warning", "warning")


# The proof by a Pod


class Admission:
    """A cluster with a webhook that changes Pods, or refuses them."""

    def __init__(self, webhook: Any, *registered: Object, **settings: Any) -> None:
        self.cluster = MemoryCluster([NODE, *registered], namespace="shop", **settings)
        self.cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        self.cluster.webhooks.append(webhook)

    def check(self) -> Check:
        return check(examine(self.cluster, "shop", INDEX), "pod-dry-run")


def strips(pod: Object) -> Object:
    changed = copy.deepcopy(pod)
    for entry in changed["spec"].get("initContainers", ()):
        entry.pop("restartPolicy", None)
    return changed


def injects(pod: Object) -> Object:
    return {
        **pod,
        "spec": {**pod["spec"], "containers": [*pod["spec"]["containers"], {"name": "proxy", "image": "proxy"}]},
    }


def refuses_native(pod: Object) -> None:
    if pod["spec"].get("initContainers"):
        raise Invalid("admission webhook says no native sidecars", status=400)


def refuses_all(pod: Object) -> None:
    raise Invalid("admission webhook says no", status=400)


def no_dry_run(pod: Object) -> None:
    raise Invalid('admission webhook "w" does not support dry run', status=400)


@pytest.mark.parametrize(
    ("webhook", "status", "said"),
    [
        (injects, "ok", "webhooks add proxy"),
        (refuses_native, "blocker", "is refused, and one without is not: admission webhook says no native"),
        (refuses_all, "unknown", "a Pod without a sidecar is refused as well"),
        (no_dry_run, "unknown", "could not be tried"),
    ],
)
def test_the_proof(webhook: Any, status: str, said: str) -> None:
    found = Admission(webhook).check()
    assert found.status == status
    assert said in found.text


UNREAD = denied(MUTATING_WEBHOOKS)
STRIPPED: dict[str, tuple[str, tuple[str, ...], dict[str, Any], str, str]] = {
    "a webhook": ("v1.35.4", ("w",), {}, "a webhook (w) removes", "Upgrade the webhook"),
    "a webhook, or an old server": ("v1.30.1", ("w",), {}, "a webhook (w), or the API server (v1.30.1) itself, removes", "Upgrade"),
    "an old server": ("v1.30.1", (), {}, "the API server (v1.30.1) removes", "SidecarContainers"),
    "a new server": ("v1.35.4", (), {}, "something in the admission of the API server, no webhook, removes", "MutatingAdmissionPolicies"),
    "not known": ("v1.30.1", ("w",), {"rights": UNREAD}, "the API server (v1.30.1) or a webhook removes", "SidecarContainers"),
    "not known, and the server is new": ("v1.35.4", ("w",), {"rights": UNREAD}, "a webhook removes", "Upgrade the webhook"),
}  # fmt: skip


@pytest.mark.parametrize(("version", "names", "settings", "said", "remedy"), STRIPPED.values(), ids=STRIPPED)
def test_who_removes_the_field(
    version: str, names: tuple[str, ...], settings: dict[str, Any], said: str, remedy: str
) -> None:
    """A dry run of a Pod says that it is gone, and the version and the registered webhooks who may have done it."""
    registered = [configuration(name) for name in names]
    found = Admission(strips, *registered, version=version, **settings).check()
    assert found.status == "blocker"
    assert found.text.startswith(f"{said} restartPolicy")
    assert remedy in found.remedy


@pytest.mark.parametrize(("version", "names", "settings", "said", "remedy"), STRIPPED.values(), ids=STRIPPED)
def test_migrate_says_the_same(
    version: str, names: tuple[str, ...], settings: dict[str, Any], said: str, remedy: str
) -> None:
    here = world(workload(), *(configuration(name) for name in names), version=version, **settings)
    here.cluster.webhooks.append(strips)
    answer = next(run for run in here.prepare().dry_runs if run.what == POD)
    assert answer.outcome == "refused"
    assert answer.text.startswith(f"{said} restartPolicy of log-shipper from Pods")


class Dropping(MemoryCluster):
    """Takes the field out of workloads that are written."""

    def patch(self, *words: Any, **settings: Any) -> Written:
        written = super().patch(*words, **settings)
        obj = copy.deepcopy(dict(written.object))
        obj["spec"]["template"] = strips(obj["spec"]["template"])
        return Written(obj, written.warnings)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("v1.32.0", "it does not know native sidecars"),
        ("v1.35.4", "its admission (a webhook or a policy for deployments) takes the field away"),
    ],
)
def test_a_server_that_drops_the_field_of_the_workload_is_refused_with_who_may_do_so(version: str, said: str) -> None:
    cluster = Dropping([NODE, workload()], namespace="shop", version=version)
    prepared = prepare(cluster, Target(resolve("deploy"), "shop", "checkout"), INDEX, MigrateOptions())
    answer = next(run for run in prepared.dry_runs if run.what == OBJECT)
    assert (answer.outcome, answer.text) == ("refused", f"the server drops restartPolicy of log-shipper: {said}")


def test_without_the_right_to_create_pods_nothing_is_proven() -> None:
    pods = next(kind.resource for kind in KINDS if kind.name == "Pod")
    found = check(examined(rights=denied(pods, verbs=("create",))), "pod-dry-run")
    assert (found.status, found.text) == ("unknown", "you may not create Pods here, so admission could not be tried")


def test_the_pod_asks_for_no_privileges() -> None:
    pod = probe_pod("shop", native=True)
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    for container in (*spec["containers"], *spec["initContainers"]):
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert set(container["resources"]) == {"requests", "limits"}


# Webhooks


def configuration(name: str, effects: str = "None", *, selector: Any = None, **rule: Any) -> Object:
    rules = [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], **rule}]
    webhook = {
        "name": f"{name}.example.com",
        "rules": rules,
        "sideEffects": effects,
        **({"namespaceSelector": selector} if selector else {}),
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name}, "webhooks": [webhook],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "sees"),
    [
        (configuration("w"), True),
        (configuration("w", resources=["*"]), True),
        (configuration("w", resources=["*/*"], apiGroups=["*"], operations=["*"]), True),
        (configuration("w", resources=["pods/exec"]), False),
        (configuration("w", operations=["UPDATE"]), False),
        (configuration("w", apiGroups=["apps"]), False),
        (configuration("w", scope="Cluster"), False),
        (configuration("w", selector={"matchLabels": {"mesh": "on"}}), True),
        (configuration("w", selector={"matchLabels": {"mesh": "off"}}), False),
        (
            configuration("w", selector={"matchExpressions": [{"key": "mesh", "operator": "NotIn", "values": ["on"]}]}),
            False,
        ),
        (configuration("w", selector={"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]}), True),
    ],
)
def test_which_webhooks_see_pods(given: Object, sees: bool) -> None:
    report = examined(given)
    assert [w.configuration for w in report.webhooks] == ["w"] * sees  # type: ignore[union-attr]
    assert check(report, "pod-webhooks").status == "ok"


def test_a_webhook_with_side_effects_forbids_dry_runs() -> None:
    found = check(examined(configuration("w", "Unknown")), "pod-webhooks")
    assert found.status == "warning"
    assert found.text.startswith("w may have side effects")


# CustomResourceDefinitions


def crd(schema: Any, name: str = "rollouts.argoproj.io", **version: Any) -> Object:
    versions = [{"name": "v1alpha1", "served": True, "schema": {"openAPIV3Schema": schema}, **version}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
        "spec": {"versions": versions},
    }  # fmt: skip


def schema(*, field: bool, **pod: Any) -> Any:
    entry = {"properties": {"name": {"type": "string"}, **({"restartPolicy": {"type": "string"}} if field else {})}}
    spec = {"properties": {"initContainers": {"type": "array", "items": entry}}, **pod}
    return {"properties": {"spec": {"properties": {"template": {"properties": {"spec": spec}}}}}}


OPEN = {"x-kubernetes-preserve-unknown-fields": True}


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        (crd(schema(field=True)), ()),
        (crd(schema(field=False)), ("v1alpha1",)),
        (crd(schema(field=False, **OPEN)), ()),
        (crd({"properties": {"spec": {"properties": {"template": {"type": "object", **OPEN}}}}}), ()),
        (crd({"properties": {"spec": {"properties": {}}}}), ("v1alpha1",)),
        (crd(schema(field=False), served=False), ()),
    ],
    ids=[
        "has it",
        "lacks it",
        "preserves what it does not know",
        "preserves above",
        "no template at all",
        "not served",
    ],
)
def test_a_schema_without_the_field(given: Object, lacking: tuple[str, ...]) -> None:
    assert versions_without_field(given) == lacking
    assert check(examined(given), "custom-kinds").status == ("warning" if lacking else "ok")


# Rights


def test_no_right_to_patch_one_kind() -> None:
    daemon_sets = next(kind.resource for kind in KINDS if kind.name == "DaemonSet")
    found = check(examined(rights=denied(daemon_sets, verbs=("patch",))), "rights")
    assert (found.status, found.text) == ("warning", "you may not patch daemonsets here: no migrate and undo of these")


def test_no_right_to_patch_anything_blocks() -> None:
    report = examined(rights=lambda verb, resource, namespace: verb != "patch")
    assert check(report, "rights").status == "blocker"
    assert report.status == "blocker"


def test_a_user_without_any_right_gets_a_report() -> None:
    report = examined(rights=lambda verb, resource, namespace: False)
    assert report.status == "blocker"
    assert report.first.prepared is None
    assert all(right.allowed is False for right in report.rights)


@pytest.mark.parametrize("error", [Unreachable("no route"), Unauthorized("who?", status=401)])
def test_no_cluster_is_an_error(error: Exception) -> None:
    cluster = MemoryCluster([NODE], namespace="shop")

    def down(request: Request) -> None:
        raise error

    cluster.hooks.append(down)
    with pytest.raises(type(error)):
        examine(cluster, "shop", INDEX)


def test_nothing_is_written() -> None:
    cluster = MemoryCluster([NODE, workload()], namespace="shop")
    before = cluster.resource_version
    examine(cluster, "shop", INDEX)
    assert cluster.resource_version == before


# The first migration


def named(name: str, **settings: Any) -> Object:
    return workload(metadata={"name": name}, **settings)


HELM = {"name": "owned", "annotations": {"meta.helm.sh/release-name": "x"}}


def first(*objects: Object) -> tuple[str, str]:
    found = examined(*objects).first
    return (found.prepared.target.name if found.prepared else "", found.text)


def test_the_smallest_comes_first() -> None:
    assert first(named("big", replicas=9), named("small", replicas=2))[0] == "small"


def test_one_that_nobody_owns_goes_before_a_smaller_one_that_is_applied() -> None:
    applied = {"name": "applied", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}
    assert first(workload(metadata=applied, replicas=1), named("big", replicas=9))[0] == "big"
    assert first(workload(metadata=applied, replicas=1))[0] == "applied"


def test_one_that_takes_the_service_down_goes_last() -> None:
    assert first(named("down", replicas=2, strategy={"type": "Recreate"}), named("big", replicas=9))[0] == "big"


@pytest.mark.parametrize(
    "spoilt",
    [
        named("c", replicas=1, strategy={"type": "Recreate"}),
        workload(metadata=HELM, replicas=1),
        named("u", replicas=1, containers=(APP, {"name": "x", "image": "registry.example.com/x:1"})),
    ],
    ids=["a caution", "owned by Helm", "not certain"],
)
def test_what_is_no_first_one(spoilt: Object) -> None:
    assert first(spoilt)[0] == ""
    assert first(spoilt, named("fine", replicas=9))[0] == "fine"


def test_the_nearest_is_named_where_all_have_cautions() -> None:
    assert "the nearest is deployment/c (" in first(named("c", replicas=1, strategy={"type": "Recreate"}))[1]


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ((), "there are no workloads in shop"),
        ((named("a", containers=(APP,)),), "no workload in shop has a classic sidecar"),
    ],
)
def test_where_there_is_nothing_to_begin_with(objects: tuple[Object, ...], said: str) -> None:
    assert first(*objects) == ("", said)


def test_what_was_counted() -> None:
    report = examined(named("a"), named("b", containers=(APP,)), named("c", containers=(SHIPPER, APP)))
    assert (report.first.workloads, report.first.classic) == (3, 2)
