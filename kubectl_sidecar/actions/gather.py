"""Reading what surrounds workloads, as far as the user's rights reach. What cannot be read becomes Unknown with its reason;
nothing here raises for a missing right. At most a dozen requests for one workload, in parallel (of more than 5000
objects of a kind each further 5000 are one more); for several that are planned together, what belongs to the cluster or to a
namespace is read once, and only Pods are read for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import msgspec

from kubectl_sidecar.actions.parallel import each_in_parallel
from kubectl_sidecar.core.decode import decode_metadata_page
from kubectl_sidecar.core.facts import Facts, Unknown, Version, node_facts, parse_version
from kubectl_sidecar.core.kinds import (
    CLAIMS,
    HPAS,
    LIMIT_RANGES,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PDBS,
    POD_MONITORS,
    QUOTAS,
    SERVICES,
    VPAS,
    Resource,
    resolve,
)
from kubectl_sidecar.core.readiness import PodWebhook, pod_webhooks
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.errors import ClusterError, Forbidden, NotFound
from kubectl_sidecar.sources.cluster import Cluster, ListQuery

Objects = tuple[Mapping[str, Any], ...]

_AROUND: Mapping[str, Resource] = {
    "services": SERVICES,
    "network_policies": NETWORK_POLICIES,
    "vpas": VPAS,
}
_SCALED: Mapping[str, Resource] = {"hpas": HPAS, "pdbs": PDBS}
"""Only read for kinds with replicas: no autoscaler scales a Job, and a budget matters where a rollout takes Pods away."""
_ONE_RUN = ("CronJob", "Job", "Pod")
_JOBS_READ, _JOBS_LOOKED_AT = 2000, 8
_MOST, _OBJECT = 12, 1
"""Requests for one workload at most, and how many of them its own object takes."""
_PAGE = 5000
"""As many nodes as Kubernetes is made for, so that a large cluster costs no request more than a small one:
https://kubernetes.io/docs/setup/best-practices/cluster-large/"""
_TOO_MANY = Unknown(f"reading them too would take more than {_MOST} requests")
_LIMITS: Mapping[str, Resource] = {"quotas": QUOTAS, "limit_ranges": LIMIT_RANGES}
_CLUSTERS_OWN: Mapping[str, Unknown] = {
    name: Unknown("only a cluster has them, and these are files")
    for name in ("nodes", "quotas", "limit_ranges", "pods", "claims")
} | {"namespace": Unknown("only a cluster knows them, and these are files")}


_MAYBE: Mapping[str, str] = {"claims": "PersistentVolumeClaim", "quotas": "ResourceQuota", "limit_ranges": "LimitRange"}
"""Kinds that may be kept beside a workload: those that are there serve; that none is there says nothing."""


class _Wanted(NamedTuple):
    """One fact that a workload needs: `of` is what it is the same for (the cluster: "", a namespace, or the workload itself)."""

    fact: str
    of: str
    read: Callable[[], Any]
    requests: int = 1


def gather(cluster: Cluster, workloads: Sequence[Workload]) -> list[Facts]:
    """The facts around each of these workloads of this cluster, in their order."""
    return _gathered([list(_wanted(cluster, workload)) for workload in workloads])


def gather_more(
    cluster: Cluster, workloads: Sequence[Workload], facts: Sequence[Facts], *, raised: Sequence[bool]
) -> list[Facts]:
    """The facts with what is only read after a first plan: quotas and limit ranges where it is `raised`, as it makes a Pod ask
    for more, and PodMonitors where several containers have ports. What would be one request too many is Unknown."""
    wanted = [list(_wanted_later(cluster, w, more)) for w, more in zip(workloads, raised, strict=True)]
    room = [_MOST - _OBJECT - sum(each.requests for each in _wanted(cluster, w)) for w in workloads]
    found = _gathered([row[:most] for row, most in zip(wanted, room, strict=True)])
    return [
        replace(old, **_among(row, new, most)) for old, new, row, most in zip(facts, found, wanted, room, strict=True)
    ]


def _among(wanted: Sequence[_Wanted], found: Facts, most: int) -> dict[str, Any]:
    """The first `most` of the wanted facts as found; the others Unknown."""
    return {each.fact: getattr(found, each.fact) if place < most else _TOO_MANY for place, each in enumerate(wanted)}


def _wanted_later(cluster: Cluster, workload: Workload, raised: bool) -> Iterator[_Wanted]:
    """In the order of their weight. A limit range, too, is tried by a migration's dry run of a Pod."""
    namespace = workload.namespace
    for name, resource in _LIMITS.items() if raised else ():
        yield _Wanted(name, namespace, partial(read_all, cluster, resource, namespace))
    if sum(1 for container in workload.spec.main_list if container.ports) > 1:  # else no helper is scraped by itself
        yield _Wanted("pod_monitors", namespace, partial(_optional, cluster, POD_MONITORS, namespace))


def _gathered(wanted: Sequence[Sequence[_Wanted]]) -> list[Facts]:
    """Facts for each row of what is wanted; the same fact of the same thing is read once, however many want it."""
    reads = {(each.fact, each.of): each.read for row in wanted for each in row}
    values = each_in_parallel(_or_unknown, reads.values())
    found = dict(zip(reads, values, strict=True))
    return [Facts(**{each.fact: found[each.fact, each.of] for each in row}) for row in wanted]


def _wanted(cluster: Cluster, workload: Workload) -> Iterator[_Wanted]:
    namespace = workload.namespace
    around = _AROUND if workload.kind.name in _ONE_RUN else {**_AROUND, **_SCALED}
    yield _Wanted("server", "", partial(server_version, cluster))
    yield _Wanted("nodes", "", lambda: node_facts(read_all(cluster, NODES, None)))
    yield _Wanted("namespace", namespace, partial(cluster.get, NAMESPACES, None, namespace))
    for name, resource in around.items():
        yield _Wanted(name, namespace, partial(_optional, cluster, resource, namespace))
    this = f"{namespace}/{workload.kind.name}/{workload.name}"
    yield _Wanted("pods", this, partial(pods_of, cluster, workload), 2 if workload.kind.name == "CronJob" else 1)
    if workload.kind.name == "Deployment" and any(
        volume.persistent_volume_claim for volume in workload.spec.volumes or ()
    ):
        yield _Wanted("claims", namespace, partial(read_all, cluster, CLAIMS, namespace))


def admission_of(cluster: Cluster, namespace: str) -> tuple[Version | Unknown, tuple[PodWebhook, ...] | Unknown]:
    """The server's version, and the mutating webhooks that may see Pods of a namespace."""

    def labelled() -> Mapping[str, Any]:
        return cluster.get(NAMESPACES, None, namespace)

    reads: tuple[Callable[[], Any], ...] = (
        partial(server_version, cluster),
        partial(read_all, cluster, MUTATING_WEBHOOKS, None),
        labelled,
    )
    server, webhooks, labels = each_in_parallel(_or_unknown, reads)
    if isinstance(webhooks, Unknown):
        return server, webhooks
    return server, pod_webhooks(webhooks, None if isinstance(labels, Unknown) else labels)


def pods_of(cluster: Cluster, workload: Workload) -> Objects | Unknown:
    """The live Pods of a workload: by its selector, through its Jobs for a CronJob, which has none, or the Pod itself."""
    pods, kind = resolve("pod").resource, workload.kind.name
    if kind == "Pod":
        return (cluster.get(pods, workload.namespace, workload.name),)
    selector = _of_its_jobs(cluster, workload) if kind == "CronJob" else label_selector(workload)
    if selector is None:
        return ()
    return read_all(cluster, pods, workload.namespace, selector) if selector else Unknown("it has no selector")


def _of_its_jobs(cluster: Cluster, workload: Workload) -> str | None:
    """A selector for the Pods of a CronJob's youngest Jobs, found by their ownerReferences; None where it has none. Only one
    page is read, as metadata."""
    query = ListQuery(limit=_JOBS_READ, metadata_only=True)
    page = decode_metadata_page(cluster.list_page(resolve("job").resource, workload.namespace, query))
    names = [
        job.name
        for job in page.items
        if job.name and any(o.controller and o.uid == workload.metadata.uid for o in job.owner_references or ())
    ]
    # A CronJob's controller ends their names with the minute of their schedule, so the last are the youngest.
    return f"job-name in ({','.join(sorted(names)[-_JOBS_LOOKED_AT:])})" if names else None


def facts_of_files(objects: Sequence[Mapping[str, Any]], server: Version | None = None) -> Facts:
    """The facts that the other objects of the same input give; the cluster's own are not known, but for the version that the
    user says it has."""
    kinds = {"services": "Service", "network_policies": "NetworkPolicy", "hpas": "HorizontalPodAutoscaler",
             "vpas": "VerticalPodAutoscaler", "pdbs": "PodDisruptionBudget", "pod_monitors": "PodMonitor"}  # fmt: skip
    found: dict[str, Any] = {name: tuple(o for o in objects if o.get("kind") == kind) for name, kind in kinds.items()}
    for name, kind in _MAYBE.items():
        some = tuple(o for o in objects if o.get("kind") == kind)
        if some:
            found[name] = some
    namespaces = [o for o in objects if o.get("kind") == "Namespace"]
    if len(namespaces) == 1:
        found["namespace"] = namespaces[0]
    found["pointing"] = tuple(o for o in objects if o.get("kind") in ("Kustomization", "Application"))
    found["server"] = server or Unknown("the files do not say it")
    return Facts(**{**_CLUSTERS_OWN, **found}, from_files=True)


def read_all(cluster: Cluster, resource: Resource, namespace: str | None, selector: str = "") -> Objects:
    """All objects of a resource as plain mappings: in one answer, as long as there are not more than _PAGE."""
    items: list[Mapping[str, Any]] = []
    token = ""
    while True:
        data = cluster.list_page(resource, namespace, ListQuery(selector, limit=_PAGE, continue_token=token))
        page = msgspec.json.decode(data)
        items.extend(page.get("items") or ())
        token = (page.get("metadata") or {}).get("continue") or ""
        if not token:
            return tuple(items)


def label_selector(workload: Workload) -> str:
    """The workload's own selector in the API's query form; empty where it has none (a Pod, a CronJob, a Job before it runs)."""
    selector = workload.selector or {}
    if workload.kind.name == "ReplicationController":
        return ",".join(f"{key}={value}" for key, value in selector.items())
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        key, operator = expression.get("key", ""), expression.get("operator", "")
        values = ",".join(expression.get("values") or ())
        terms.append(
            {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}.get(operator, f"!{key}")
        )
    return ",".join(terms)


def _or_unknown(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Forbidden:
        return Unknown("no right to read them")
    except ClusterError as error:
        return Unknown(str(error))


def _optional(cluster: Cluster, resource: Resource, namespace: str) -> Objects:
    """Of a kind that a cluster may not have (VerticalPodAutoscaler, PodMonitor): no kind, no objects."""
    try:
        return read_all(cluster, resource, namespace)
    except NotFound:
        return ()


def server_version(cluster: Cluster) -> Version | Unknown:
    """The version that the API server behaves as. Raises ClusterError."""
    text = cluster.version()
    return parse_version(text) or Unknown(f'the server calls itself "{text}", which is no version')
