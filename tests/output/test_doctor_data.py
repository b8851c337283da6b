"""`doctor -o json` keeps its contract: what it says of the sample and of hard clusters fits the schema, and the schema notices what
is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kubectl_sidecar.actions.doctor import Report, examine
from kubectl_sidecar.core.kinds import MUTATING_WEBHOOKS, NAMESPACES, NODES
from kubectl_sidecar.output.data import dump
from kubectl_sidecar.output.doctor import doctor_data
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.memory import MemoryCluster
from kubectl_sidecar.sources.sample import sample_cluster
from kubectl_sidecar.sources.simulate import ManualClock
from tests.actions.world import INDEX, NODE, workload

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/schemas/cluster-report.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)


def examined(*objects: Object, **settings: Any) -> Report:
    return examine(MemoryCluster([NODE, *objects], namespace="shop", **settings), "shop", INDEX)


TAINTED: Object = {
    **NODE,
    "metadata": {"name": "virtual"},
    "spec": {"taints": [{"key": "virtual", "effect": "NoSchedule"}]},
}
NAMELESS: Object = {**TAINTED, "status": {"nodeInfo": {"kubeletVersion": "none"}}}
ROLLOUTS: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rollouts.argoproj.io"},
    "spec": {"versions": [{"name": "v1alpha1", "served": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
}
REPORTS = {
    "a workload to begin with": examined(workload()),
    "no workloads": examined({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
    "an old server": examined(workload(), version="v1.28.3"),
    "a server of no version": examined(workload(), version="v1.35.x"),
    "tainted nodes": examined(TAINTED),
    "a node of no version": examined(NAMELESS),
    "a custom kind without the field": examined(workload(), ROLLOUTS),
    "no rights": examined(workload(), rights=lambda verb, resource, namespace: False),
    "no rights on the cluster": examined(
        workload(), rights=lambda verb, resource, namespace: resource not in (NODES, NAMESPACES, MUTATING_WEBHOOKS)
    ),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_every_report_fits_the_schema(report: Report) -> None:
    data = doctor_data(report)
    VALID.validate(data)
    assert json.loads(dump(data, "json")) == data
    assert yaml.safe_load(dump(data, "yaml")) == data


@pytest.mark.parametrize("namespace", ["shop", "payments", "platform", "media"])
def test_the_sample_fits_the_schema(namespace: str) -> None:
    cluster, _ = sample_cluster(ManualClock())
    VALID.validate(doctor_data(examine(cluster, namespace, INDEX)))


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_the_schema_notices_what_is_missing(key: str) -> None:
    data = doctor_data(REPORTS["a workload to begin with"])
    del data[key]
    assert not VALID.is_valid(data)


def test_the_sample_tells_of_its_injector_where_it_injects() -> None:
    cluster, _ = sample_cluster(ManualClock())
    seen = {name: doctor_data(examine(cluster, name, INDEX))["podWebhooks"] for name in ("payments", "shop")}
    assert [(w["configuration"], w["sideEffects"]) for w in seen["payments"]] == [("istio-sidecar-injector", False)]
    assert seen["shop"] == []
