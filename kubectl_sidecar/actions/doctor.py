"""Is this cluster ready for native sidecars, for this user and in this namespace, and what should be migrated first?

Nothing is written: versions and webhooks are read, rights are asked for by reviews, and whether the field survives is proven by a
dry run of a Pod that has one. What cannot be read is `unknown` with the reason, and never counts as ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kubectl_sidecar.actions.doctor_checks import (
    Check,
    Right,
    Status,
    custom_checks,
    node_checks,
    right_checks,
    server_check,
    webhook_checks,
)
from kubectl_sidecar.actions.first import First, first_migration
from kubectl_sidecar.actions.gather import read_all, server_version
from kubectl_sidecar.actions.parallel import in_parallel
from kubectl_sidecar.actions.proof import prove
from kubectl_sidecar.core import kinds
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.facts import NOT_ASKED, NodeFact, Unknown, Version, node_facts
from kubectl_sidecar.core.kinds import KINDS, Resource
from kubectl_sidecar.core.plain import get
from kubectl_sidecar.core.readiness import CUSTOM_KINDS, NodeGroup, PodWebhook, node_groups, pod_webhooks
from kubectl_sidecar.errors import ApiError, Forbidden, NotFound, Unauthorized
from kubectl_sidecar.sources.cluster import Cluster, Object


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

    server: Version | Unknown = NOT_ASKED
    nodes: tuple[NodeFact, ...] | Unknown = NOT_ASKED
    namespace: Mapping[str, Any] | None = None
    webhooks: tuple[Mapping[str, Any], ...] | Unknown = NOT_ASKED
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
        server_check(read.server),
        *node_checks(nodes),
        prove(cluster, namespace, read.server, webhooks),
        *webhook_checks(webhooks),
        *custom_checks(read.crds),
        *right_checks(rights),
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

    def labels() -> None:
        found = _or_unknown(lambda: cluster.get(kinds.NAMESPACES, None, namespace))
        read.namespace = None if isinstance(found, Unknown) else found

    def crd(name: str) -> None:
        read.crds[name] = _or_unknown(lambda: _optional(cluster, name))

    def right(verb: str, resource: Resource) -> None:
        read.rights[verb, resource] = _may(cluster, namespace, verb, resource)

    in_parallel(
        [
            store("server", partial(server_version, cluster)),
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
