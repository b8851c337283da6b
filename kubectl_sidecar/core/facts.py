"""What is known of a workload's surroundings, or `Unknown` with the reason. Unknown is never a green light.

The version that counts is the smallest of the API server and of those nodes that would admit the Pod: one old virtual node
that the Pod does not tolerate blocks nobody. Taints that come and go by themselves (not ready, cordoned, under pressure) do
not exclude a node: it may run the Pod tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kubectl_sidecar.core.plain import items, mapping, texts
from kubectl_sidecar.core.workload import PodSpec, Toleration


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be found out. `reason` completes "…: not known, because"."""

    reason: str


class Version(NamedTuple):
    """A Kubernetes version as far as it decides behaviour; compares by number."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True, slots=True)
class NodeFact:
    name: str
    version: Version | None
    raw_version: str
    labels: Mapping[str, str]
    taints: tuple[Mapping[str, Any], ...] = ()


NOT_ASKED = Unknown("it was not asked for")


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the risks look at outside of the workload. Objects are plain mappings, as read. From files, the objects
    of the same input serve, and the cluster's facts are unknown unless the user gave them (`--kube-version`)."""

    server: Version | Unknown = NOT_ASKED
    nodes: tuple[NodeFact, ...] | Unknown = NOT_ASKED
    services: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    network_policies: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    hpas: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    vpas: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    pdbs: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    pod_monitors: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    quotas: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    limit_ranges: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    namespace: Mapping[str, Any] | Unknown = NOT_ASKED
    """The Namespace object (its labels say whether a mesh injects)."""
    pods: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    """Live Pods of this workload."""
    claims: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    """PersistentVolumeClaims that the template mounts by name."""
    pointing: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
    """Kustomizations and Argo CD Applications of the same files, which may point at containers by their index."""
    from_files: bool = False


_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})\+?(?:\.(\d{1,5})(?=$|[-+.~ ])|(?=$|[-+~ ]))", re.ASCII)
_MINOR = re.compile(r"(\d{2,3})\+", re.ASCII)


def parse_version(text: str) -> Version | None:
    """A version as clouds and distributions write it: `v1.29.3-eks-1a2b3c`, `v1.30.2+k3s1`, `1.29+`, `v1.33.0-gke.100`, or
    only the minor as /version gives it (`29+`).
    None for what is none. A pre-release (`v1.29.0-alpha.1`) counts as its release."""
    minor = _MINOR.fullmatch(text.strip()[:100])
    if minor:
        return Version(1, int(minor[1]))
    found = _VERSION.match(text.strip()[:100])
    if found is None:
        return None
    return Version(int(found[1]), int(found[2]), int(found[3] or 0))


def served_version(answer: Mapping[str, Any]) -> str:
    """The version that an API server behaves as, from what its /version says: gitVersion, or the older one that it plays
    (kube-apiserver --emulated-version), of which no patch release is told. '' where it names no gitVersion."""
    git = answer.get("gitVersion")
    if not isinstance(git, str):
        return ""
    numbers = [_NUMBER.match(str(answer.get(key))) for key in ("emulationMajor", "emulationMinor")]
    binary = parse_version(git)
    if binary is None or numbers[0] is None or numbers[1] is None:
        return git
    played = Version(int(numbers[0][0]), int(numbers[1][0]))
    return f"v{played}" if played[:2] < binary[:2] else git


_NUMBER = re.compile(r"\d{1,3}(?=\+?$)", re.ASCII)


def node_facts(nodes: Iterable[Mapping[str, Any]]) -> tuple[NodeFact, ...]:
    """Node objects as read, reduced to what is looked at. An odd node is kept, with what could be read of it."""
    return tuple(_node(node) for node in nodes if isinstance(node, Mapping))


def _node(node: Mapping[str, Any]) -> NodeFact:
    metadata, raw = mapping(node.get("metadata")), ""
    info = mapping(mapping(node.get("status")).get("nodeInfo"))
    if isinstance(info.get("kubeletVersion"), str):
        raw = info["kubeletVersion"]
    taints = mapping(node.get("spec")).get("taints")
    labels = {k: v for k, v in mapping(metadata.get("labels")).items() if isinstance(k, str) and isinstance(v, str)}
    return NodeFact(
        name=str(metadata.get("name") or ""),
        version=parse_version(raw),
        raw_version=raw,
        labels=labels,
        taints=tuple(t for t in taints if isinstance(t, Mapping)) if isinstance(taints, list) else (),
    )


def admitting(nodes: Iterable[NodeFact], spec: PodSpec) -> tuple[NodeFact, ...]:
    """The nodes whose labels and lasting taints let this Pod in (nodeName, nodeSelector, required node affinity, tolerations).
    What of an affinity is not understood excludes no node."""
    return tuple(node for node in nodes if _admits(node, spec))


def _admits(node: NodeFact, spec: PodSpec) -> bool:
    if not (node.taints or spec.node_selector or spec.affinity or spec.node_name):
        return True
    if spec.node_name:
        return node.name == spec.node_name
    if any(node.labels.get(key) != value for key, value in (spec.node_selector or {}).items()):
        return False
    if not _attracts(node, spec.affinity):
        return False
    return all(_tolerated(taint, spec.tolerations or ()) for taint in node.taints)


_PASSING = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints of these prefixes are put on and taken off by controllers with a node's condition."""


def keeps_pods_off(taint: Mapping[str, Any]) -> bool:
    """Whether a taint lastingly keeps Pods that do not tolerate it off its node."""
    key = str(taint.get("key") or "")
    return taint.get("effect") in ("NoSchedule", "NoExecute") and not key.startswith(_PASSING)


def _tolerated(taint: Mapping[str, Any], tolerations: Sequence[Toleration]) -> bool:
    if not keeps_pods_off(taint):
        return True
    key, effect = str(taint.get("key") or ""), taint.get("effect")
    for toleration in tolerations:
        if toleration.effect and toleration.effect != effect:
            continue
        if toleration.operator == "Exists":
            if not toleration.key or toleration.key == key:
                return True
        elif toleration.key == key and (toleration.value or "") == (taint.get("value") or ""):
            return True
    return False


def _attracts(node: NodeFact, affinity: Mapping[str, Any] | None) -> bool:
    required = mapping(
        mapping(mapping(affinity).get("nodeAffinity")).get("requiredDuringSchedulingIgnoredDuringExecution")
    )
    terms = required.get("nodeSelectorTerms")
    if not isinstance(terms, list) or not terms:
        return True
    return any(isinstance(term, Mapping) and _term(node, term) for term in terms)


def _term(node: NodeFact, term: Mapping[str, Any]) -> bool:
    expressions = list(items(term.get("matchExpressions")))
    fields = list(items(term.get("matchFields")))
    return all(_fits(node.labels.get(str(e.get("key"))), e) for e in expressions) and all(
        _fits(node.name, e) for e in fields if e.get("key") == "metadata.name"
    )


def _fits(value: str | None, expression: Mapping[str, Any]) -> bool:
    values = texts(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            if value is None or not value.isdecimal() or not values or not values[0].isdecimal():
                return False
            return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
        case _:
            return True


def effective_version(facts: Facts, spec: PodSpec) -> tuple[Version | Unknown, str]:
    """The version that this Pod would meet at worst, and what it is (`the API server`, `node n1`, or why it is not known).
    The smallest one that is too old is known to be so even where others are not known."""
    found: list[tuple[Version, str]] = []
    missing: list[str] = []
    if isinstance(facts.server, Unknown):
        missing.append(f"the server's version is not known: {facts.server.reason}")
    else:
        found.append((facts.server, "the API server"))
    if not isinstance(facts.nodes, Unknown):
        least_node = None
        for node in facts.nodes:
            if (least_node and node.version and node.version >= least_node) or not _admits(node, spec):
                continue
            least_node = node.version or least_node
            if node.version is None:
                missing.append(f'node {node.name} calls its version "{node.raw_version[:40]}"')
            else:
                found.append((node.version, f"node {node.name}"))
    elif not facts.from_files:  # from files, the version that the user gave speaks for the nodes too
        missing.append(f"the versions of the nodes are not known: {facts.nodes.reason}")
    least = min(found, key=lambda pair: pair[0], default=None)
    if least is not None and (not missing or least[0] < NATIVE_SINCE):
        return least
    return Unknown("; ".join(missing)), "; ".join(missing)


NATIVE_SINCE = Version(1, 29)
"""From here on native sidecars are on by default and stop in order (KEP-753)."""
GENERALLY_AVAILABLE = Version(1, 33)


def has_regression(version: Version) -> bool:
    """1.35.0 to 1.35.3, beside sidecars with a startupProbe: kubernetes/kubernetes#136910."""
    return Version(1, 35, 0) <= version <= Version(1, 35, 3)
