"""Reading what surrounds one workload, as far as the user's rights reach. What cannot be read becomes Unknown with its reason;
nothing here raises for a missing right. At most a dozen requests, in parallel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from kubectl_sidecar.actions.parallel import in_parallel
from kubectl_sidecar.core.decode import decode_metadata_page
from kubectl_sidecar.core.facts import Facts, Unknown, Version, node_facts, parse_version
from kubectl_sidecar.core.kinds import (
    CLAIMS,
    HPAS,
    LIMIT_RANGES,
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
_LIMITS: Mapping[str, Resource] = {"quotas": QUOTAS, "limit_ranges": LIMIT_RANGES}


def gather(cluster: Cluster, workload: Workload) -> Facts:
    """The facts around a workload of this cluster."""
    found: dict[str, Any] = {}

    def store(name: str, read: Callable[[], Any]) -> Callable[[], None]:
        return lambda: found.__setitem__(name, _or_unknown(read))

    namespace = workload.namespace
    around = _AROUND if workload.kind.name in _ONE_RUN else {**_AROUND, **_SCALED}
    jobs = [
        store("server", lambda: _version(cluster)),
        store("nodes", lambda: node_facts(read_all(cluster, NODES, None))),
        store("namespace", lambda: cluster.get(NAMESPACES, None, namespace)),
        *(store(name, partial(_optional, cluster, resource, namespace)) for name, resource in around.items()),
        store("pods", lambda: pods_of(cluster, workload)),
    ]
    if sum(1 for container in workload.spec.main_list if container.ports) > 1:  # else no helper is scraped by itself
        jobs.append(store("pod_monitors", partial(_optional, cluster, POD_MONITORS, namespace)))
    if any(volume.persistent_volume_claim for volume in workload.spec.volumes or ()):
        jobs.append(store("claims", partial(read_all, cluster, CLAIMS, namespace)))
    in_parallel(jobs)
    return Facts(**found)


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
    if server is not None:
        found["server"] = server
    return Facts(**found, from_files=True)


def with_limits(cluster: Cluster, workload: Workload, facts: Facts) -> Facts:
    """The facts with quotas and limit ranges: only needed where a plan makes a Pod ask for more."""
    found = {
        name: _or_unknown(partial(read_all, cluster, resource, workload.namespace))
        for name, resource in _LIMITS.items()
    }
    return replace(facts, **found)


def read_all(cluster: Cluster, resource: Resource, namespace: str | None, selector: str = "") -> Objects:
    """All objects of a resource as plain mappings, page by page."""
    items: list[Mapping[str, Any]] = []
    token = ""
    while True:
        data = cluster.list_page(resource, namespace, ListQuery(selector, limit=500, continue_token=token))
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


def _version(cluster: Cluster) -> Version | Unknown:
    text = cluster.version()
    return parse_version(text) or Unknown(f'the server calls itself "{text}", which is no version')
