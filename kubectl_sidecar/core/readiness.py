"""What of a cluster speaks for or against native sidecars, from objects as they were read: nodes by taints, webhooks that see
Pods, CustomResourceDefinitions whose schema has no place for the field. Pure; actions/doctor.py reads and asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_sidecar.core.facts import GENERALLY_AVAILABLE, NodeFact, Unknown, Version, keeps_pods_off
from kubectl_sidecar.core.plain import get, items, mapping, name_of, texts


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes with the same lasting taints (`key=value:Effect`); only Pods that tolerate them run there. `oldest` are up to three
    names of nodes with the least version; `unread` counts the nodes whose version is no version."""

    taints: tuple[str, ...]
    count: int
    least: Version | None
    greatest: Version | None
    oldest: tuple[str, ...]
    unread: int


def node_groups(nodes: Iterable[NodeFact]) -> tuple[NodeGroup, ...]:
    """The nodes by their taints, those without any first."""
    found: dict[tuple[str, ...], list[NodeFact]] = {}
    for node in nodes:
        found.setdefault(tuple(sorted(_lasting(node))), []).append(node)
    return tuple(_group(taints, group) for taints, group in sorted(found.items()))


def _lasting(node: NodeFact) -> Iterator[str]:
    for taint in node.taints:
        key, value = str(taint.get("key") or ""), taint.get("value")
        if keeps_pods_off(taint):
            yield f"{key}={value}:{taint['effect']}" if value else f"{key}:{taint['effect']}"


def _group(taints: tuple[str, ...], nodes: Sequence[NodeFact]) -> NodeGroup:
    known = [n.version for n in nodes if n.version]
    least = min(known, default=None)
    oldest = tuple(n.name for n in nodes if n.version == least and least)[:3]
    return NodeGroup(taints, len(nodes), least, max(known, default=None), oldest, len(nodes) - len(known))


@dataclass(frozen=True, slots=True)
class PodWebhook:
    """A mutating webhook that is called when a Pod is created. `side_effects`: it has or may have some, so the API server refuses
    dry runs through it."""

    configuration: str
    name: str
    side_effects: bool


def pod_webhooks(
    configurations: Iterable[Mapping[str, Any]], namespace: Mapping[str, Any] | None
) -> tuple[PodWebhook, ...]:
    """The webhooks that may see Pods of a namespace (None: its labels are not known, so none is excluded by them). Selectors of
    objects and match conditions exclude none: which Pods will come is not known."""
    return tuple(
        PodWebhook(name_of(c), str(w.get("name") or ""), w.get("sideEffects") not in ("None", "NoneOnDryRun"))
        for c in configurations
        for w in items(c.get("webhooks"))
        if any(_sees_pods(rule) for rule in items(w.get("rules"))) and _selected(w.get("namespaceSelector"), namespace)
    )


def _sees_pods(rule: Mapping[str, Any]) -> bool:
    operations, groups, resources = (texts(rule.get(key)) for key in ("operations", "apiGroups", "resources"))
    return (
        bool({"CREATE", "*"} & set(operations))
        and bool({"", "*"} & set(groups))
        and bool({"pods", "*", "*/*"} & set(resources))
        and rule.get("scope") != "Cluster"
    )


def _selected(selector: Any, namespace: Mapping[str, Any] | None) -> bool:
    if not isinstance(selector, Mapping) or namespace is None:
        return True
    labels = mapping(get(namespace, "metadata", "labels"))
    plain = all(labels.get(k) == v for k, v in mapping(selector.get("matchLabels")).items())
    return plain and all(_expression(e, labels) for e in items(selector.get("matchExpressions")))


def _expression(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), texts(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return True


def who_removes(server: Version | Unknown, webhooks: tuple[PodWebhook, ...] | Unknown) -> tuple[str, str]:
    """Who takes restartPolicy away from the init containers of Pods, when it is gone after admission, as the subject and verb of a
    sentence; and what to do about it. From 1.33 on the server itself always keeps it."""
    keeps = not isinstance(server, Unknown) and server >= GENERALLY_AVAILABLE
    itself = "the API server" if isinstance(server, Unknown) else f"the API server (v{server})"
    webhook = "Upgrade the webhook (it is built with a Kubernetes older than 1.28), or keep it off these Pods."
    upgrade = "Upgrade the API server, or switch its gate SidecarContainers on."
    if isinstance(webhooks, Unknown):
        return ("a webhook removes", webhook) if keeps else (f"{itself} or a webhook removes", f"{upgrade} {webhook}")
    if webhooks:
        who = f"a webhook ({configurations(webhooks)})"
        return (f"{who} removes", webhook) if keeps else (f"{who}, or {itself} itself, removes", f"{webhook} {upgrade}")
    if keeps:
        policies = "Look at its MutatingAdmissionPolicies and admission plugins."
        return "something in the admission of the API server, no webhook, removes", policies
    return f"{itself} removes", upgrade


def configurations(webhooks: Iterable[PodWebhook]) -> str:
    """The names of their configurations, each once."""
    return ", ".join(dict.fromkeys(w.configuration for w in webhooks))


@dataclass(frozen=True, slots=True)
class CustomKind:
    """A kind of others with a Pod template, by its CustomResourceDefinition; `since` is the release whose schema has the field."""

    crd: str
    title: str
    since: str


# Argo Rollouts: manifests/crds of the releases; OpenKruise: its templates keep unknown fields, its controllers know this one
# since they are built with k8s.io/api 0.28.
CUSTOM_KINDS = (
    CustomKind("rollouts.argoproj.io", "Argo Rollout", "Argo Rollouts 1.7"),
    CustomKind("clonesets.apps.kruise.io", "OpenKruise CloneSet", "OpenKruise 1.7"),
    CustomKind("statefulsets.apps.kruise.io", "OpenKruise Advanced StatefulSet", "OpenKruise 1.7"),
    CustomKind("daemonsets.apps.kruise.io", "OpenKruise Advanced DaemonSet", "OpenKruise 1.7"),
)
_FIELD = ("spec", "template", "spec", "initContainers", "restartPolicy")


def versions_without_field(crd: Mapping[str, Any]) -> tuple[str, ...]:
    """The served versions whose schema would prune `initContainers[].restartPolicy` of `spec.template.spec`."""
    return tuple(
        str(v.get("name"))
        for v in items(get(crd, "spec", "versions"))
        if v.get("served") is not False and not _kept(get(v, "schema", "openAPIV3Schema"), _FIELD)
    )


def _kept(schema: Any, path: tuple[str, ...]) -> bool:
    """Whether a value at the path survives; below what preserves unknown fields everything does."""
    if not isinstance(schema, Mapping):
        return False
    if schema.get("x-kubernetes-preserve-unknown-fields") is True:
        return True
    if not path:
        return True
    below = get(schema, "items") if "items" in schema else schema
    if below is not schema:
        return _kept(below, path)
    return _kept(get(schema, "properties", path[0]), path[1:])
