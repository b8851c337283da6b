"""Odd facts: whatever the cluster answers, a plan is judged without a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_sidecar.core.classification.findings import Surroundings
from kubectl_sidecar.core.facts import Version, node_facts
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.pod.surroundings import impact
from kubectl_sidecar.errors import InputError
from tests.core.judging import DB_PROXY, KNOWN, app, helper, plan, pod_object, workload

META = {"name": "shop", "namespace": "shop", "labels": {"istio-injection": "enabled"}, "annotations": {"a": "b"}}
TARGET = {"kind": "Deployment", "name": "shop"}
TERMS = {"matchLabels": {"app": "shop"}, "matchExpressions": [{"key": "app", "operator": "In", "values": ["shop"]}]}
STATUS = {
    "name": "helper", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"reason": "Error", "exitCode": 1}},
}  # fmt: skip
SOUND: dict[str, dict[str, Any]] = {
    "services": {
        "metadata": META,
        "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": "http"}]},
    },
    "network_policies": {
        "metadata": META,
        "spec": {"podSelector": TERMS, "ingress": [{"ports": [{"port": "http"}]}], "policyTypes": ["Ingress"]},
    },
    "hpas": {
        "metadata": META,
        "spec": {"scaleTargetRef": TARGET, "metrics": [{"containerResource": {"container": "helper"}}]},
    },
    "vpas": {"metadata": META, "spec": {"targetRef": TARGET, "updatePolicy": {"updateMode": "Off"}}},
    "pdbs": {"metadata": META, "spec": {"selector": TERMS, "minAvailable": "50%", "maxUnavailable": 1}},
    "pod_monitors": {
        "metadata": META,
        "spec": {
            "selector": TERMS,
            "namespaceSelector": {"matchNames": ["shop"]},
            "podMetricsEndpoints": [{"port": "http"}],
        },
    },
    "quotas": {
        "metadata": META,
        "spec": {"hard": {"requests.cpu": "3", "cpu": "3"}},
        "status": {"used": {"requests.cpu": "1", "cpu": "1"}},
    },
    "limit_ranges": {"metadata": META, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1", "memory": "1Gi"}}]}},
    "pods": {
        "metadata": META,
        "spec": {"containers": [{"name": "mesh"}], "initContainers": [{"name": "m", "restartPolicy": "Always"}]},
        "status": {"phase": "Running", "containerStatuses": [STATUS]},
    },
    "claims": {"metadata": META, "spec": {"accessModes": ["ReadWriteOnce"]}},
    "namespace": {"metadata": META},
}
JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -7,
    10**30,
    0.5,
    "",
    "x",
    "%",
    [],
    ["x"],
    [None],
    {},
    {"x": "y"},
    [["x"]],
    {"name": {"x": 1}},
)
RICH = pod_object(
    app(ports=[{"containerPort": 8080, "name": "http"}]),
    helper(
        ports=[{"containerPort": 1, "name": "http", "hostPort": 1}],
        resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    ),
    init=[
        {"name": "i", "resources": {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}}
    ],
    spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "shop"}}]},
    top={"replicas": 3},
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All paths of a nested value, its own included."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def spoiled(value: dict[str, Any], path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copied = copy.deepcopy(value)
    inner: Any = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = junk
    return copied


SPOTS = [(fact, path) for fact, sound in SOUND.items() for path in places(sound)]


@pytest.mark.parametrize(("fact", "path"), SPOTS, ids=[f"{fact}:{'.'.join(map(str, path))}" for fact, path in SPOTS])
def test_any_field_of_any_object_may_be_odd(fact: str, path: tuple[Any, ...]) -> None:
    subject = workload(RICH)
    for junk in JUNK:
        odd = spoiled(SOUND[fact], path, junk)
        if fact == "namespace" and not isinstance(odd, dict):
            continue
        around: dict[str, Any] = {fact: odd if fact == "namespace" else (odd,)}
        facts = replace(KNOWN, server=Version(1, 31), **around)
        found = plan(RICH, {"helper": DB_PROXY}, facts, PlanOptions(place={"helper": "first"}))
        assert all(risk.text and risk.severity in ("blocker", "caution", "note") for risk in found.risks)
        impact(subject, facts)
        Surroundings.of(subject, facts)


NODE = {
    "metadata": {"name": "n", "labels": {"zone": "a"}},
    "spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]},
    "status": {"nodeInfo": {"kubeletVersion": "v1.33.0"}},
}
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {
                    "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}],
                    "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}],
                }
            ]
        }
    }
}


@pytest.mark.parametrize("path", list(places(NODE)), ids=str)
def test_any_field_of_a_node_may_be_odd(path: tuple[Any, ...]) -> None:
    for junk in JUNK:
        plan(RICH, facts=replace(KNOWN, nodes=node_facts((spoiled(NODE, path, junk),))))


@pytest.mark.parametrize("path", [p for p in places(AFFINITY) if p], ids=str)
def test_any_field_of_an_affinity_may_be_odd(path: tuple[Any, ...]) -> None:
    for junk in JUNK:
        plan(pod_object(app(), helper(), spec={"affinity": spoiled(AFFINITY, path, junk)}))


words = st.lists(
    st.sampled_from(
        ("sh", "-c", "until", "while", "!", "[", "-f", "/s/x", "]", ";", "do", "sleep", "1", "done", "&&", "nc", "-z", "localhost", "8080",
         "kill", "exec", "tail", "touch", "trap", "'x'", "\n")
    ),
    max_size=25,
).map(" ".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(words, words, st.sampled_from(["Deployment", "CronJob", "StatefulSet", "DaemonSet", "Job", "Pod", "ReplicaSet"]))
def test_odd_commands(one: str, two: str, kind: str) -> None:
    hooked = {
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", two]}}, "postStart": {"exec": {"command": [one]}}}
    }
    subject = pod_object(app(command=["sh", "-c", one]), helper(command=["sh", "-c", two], **hooked), kind=kind)
    assert "ksm-series" in [r.id for r in plan(subject).risks]


names = st.sampled_from(["helper", "app", "other", "helper"])
odd_containers: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"image": st.none(), "ports": st.none(), "args": st.just([])}),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(odd_containers, odd_containers)
def test_a_template_that_the_server_would_refuse_anyway(main: list[dict[str, Any]], init: list[dict[str, Any]]) -> None:
    """Names twice, no container at all: there is a plan, or a sentence."""
    obj = pod_object(*main, init=init)
    try:
        found = plan(obj)
    except InputError:
        return
    assert isinstance(found.risks, tuple)
