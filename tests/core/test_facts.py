"""Versions as clouds write them, and which nodes count for a Pod."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kubectl_sidecar.core.facts import (
    Facts,
    NodeFact,
    Unknown,
    Version,
    admitting,
    effective_version,
    node_facts,
    parse_version,
    served_version,
)
from kubectl_sidecar.core.workload import PodSpec

VERSIONS: dict[str, Version | None] = {
    "v1.29.3": Version(1, 29, 3),
    "v1.29.3-eks-1a2b3c": Version(1, 29, 3),
    "v1.30.2+k3s1": Version(1, 30, 2),
    "v1.30.2+rke2r1": Version(1, 30, 2),
    "v1.33.0-gke.100": Version(1, 33, 0),
    "v1.31.5-aliyun.1": Version(1, 31, 5),
    "v1.19.10-vk-azure-aci-1.4": Version(1, 19, 10),
    "v1.32.0-rc.1": Version(1, 32, 0),
    "v1.29.8+f10c92d": Version(1, 29, 8),
    "1.29": Version(1, 29, 0),
    "v1.29+": Version(1, 29, 0),
    "29+": Version(1, 29, 0),
    "  v1.28.1\n": Version(1, 28, 1),
    "v1.9.11": Version(1, 9, 11),
    "v2.0.0": Version(2, 0, 0),
    "": None,
    "latest": None,
    "29": None,
    "v1": None,
    "v1.x.3": None,
    "v1.29.3beta": None,
    "v-1.29": None,
    "v١.٢٩": None,
    "v1." + "9" * 500: None,
}


@pytest.mark.parametrize(("text", "version"), VERSIONS.items(), ids=[repr(t[:30]) for t in VERSIONS])
def test_a_version_is_read_or_is_none(text: str, version: Version | None) -> None:
    assert parse_version(text) == version


def test_versions_compare_by_number() -> None:
    assert Version(1, 9, 0) < Version(1, 29, 0) < Version(1, 29, 1) < Version(1, 30)


def emulated(minor: Any, major: Any = "1") -> dict[str, Any]:
    return {"gitVersion": "v1.35.4-eks-1a2b3c", "minor": "35", "emulationMajor": major, "emulationMinor": minor}


SERVED: dict[str, tuple[dict[str, Any], str]] = {
    "a server that emulates nothing": ({"gitVersion": "v1.33.4-gke.1"}, "v1.33.4-gke.1"),
    "the same minor": (emulated("35"), "v1.35.4-eks-1a2b3c"),
    "an older minor, of which no patch is known": (emulated("32"), "v1.32.0"),
    "a minor as clouds write it": (emulated("32+"), "v1.32.0"),
    "a newer one cannot be": (emulated("36"), "v1.35.4-eks-1a2b3c"),
    "no number": (emulated("x"), "v1.35.4-eks-1a2b3c"),
    "a number": (emulated(32, 1), "v1.32.0"),
    "half of it": ({"gitVersion": "v1.35.4", "emulationMinor": "32"}, "v1.35.4"),
    "a version that is none": ({**emulated("32"), "gitVersion": "mine"}, "mine"),
    "nothing": ({}, ""),
    "no text at all": ({"gitVersion": 35}, ""),
}


@pytest.mark.parametrize(("answer", "text"), SERVED.values(), ids=SERVED)
def test_a_server_that_plays_an_older_version_is_that_old(answer: dict[str, Any], text: str) -> None:
    assert served_version(answer) == text


def spec(**fields: Any) -> PodSpec:
    return msgspec.convert(fields, PodSpec)


def a_node(
    name: str = "n", version: str = "v1.33.0", taints: tuple[dict[str, Any], ...] = (), **labels: str
) -> NodeFact:
    return NodeFact(name, parse_version(version), version, {k.replace("_", "/"): v for k, v in labels.items()}, taints)


VIRTUAL = {"key": "virtual-kubelet.io/provider", "value": "azure", "effect": "NoSchedule"}


def required(*expressions: dict[str, Any], fields: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    term = {"matchExpressions": list(expressions), "matchFields": list(fields)}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


ADMITS: dict[str, tuple[NodeFact, PodSpec, bool]] = {
    "a plain node": (a_node(), spec(), True),
    "a label that is asked for": (a_node(zone="a"), spec(nodeSelector={"zone": "a"}), True),
    "another label": (a_node(zone="b"), spec(nodeSelector={"zone": "a"}), False),
    "a taint that nobody tolerates": (a_node(taints=(VIRTUAL,)), spec(), False),
    "a taint that is tolerated by key and value": (
        a_node(taints=(VIRTUAL,)),
        spec(tolerations=[{"key": "virtual-kubelet.io/provider", "value": "azure"}]),
        True,
    ),
    "a taint that is tolerated by key": (
        a_node(taints=(VIRTUAL,)),
        spec(tolerations=[{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]),
        True,
    ),
    "everything is tolerated": (a_node(taints=(VIRTUAL,)), spec(tolerations=[{"operator": "Exists"}]), True),
    "another effect is tolerated": (
        a_node(taints=(VIRTUAL,)),
        spec(tolerations=[{"operator": "Exists", "effect": "NoExecute"}]),
        False,
    ),
    "another value is tolerated": (
        a_node(taints=(VIRTUAL,)),
        spec(tolerations=[{"key": "virtual-kubelet.io/provider", "value": "aws"}]),
        False,
    ),
    "a taint that only prefers": (a_node(taints=({**VIRTUAL, "effect": "PreferNoSchedule"},)), spec(), True),
    "cordoned today, back tomorrow": (
        a_node(taints=({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},)),
        spec(),
        True,
    ),
    "named": (a_node("n7"), spec(nodeName="n7"), True),
    "another is named": (a_node("n8"), spec(nodeName="n7"), False),
    "affinity In": (
        a_node(zone="a"),
        spec(affinity=required({"key": "zone", "operator": "In", "values": ["a"]})),
        True,
    ),
    "affinity not In": (
        a_node(zone="c"),
        spec(affinity=required({"key": "zone", "operator": "In", "values": ["a"]})),
        False,
    ),
    "affinity NotIn": (
        a_node(zone="a"),
        spec(affinity=required({"key": "zone", "operator": "NotIn", "values": ["a"]})),
        False,
    ),
    "affinity Exists": (a_node(), spec(affinity=required({"key": "gpu", "operator": "Exists"})), False),
    "affinity DoesNotExist": (a_node(), spec(affinity=required({"key": "gpu", "operator": "DoesNotExist"})), True),
    "affinity Gt": (a_node(gen="5"), spec(affinity=required({"key": "gen", "operator": "Gt", "values": ["4"]})), True),
    "affinity Lt": (a_node(gen="5"), spec(affinity=required({"key": "gen", "operator": "Lt", "values": ["4"]})), False),
    "affinity by name": (
        a_node("n1"),
        spec(affinity=required(fields=({"key": "metadata.name", "operator": "In", "values": ["n2"]},))),
        False,
    ),
    "an affinity that nobody understands": (a_node(), spec(affinity=required({"key": "a", "operator": "Near"})), True),
}


@pytest.mark.parametrize(("candidate", "pod", "admitted"), ADMITS.values(), ids=ADMITS)
def test_which_nodes_let_a_pod_in(candidate: NodeFact, pod: PodSpec, admitted: bool) -> None:
    assert bool(admitting((candidate,), pod)) is admitted


SERVER = Version(1, 35, 4)
EFFECTIVE: dict[str, tuple[Facts, Version | None, str]] = {
    "the server is the oldest": (Facts(server=SERVER, nodes=(a_node("n", "v1.36.0"),)), SERVER, "API server"),
    "a node is the oldest": (
        Facts(server=SERVER, nodes=(a_node("old", "v1.31.2"), a_node())),
        Version(1, 31, 2),
        "node old",
    ),
    "one old virtual node blocks nobody": (
        Facts(server=SERVER, nodes=(a_node("vk", "v1.19.10-vk-azure-aci-1.4", (VIRTUAL,)), a_node("n", "v1.35.4"))),
        SERVER,
        "API server",
    ),
    "no nodes yet": (Facts(server=SERVER, nodes=()), SERVER, "API server"),
    "no right to read nodes": (
        Facts(server=SERVER, nodes=Unknown("no right to read them")),
        None,
        "no right to read them",
    ),
    "the server is too old whatever the nodes are": (
        Facts(server=Version(1, 27), nodes=Unknown("x")),
        Version(1, 27),
        "API server",
    ),
    "a node calls its version nonsense": (Facts(server=SERVER, nodes=(a_node("odd", "banana"),)), None, "banana"),
    "nothing was asked": (Facts(), None, "not asked"),
    "from files with a given version": (Facts(server=SERVER, from_files=True), SERVER, "API server"),
    "from files without one": (Facts(from_files=True), None, "not asked"),
}


@pytest.mark.parametrize(("facts", "version", "why"), EFFECTIVE.values(), ids=EFFECTIVE)
def test_the_version_that_counts(facts: Facts, version: Version | None, why: str) -> None:
    least, text = effective_version(facts, spec())
    assert why in text
    if version is None:
        assert isinstance(least, Unknown)
        assert why in least.reason
    else:
        assert least == version


def test_nodes_are_read_as_far_as_they_can_be() -> None:
    nodes = node_facts(
        [
            {"metadata": {"name": "a", "labels": {"zone": "x"}}, "status": {"nodeInfo": {"kubeletVersion": "v1.30.1"}},
             "spec": {"taints": [VIRTUAL, "odd"]}},
            {"metadata": None, "status": 3},
        ]
    )  # fmt: skip
    assert nodes == (
        NodeFact("a", Version(1, 30, 1), "v1.30.1", {"zone": "x"}, (VIRTUAL,)),
        NodeFact("", None, "", {}),
    )
