"""Is this cluster ready for native sidecars, for this user and in this namespace, and what should be migrated first?

Nothing is written: versions and webhooks are read, rights are asked for by reviews, and whether the field survives is proven by a
dry run of a Pod that has one. What cannot be read is `unknown` with the reason, and never counts as ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from kubectl_sidecar.actions.first import First, first_migration
from kubectl_sidecar.actions.gather import read_all
from kubectl_sidecar.actions.parallel import in_parallel
from kubectl_sidecar.core import kinds
from kubectl_sidecar.core.classify import RecipeIndex
from kubectl_sidecar.core.facts import (
    GENERALLY_AVAILABLE,
    NATIVE_SINCE,
    NodeFact,
    Unknown,
    Version,
    node_facts,
    parse_version,
)
from kubectl_sidecar.core.kinds import KINDS, Resource
from kubectl_sidecar.core.plain import get, items, text
from kubectl_sidecar.core.readiness import (
    CUSTOM_KINDS,
    NodeGroup,
    PodWebhook,
    node_groups,
    pod_webhooks,
    versions_without_field,
)
from kubectl_sidecar.errors import ApiError, ClusterError, Forbidden, NotFound, Unauthorized
from kubectl_sidecar.sources.cluster import Cluster, Object

Status = Literal["ok", "warning", "blocker", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `remedy` is what to do about it, where something is to be done."""

    id: str
    status: Status
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """Whether the user may do something; None where the server would not say. `for_what` is what it is needed for."""

    verb: str
    resource: Resource
    for_what: str
    allowed: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and what a first migration should be."""

    context: str
    namespace: str
    server: Version | Unknown
    nodes: tuple[NodeGroup, ...] | Unknown
    webhooks: tuple[PodWebhook, ...] | Unknown
    rights: tuple[Right, ...]
    checks: tuple[Check, ...]
    first: First

    @property
    def status(self) -> Status:
        """The gravest of all checks; `unknown` is graver than a warning."""
        order: tuple[Status, ...] = ("blocker", "unknown", "warning")
        return next((s for s in order if any(c.status == s for c in self.checks)), "ok")


@dataclass(slots=True)
class _Read:
    """What the requests come back with; each job writes its own."""

    server: Version | Unknown = Unknown("it was not asked for")
    nodes: tuple[NodeFact, ...] | Unknown = Unknown("they were not asked for")
    namespace: Mapping[str, Any] | None = None
    webhooks: tuple[Mapping[str, Any], ...] | Unknown = Unknown("they were not asked for")
    crds: dict[str, Mapping[str, Any] | Unknown | None] = field(default_factory=dict)
    rights: dict[tuple[str, Resource], bool | None] = field(default_factory=dict)


def examine(cluster: Cluster, namespace: str, index: RecipeIndex) -> Report:
    """Looks at everything. Raises ClusterError only where nothing can be asked at all (no connection, no credentials)."""
    read = _read(cluster, namespace)
    rights = tuple(
        Right(r.verb, r.resource, r.for_what, read.rights.get((r.verb, r.resource))) for r in _wanted_rights()
    )
    nodes = read.nodes if isinstance(read.nodes, Unknown) else node_groups(read.nodes)
    webhooks = read.webhooks if isinstance(read.webhooks, Unknown) else pod_webhooks(read.webhooks, read.namespace)
    checks = (
        _server(read.server),
        *_nodes(nodes),
        _proof(cluster, namespace, read.server, webhooks),
        *_webhooks(webhooks),
        *_custom(read.crds),
        *_rights(rights),
    )
    return Report(
        cluster.context,
        namespace,
        read.server,
        nodes,
        webhooks,
        rights,
        checks,
        first_migration(cluster, namespace, index),
    )


def _read(cluster: Cluster, namespace: str) -> _Read:
    read = _Read()

    def store(name: str, job: Callable[[], Any]) -> Callable[[], None]:
        return lambda: setattr(read, name, _or_unknown(job))

    def version() -> Version | Unknown:
        said = cluster.version()
        return parse_version(said) or Unknown(f'the server calls itself "{said}", which is no version')

    def labels() -> None:
        found = _or_unknown(lambda: cluster.get(kinds.NAMESPACES, None, namespace))
        read.namespace = None if isinstance(found, Unknown) else found

    def crd(name: str) -> None:
        read.crds[name] = _or_unknown(lambda: _optional(cluster, name))

    def right(verb: str, resource: Resource) -> None:
        read.rights[verb, resource] = _may(cluster, namespace, verb, resource)

    in_parallel(
        [
            store("server", version),
            store("nodes", lambda: node_facts(read_all(cluster, kinds.NODES, None))),
            store("webhooks", lambda: read_all(cluster, kinds.MUTATING_WEBHOOKS, None)),
            labels,
            *(partial(crd, custom.crd) for custom in CUSTOM_KINDS),
            *(partial(right, r.verb, r.resource) for r in _wanted_rights()),
        ]
    )
    return read


def _or_unknown(job: Callable[[], Any]) -> Any:
    """What a job reads; Unknown for a missing right or a failing server. No connection and no credentials are no fact."""
    try:
        return job()
    except Unauthorized:
        raise
    except Forbidden:
        return Unknown("you have no right to read them")
    except ApiError as error:
        return Unknown(str(error))


def _optional(cluster: Cluster, name: str) -> Object | None:
    try:
        return cluster.get(kinds.CRDS, None, name)
    except NotFound:
        return None


def _wanted_rights() -> Iterator[Right]:
    for kind in KINDS:
        yield Right("list", kind.resource, "list, browse")
    for kind in KINDS:
        yield Right("get", kind.resource, "describe")
    for kind in KINDS:
        if kind.patchable:
            yield Right("patch", kind.resource, "migrate, undo")
    yield Right("create", kinds.resolve("pod").resource, "the dry run of a Pod")
    for resource in (kinds.SERVICES, kinds.NETWORK_POLICIES, kinds.HPAS, kinds.PDBS, kinds.QUOTAS, kinds.LIMIT_RANGES):
        yield Right("list", resource, "what surrounds a workload")
    yield Right("get", kinds.NAMESPACES, "what surrounds a workload")
    yield Right("list", kinds.NODES, "the versions of the nodes")


def _may(cluster: Cluster, namespace: str, verb: str, resource: Resource) -> bool | None:
    attributes = {"verb": verb, "group": resource.group, "version": resource.version, "resource": resource.plural}
    if resource.namespaced or resource == kinds.NAMESPACES:
        attributes["namespace"] = namespace
    if resource == kinds.NAMESPACES:
        attributes["name"] = namespace
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        answer = cluster.create(kinds.ACCESS_REVIEWS, None, body, dry_run=False).object
    except Unauthorized:
        raise
    except ApiError:
        return None
    allowed = get(answer, "status", "allowed")
    return allowed if isinstance(allowed, bool) else None


def _server(server: Version | Unknown) -> Check:
    if isinstance(server, Unknown):
        return Check("server-version", "unknown", f"the API server's version is not known: {server.reason}")
    status, said, remedy = _judged(server)
    return Check("server-version", status, f"the API server is v{server}: {said}", remedy)


def _judged(version: Version) -> tuple[Status, str, str]:
    if version < NATIVE_SINCE:
        return "blocker", "native sidecars are on from 1.29", "Upgrade first."
    if version < GENERALLY_AVAILABLE:
        return (
            "warning",
            "native sidecars work as a beta, with gaps closed only in 1.33",
            "Use its newest patch release.",
        )
    if Version(1, 35, 0) <= version <= Version(1, 35, 3):
        return (
            "warning",
            "1.35.0 to 1.35.3 have a regression beside sidecars with a startupProbe",
            "Use 1.35.4 or later.",
        )
    return "ok", "native sidecars are generally available", ""


def _nodes(groups: tuple[NodeGroup, ...] | Unknown) -> Iterator[Check]:
    if isinstance(groups, Unknown):
        remedy = "Ask somebody who may list nodes: kubectl get nodes."
        yield Check("node-versions", "unknown", f"the versions of the nodes are not known: {groups.reason}", remedy)
    elif not groups:
        yield Check("node-versions", "unknown", "there are no nodes yet", "Look again when there are some.")
    for group in groups if not isinstance(groups, Unknown) else ():
        yield _node_group(group)


def _node_group(group: NodeGroup) -> Check:
    where = f"tainted {', '.join(group.taints)}" if group.taints else "without taints"
    count = f"{group.count} node{'' if group.count == 1 else 's'} {where}"
    if group.least is None:
        return Check("node-versions", "unknown", f"{count}: their version is no version")
    status, said, remedy = _judged(group.least)
    span = f"v{group.least}" if group.least == group.greatest else f"v{group.least} to v{group.greatest}"
    who = "" if status == "ok" else f" (oldest: {', '.join(group.oldest)})"
    unread = f"; {group.unread} with a version that is none" if group.unread else ""
    if status == "blocker" and group.taints:
        return Check(
            "node-versions",
            "warning",
            f"{count}: {span}{who}: only Pods that tolerate them are blocked{unread}",
            remedy,
        )
    if status == "ok" and unread:
        status = "unknown"
    return Check("node-versions", status, f"{count}: {span}{who}: {said}{unread}", remedy)


def _webhooks(webhooks: tuple[PodWebhook, ...] | Unknown) -> Iterator[Check]:
    if isinstance(webhooks, Unknown):
        yield Check(
            "pod-webhooks",
            "warning",
            f"which webhooks see Pods is not known: {webhooks.reason}",
            "The dry run above goes through all of them; each migration makes one of its own.",
        )
        return
    unable = [w for w in webhooks if w.side_effects]
    if unable:
        yield Check(
            "pod-webhooks",
            "warning",
            f"{_named(unable)} may have side effects, so the server refuses dry runs of the Pods that it sees",
            "A migration of such Pods cannot be tried beforehand; its webhook has to say sideEffects: None.",
        )
    else:
        said = f"{_named(list(webhooks))} may change Pods here" if webhooks else "no mutating webhook sees Pods here"
        yield Check("pod-webhooks", "ok", said)


def _named(webhooks: list[PodWebhook]) -> str:
    return ", ".join(dict.fromkeys(w.configuration for w in webhooks))


def _custom(crds: Mapping[str, Mapping[str, Any] | Unknown | None]) -> Iterator[Check]:
    """Only what is installed is told; what may not be read is told once."""
    unread: list[str] = []
    for custom in CUSTOM_KINDS:
        crd = crds.get(custom.crd)
        if crd is None:
            continue
        if isinstance(crd, Unknown):
            unread.append(custom.title)
            continue
        lacking = versions_without_field(crd)
        if lacking:
            yield Check(
                "custom-kinds",
                "warning",
                f"{custom.title}: the schema of {', '.join(lacking)} has no restartPolicy for init containers, so the API server drops it",
                f"Upgrade it first ({custom.since} or later), also where somebody writes native sidecars by hand.",
            )
        else:
            yield Check("custom-kinds", "ok", f"{custom.title}: its schema has the field")
    if unread:
        text = f"whether {', '.join(unread)} are installed, and have the field, is not known: no right to read CustomResourceDefinitions"
        yield Check("custom-kinds", "warning", text)


def _rights(rights: tuple[Right, ...]) -> Iterator[Check]:
    def refused(verb: str) -> list[str]:
        return [r.resource.plural for r in rights if r.verb == verb and r.allowed is False and r.for_what in _WORK]

    if any(r.allowed is None for r in rights):
        yield Check("rights", "unknown", "the server does not say which rights you have")
    for verb, what in (("list", "list"), ("get", "describe"), ("patch", "migrate and undo")):
        names, all_ = refused(verb), [r for r in rights if r.verb == verb and r.for_what in _WORK]
        if names:
            status: Status = "blocker" if len(names) == len(all_) else "warning"
            yield Check("rights", status, f"you may not {verb} {', '.join(names)} here: no {what} of these")
    if (
        not refused("list")
        and not refused("get")
        and not refused("patch")
        and all(r.allowed is not None for r in rights)
    ):
        yield Check("rights", "ok", "you may list, read and patch all kinds of workloads here")
    blind = [r for r in rights if r.allowed is False and r.for_what not in _WORK]
    if blind:
        said = ", ".join(f"{r.verb} {r.resource.plural}" for r in blind)
        yield Check("rights", "warning", f"you may not {said}: a plan then says what is not known")


_WORK = ("list, browse", "describe", "migrate, undo")


def _proof(
    cluster: Cluster, namespace: str, server: Version | Unknown, webhooks: tuple[PodWebhook, ...] | Unknown
) -> Check:
    """The dry run of a Pod with a native sidecar: does the field come back?"""
    try:
        answer = _dry_run(cluster, namespace, native=True)
    except Unauthorized:
        raise
    except ApiError as error:
        return _no_proof(cluster, namespace, error)
    helper = next((c for c in items(get(answer, "spec", "initContainers")) if c.get("name") == "helper"), {})
    if helper.get("restartPolicy") != "Always":
        suspects = [] if isinstance(webhooks, Unknown) else list(webhooks)
        locked = not isinstance(server, Unknown) and server >= GENERALLY_AVAILABLE
        who = f"a webhook ({_named(suspects)})" if suspects else "a webhook"
        by = who if locked else f"{who}, or an API server whose gate SidecarContainers is off,"
        return Check(
            "pod-dry-run",
            "blocker",
            f"{by} removes restartPolicy from the init containers of Pods: they would hang at start",
            "Upgrade the webhook (it is built with a Kubernetes older than 1.28), or keep it off these Pods.",
        )
    added = sorted(_names(answer) - {"app", "helper"})
    more = f"; webhooks add {', '.join(added)}" if added else ""
    return Check("pod-dry-run", "ok", f"a Pod with a native sidecar passes admission, and keeps the field{more}")


def _no_proof(cluster: Cluster, namespace: str, error: ApiError) -> Check:
    if isinstance(error, Forbidden) and "cannot create resource" in str(error):
        remedy = "Somebody who may create Pods can run kubectl sidecar doctor."
        return Check("pod-dry-run", "unknown", "you may not create Pods here, so admission could not be tried", remedy)
    if "does not support dry run" in str(error):
        return Check("pod-dry-run", "unknown", f"admission could not be tried: {error}")
    try:
        _dry_run(cluster, namespace, native=False)
    except ClusterError as plain:
        return Check("pod-dry-run", "unknown", f"a Pod without a sidecar is refused as well: {plain}")
    return Check("pod-dry-run", "blocker", f"a Pod with a native sidecar is refused, and one without is not: {error}")


def _names(pod: Mapping[str, Any]) -> set[str]:
    return {text(c, "name") for key in ("containers", "initContainers") for c in items(get(pod, "spec", key))}


def _dry_run(cluster: Cluster, namespace: str, *, native: bool) -> Object:
    return cluster.create(
        kinds.resolve("pod").resource, namespace, probe_pod(namespace, native=native), dry_run=True
    ).object


def probe_pod(namespace: str, *, native: bool) -> Object:
    """A Pod that asks for little and satisfies the Pod Security Standard `restricted`; the sidecar has neither probes nor hooks,
    since a Pod whose field is dropped is refused with them, and hangs unseen without."""
    container = {
        "image": "registry.k8s.io/pause:3.10",
        "resources": {key: {"cpu": "10m", "memory": "16Mi"} for key in ("requests", "limits")},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec: Object = {
        "containers": [{"name": "app", **container}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    if native:
        spec["initContainers"] = [{"name": "helper", "restartPolicy": "Always", **container}]
    metadata = {
        "generateName": "kubectl-sidecar-doctor-",
        "namespace": namespace,
        "labels": {"app.kubernetes.io/name": "kubectl-sidecar-doctor"},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
