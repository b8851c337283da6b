"""The laws of planning, over generated workloads of every kind: idempotent, the same by patch and by edits, invertible, pure, and
silent about what it does not name."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core import edits
from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.facts import Facts, Version
from kubectl_sidecar.core.kinds import KINDS, resolve
from kubectl_sidecar.core.plan import Plan
from kubectl_sidecar.core.planning.planner import PlanOptions, judged, make_plan
from kubectl_sidecar.sources.recipes import packaged

INDEX = RecipeIndex(packaged())
FACTS = Facts(server=Version(1, 35), nodes=(), services=(), pods=())

APP = {"name": "app", "image": "registry.example.com/shop/app:1", "ports": [{"containerPort": 8080}]}
HELPERS: list[dict[str, Any]] = [
    {"name": "fluent-bit", "image": "fluent/fluent-bit:3.2"},
    {"name": "cloud-sql-proxy", "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1", "args": ["--port=5432", "p:r:i"]},
    {"name": "git-sync", "image": "registry.k8s.io/git-sync/git-sync:v4.4.0", "args": ["--repo=https://git.example.com/x", "--root=/git"]},
    {"name": "oauth2-proxy", "image": "quay.io/oauth2-proxy/oauth2-proxy:v7.7.1", "args": ["--upstream=http://127.0.0.1:8080/"]},
]  # fmt: skip
INITS: list[dict[str, Any]] = [
    {"name": "migrate", "image": "registry.example.com/shop/migrate:1"},
    {"name": "native", "image": "fluent/fluentd:v1", "restartPolicy": "Always"},
]


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    helpers = draw(st.lists(st.sampled_from(HELPERS), unique_by=lambda c: c["name"], max_size=4))
    containers = draw(st.permutations([APP, *helpers]))
    spec: dict[str, Any] = {"containers": copy.deepcopy(list(containers)), "x-unknown": {"kept": True}}
    inits = draw(st.none() | st.lists(st.sampled_from(INITS), unique_by=lambda c: c["name"]))
    if inits is not None or draw(st.booleans()):
        spec["initContainers"] = copy.deepcopy(inits)
    template: Any = {"metadata": {"labels": {"app": "app"}}, "spec": spec}
    head = {
        "apiVersion": kind.resource.api_version,
        "kind": kind.name,
        "metadata": {"name": "app", "namespace": "n", "uid": "1"},
    }
    if not kind.template:
        return {**head, "spec": spec}
    for key in reversed(kind.template):
        template = {key: template}
    return {**head, **template}


def plan_of(obj: dict[str, Any], options: PlanOptions = PlanOptions()) -> Plan:  # noqa: B008 - immutable
    kind = resolve(obj["kind"])
    workload = decode_object(kind, obj)
    return make_plan(obj, workload, classify(workload, INDEX, overrides=options.containers), FACTS, options)


def applied(obj: dict[str, Any], plan: Plan) -> dict[str, Any]:
    path = plan.workload.kind.template
    if path:
        return dict(edits.apply(obj, [edits.Set(path, plan.after)]))
    return dict(edits.apply(obj, plan.edits))


@given(objects())
def test_planning_its_own_result_finds_nothing_to_do(obj: dict[str, Any]) -> None:
    assert plan_of(applied(obj, plan_of(obj))).is_empty


@given(objects())
def test_json_patch_and_edits_give_the_same_object(obj: dict[str, Any]) -> None:
    plan = plan_of(obj)
    patch = edits.json_patch(plan.edits, prefix=plan.workload.kind.template)
    assert jsonpatch.apply_patch(copy.deepcopy(obj), patch) == applied(obj, plan)


@given(objects())
def test_the_inverse_restores_the_template(obj: dict[str, Any]) -> None:
    plan = plan_of(obj)
    assert edits.apply(plan.after, edits.invert(plan.before, plan.edits)) == plan.before


@given(objects())
def test_the_input_is_never_mutated(obj: dict[str, Any]) -> None:
    before = copy.deepcopy(obj)
    plan_of(obj)
    assert obj == before


@given(objects())
def test_what_the_plan_does_not_name_stays_equal(obj: dict[str, Any]) -> None:
    plan = plan_of(obj)
    moved = {r.finding.name for r in plan.relocations}
    before, after = plan.before["spec"], plan.after["spec"]
    assert [c for c in before["containers"] if c["name"] not in moved] == after["containers"]
    kept = [c for c in after.get("initContainers") or () if c["name"] not in moved]
    assert kept == (before.get("initContainers") or [])
    lists = ("containers", "initContainers")
    assert {k: v for k, v in before.items() if k not in lists} == {k: v for k, v in after.items() if k not in lists}
    by_name = {c["name"]: c for c in before["containers"]}
    for container in after.get("initContainers") or ():
        if container["name"] in moved:
            assert container == {**by_name[container["name"]], "restartPolicy": "Always"}


@given(objects())
def test_a_main_container_is_never_moved(obj: dict[str, Any]) -> None:
    plan = plan_of(obj)
    assert "app" not in {r.finding.name for r in plan.relocations}
    assert plan.after["spec"]["containers"]


@given(objects())
def test_the_order_is_what_the_relocations_say(obj: dict[str, Any]) -> None:
    plan = plan_of(obj)
    inits = plan.after["spec"].get("initContainers") or []
    for r in plan.relocations:
        assert inits[r.target]["name"] == r.finding.name
        assert r.finding.index == r.source


OBJECT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "app", "namespace": "n", "uid": "1", "resourceVersion": "5"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [APP, HELPERS[0]]}}},
    "status": {"replicas": 1},
}
SAME = {
    "a status": (("status", "replicas"), 2),
    "a resourceVersion": (("metadata", "resourceVersion"), "6"),
    "a scale": (("spec", "replicas"), 9),
    "a label": (("metadata", "labels"), {"team": "a"}),
}
OTHER = {
    "another uid": (("metadata", "uid"), "2"),
    "another template": (("spec", "template", "spec", "hostNetwork"), True),
    "paused": (("spec", "paused"), True),
    "another strategy": (("spec", "strategy"), {"type": "Recreate"}),
    "an owner": (("metadata", "annotations"), {"meta.helm.sh/release-name": "x"}),
}


def bound_to(obj: dict[str, Any]) -> Any:
    return judged(obj, decode_object(resolve("deploy"), obj))


@pytest.mark.parametrize(("path", "value"), SAME.values(), ids=SAME)
def test_a_plan_outlives_what_it_was_not_judged_by(path: tuple[str, ...], value: Any) -> None:
    assert bound_to(OBJECT) == bound_to(edits.apply(OBJECT, [edits.Set(path, value)]))


@pytest.mark.parametrize(("path", "value"), OTHER.values(), ids=OTHER)
def test_a_plan_is_void_when_what_it_was_judged_by_changes(path: tuple[str, ...], value: Any) -> None:
    assert bound_to(OBJECT) != bound_to(edits.apply(OBJECT, [edits.Set(path, value)]))


def test_minus_y_moves_only_what_is_certain_and_says_so_of_the_rest() -> None:
    likely = {"name": "helper", "image": "registry.example.com/x:1", "args": ["--target=localhost:8080"]}
    obj = edits.apply(OBJECT, [edits.Set(("spec", "template", "spec", "containers"), [APP, HELPERS[0], likely])])
    plan = plan_of(obj, PlanOptions(least="certain"))
    moved = {r.finding.name: r.finding.confidence for r in plan.relocations}
    assert set(moved.values()) <= {"certain"}
    assert all(s.why for s in plan.skipped)
