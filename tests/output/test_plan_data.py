"""`describe -o json` keeps its contract: every plan of the sample, of files and of hard cases fits the schema, and says the same as
the plan. Values of the environment are in none of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kubectl_sidecar.actions.inspect import Scope, scan
from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, Target, prepare, prepare_files
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.facts import Version
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.output.data import dump
from kubectl_sidecar.output.plan_data import plan_data, plans_data
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.embedded.wire import patched
from kubectl_sidecar.sources.manifests import Manifest, parse
from kubectl_sidecar.sources.sample import sample_cluster
from kubectl_sidecar.sources.simulate import ManualClock
from tests.actions.world import APP, INDEX, SHIPPER, workload, world

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/schemas/plan.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)
SECRET = {"env": [{"name": "TOKEN", "value": "s3cr3t-value"}]}
PROBED = {**SHIPPER, "ports": [{"containerPort": 2020}], "readinessProbe": {"httpGet": {"path": "/", "port": 2020}}}
ASKING = {**SHIPPER, "resources": {"requests": {"cpu": "150m", "memory": "64Mi"}}}
INITS = [{"name": "prepare", "image": "prepare:1"}]


def described(obj: Object, options: PlanOptions | None = None, **settings: Any) -> Prepared:
    kind = {"Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds"}.get(obj["kind"], obj["kind"].lower())
    return world(obj, **settings).prepare(kind, MigrateOptions(options or PlanOptions()))


def filed(text: bytes | Object, options: PlanOptions | None = None, server: Version | None = None) -> list[Prepared]:
    found = list(parse(text, "all.yaml")) if isinstance(text, bytes) else [Manifest("all.yaml", 0, None, text)]
    return prepare_files(found, (), INDEX, MigrateOptions(options or PlanOptions()), server=server)


AUTO = PlanOptions(startup_probe="auto")
HARD: dict[str, Prepared] = {
    "a plain one": described(workload()),
    "two helpers and init containers": described(
        workload(containers=(ASKING, APP, {**SHIPPER, "name": "second", **SECRET})), PlanOptions(containers={"second": "sidecar"})
    ),
    "a probe that is offered": described(workload(containers=(APP, PROBED))),
    "a probe that is added": described(workload(containers=(APP, PROBED)), AUTO),
    "a pod": described(workload("pod")),
    "a job": described(workload("job")),
    "a cron job": described(workload("cj")),
    "a daemon set": described(workload("ds")),
    "owned by Helm": described(workload(metadata={"annotations": {"meta.helm.sh/release-name": "x"}})),
    "nothing to do": described(workload(containers=(APP,))),
    "left where it is": described(workload(), PlanOptions(containers={"log-shipper": "leave"})),
    "an old server": described(workload(), version="v1.28.3"),
    "no rights": described(workload(), rights=lambda verb, resource, namespace: resource.plural == "deployments"),
    "a file": filed(workload())[0],
    "a file with a version": filed(workload(), server=Version(1, 31, 0))[0],
}  # fmt: skip


@pytest.mark.parametrize("prepared", HARD.values(), ids=HARD.keys())
def test_every_plan_fits_the_schema(prepared: Prepared) -> None:
    data = plans_data([prepared])
    VALID.validate(data)
    assert json.loads(dump(data, "json")) == data
    assert yaml.safe_load(dump(data, "yaml")) == data


def test_every_plan_of_the_sample_fits_the_schema() -> None:
    cluster, _ = sample_cluster(ManualClock())
    rows = scan(cluster, Scope(None), INDEX).rows
    targets = [Target(row.kind, row.namespace, row.name) for row in rows if row.state != "broken"]
    plans = [prepare(cluster, target, INDEX, MigrateOptions(), dry_runs=False) for target in targets]
    VALID.validate(plans_data(plans))
    assert len(plans) > 20


@pytest.mark.parametrize("key", SCHEMA["$defs"]["plan"]["required"])
def test_the_schema_notices_what_is_missing(key: str) -> None:
    data = plan_data(HARD["a plain one"])
    del data[key]
    assert not VALID.is_valid({"apiVersion": "kubectl-sidecar/v1", "kind": "PlanList", "items": [data]})


@pytest.mark.parametrize("prepared", HARD.values(), ids=HARD.keys())
def test_the_patch_and_the_changes_are_the_plans_edits(prepared: Prepared) -> None:
    data = plan_data(prepared)
    where = prepared.target.kind.pod_spec
    for operations in (data["patch"], [op for change in data["changes"] for op in change["operations"]]):
        assert edits.get(patched(prepared.obj, operations), where) == prepared.plan.after["spec"]


@pytest.mark.parametrize("prepared", HARD.values(), ids=HARD.keys())
def test_no_value_of_the_environment_is_told(prepared: Prepared) -> None:
    assert "s3cr3t" not in dump(plans_data([prepared]), "json")


def test_what_it_says_of_a_move() -> None:
    data = plan_data(described(workload(containers=(APP, PROBED)), AUTO))
    (move,) = data["moves"]
    assert (move["container"], move["from"], move["to"]) == ("log-shipper", 1, 0)
    assert move["startGate"]["kind"] == "added"
    assert move["startGate"]["startupProbe"]["httpGet"]["port"] == 2020
    assert [change["kind"] for change in data["changes"]].count("adjust") == 1
    assert data["verdict"]["decision"] == "ask"


def test_what_it_says_of_resources() -> None:
    data = plan_data(described(workload(containers=(APP, ASKING))))["resources"]
    assert data["pods"] == 2
    assert data["perPod"]["after"]["requests"] == {"cpu": "150m", "memory": "64Mi"}
    assert data["allPods"]["after"]["requests"] == {"cpu": "300m", "memory": "128Mi"}
    assert plan_data(HARD["a cron job"])["resources"]["allPods"] is None


def test_what_it_says_of_order_and_images() -> None:
    found = plan_data(HARD["a plain one"])
    assert [step["containers"] for step in found["timeline"]["before"]["start"]] == [["checkout", "log-shipper"]]
    assert found["timeline"]["after"]["start"][0] == {"containers": ["log-shipper"], "gate": "running"}
    assert found["startup"] == {"serial": ["log-shipper"], "apps": ["checkout"], "imagesBeforeApp": [SHIPPER["image"]]}


def test_an_image_that_is_pulled_first_today_is_no_news() -> None:
    found = plan_data(described(workload(containers=(SHIPPER, APP))))
    assert found["startup"]["imagesBeforeApp"] == []


def test_what_it_says_of_an_owner() -> None:
    owner = plan_data(HARD["owned by Helm"])["owner"]
    assert (owner["kind"], owner["name"]) == ("helm", "x")
    assert "helm upgrade --force puts the old form back" in " ".join(owner["next"])


def test_what_it_says_of_versions() -> None:
    assert plan_data(HARD["a plain one"])["versions"] == {
        "server": "1.35.4",
        "nodes": ["1.35.4"],
        "least": "1.35.4",
        "of": "the API server",
    }
    assert plan_data(HARD["a file"])["versions"]["least"] is None
    assert plan_data(HARD["a file with a version"])["versions"]["least"] == "1.31.0"
    risks = plan_data(HARD["an old server"])["risks"]
    assert next(risk["id"] for risk in risks if risk["severity"] == "blocker") == "server-too-old"


def test_what_could_not_be_read_is_told() -> None:
    data = plan_data(HARD["no rights"])
    assert (data["versions"]["nodes"], data["around"]) == (None, [])
    assert any(text.startswith("PodDisruptionBudgets: not known") for text in data["notKnown"])


# Requests


@pytest.mark.parametrize("kind", ["deploy", "sts", "ds", "rs", "rc", "cj", "job", "pod"])
@pytest.mark.parametrize(
    "more",
    [{}, {"initContainers": [{"name": "p", "image": "p", "resources": {"requests": {"cpu": "2"}}}]}],
    ids=["", "asks"],
)
def test_describe_sends_at_most_twelve_requests(kind: str, more: dict[str, Any]) -> None:
    obj = workload(kind, containers=(APP, ASKING))
    found: Any = obj
    for key in (
        ("spec",)
        if kind == "pod"
        else (("spec", "jobTemplate", "spec", "template", "spec") if kind == "cj" else ("spec", "template", "spec"))
    ):
        found = found[key]
    found.update(more)
    here = world(obj)
    before = here.cluster.requests
    options = MigrateOptions(PlanOptions(place={"log-shipper": "first"}))
    prepared = prepare(here.cluster, here.target(kind), INDEX, options, dry_runs=False)
    assert prepared.plan.relocations
    assert (prepared.plan.usage_before != prepared.plan.usage_after) == bool(more)
    assert here.cluster.requests - before <= 12
