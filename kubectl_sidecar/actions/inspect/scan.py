"""Taking stock of a cluster.

Kinds are listed in parallel and their rows reported as pages arrive. ReplicaSets, Jobs and Pods are read as metadata only;
those that a listed controller owns belong to its row (folding), and only the others are fetched whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from kubectl_sidecar.actions.inspect.rows import Gap, Inventory, Row, Source, row_of, rows_of, with_injected
from kubectl_sidecar.actions.parallel import ahead, in_parallel
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.decode import (
    MetadataPage,
    Page,
    Shared,
    continue_token,
    decode_metadata,
    decode_metadata_page,
    decode_or_broken,
    decode_page,
)
from kubectl_sidecar.core.kinds import KINDS, NAMESPACES, Kind, resolve
from kubectl_sidecar.core.recipes.injections import Injections
from kubectl_sidecar.core.workload import Broken, Metadata, Workload
from kubectl_sidecar.errors import ClusterError, Expired, InputError, Invalid, NotFound, SidecarError
from kubectl_sidecar.sources.cluster import Cluster, ListQuery

PageT = TypeVar("PageT", Page, MetadataPage)

FIRST_PAGE, NEXT_PAGES = 500, 1000
"""Items a page: a small first one, so that something is seen soon; the next ones are asked for ahead, so larger pages would only
cost memory."""

_FOLDED = ("ReplicaSet", "Job", "Pod")
_RESTARTS = 3
_FEW = 20
"""Up to so many objects without a controller are fetched one by one; more are read from whole pages of their kind."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which workloads: namespaces (None: all), a label selector, kinds."""

    namespaces: tuple[str, ...] | None
    selector: str = ""
    kinds: tuple[Kind, ...] = KINDS


@dataclass(frozen=True, slots=True)
class Found:
    """Progress: rows that just came in. A row replaces an earlier one of the same kind, namespace and name."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """Progress: a kind (in a namespace) that could not be read."""

    gap: Gap


ScanEvent = Found | Missed


@dataclass(slots=True)
class _Scan:
    cluster: Cluster
    scope: Scope
    index: RecipeIndex
    report: Callable[[ScanEvent], None]
    stop: threading.Event
    lock: threading.Lock = field(default_factory=threading.Lock)
    shared: Shared = field(default_factory=Shared)
    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    metadata: dict[str, dict[tuple[str, str], Metadata]] = field(default_factory=dict)


def scan(
    cluster: Cluster,
    scope: Scope,
    index: RecipeIndex,
    *,
    report: Callable[[ScanEvent], None] = lambda event: None,
    stop: threading.Event | None = None,
) -> Inventory:
    """All workloads of the scope. What cannot be read becomes a gap, never an empty list; raises only when nothing at all
    can be read (no connection, no credentials)."""
    state = _Scan(cluster, scope, index, report, stop or threading.Event())
    wanted = [(kind, namespace) for kind in scope.kinds for namespace in scope.namespaces or (None,)]
    in_parallel(partial(_list, state, kind, namespace) for kind, namespace in wanted)
    if len(state.gaps) == len(wanted):
        error = state.gaps[0].error
        if scope.selector and isinstance(error, Invalid):
            raise InputError(f'the selector "{scope.selector}" is refused: {error}') from error
        raise error
    _fold(state)
    _injected(state)
    rows = sorted(state.rows.values(), key=lambda r: (r.namespace, KINDS.index(r.kind), r.name))
    return Inventory(tuple(rows), tuple(state.gaps))


def _pages(
    scan: _Scan, kind: Kind, namespace: str | None, decode: Callable[[bytes], PageT], *, metadata_only: bool = False
) -> Iterator[PageT]:
    """The pages of a kind; each is asked for while the one before is decoded. When the server has forgotten where we were (410),
    that kind begins again: its pages then come a second time, so whoever takes them replaces by name."""
    for data in ahead(partial(_fetch_pages, scan, kind, namespace, metadata_only)):
        yield decode(data)


def _fetch_pages(scan: _Scan, kind: Kind, namespace: str | None, metadata_only: bool) -> Iterator[bytes]:
    restarts, token, limit = 0, "", FIRST_PAGE
    while not scan.stop.is_set():
        query = ListQuery(scan.scope.selector, limit=limit, continue_token=token, metadata_only=metadata_only)
        try:
            data = scan.cluster.list_page(kind.resource, namespace, query)
        except Expired:
            restarts += 1
            if restarts > _RESTARTS:
                raise
            token, limit = "", NEXT_PAGES
            continue
        yield data
        token, limit = continue_token(data) or "", NEXT_PAGES
        if not token:
            return


def _list(scan: _Scan, kind: Kind, namespace: str | None) -> None:
    try:
        if kind.name in _FOLDED:
            for page in _pages(scan, kind, namespace, decode_metadata_page, metadata_only=True):
                with scan.lock:
                    known = scan.metadata.setdefault(kind.name, {})
                    known.update({(m.namespace or "", m.name or ""): m for m in page.items})
        else:
            source = Source(context=scan.cluster.context)
            for full in _pages(scan, kind, namespace, partial(decode_page, kind, shared=scan.shared)):
                _add(scan, list(rows_of(full.items, scan.index, source)))
    except NotFound:
        return  # a server without this kind
    except SidecarError as error:
        _miss(scan, _where(kind, namespace), error)


def _where(kind: Kind, namespace: str | None) -> str:
    return f"{kind.resource.plural} in {namespace}" if namespace else f"{kind.resource.plural} in all namespaces"


def _add(scan: _Scan, rows: list[Row]) -> None:
    with scan.lock:
        scan.rows.update({(row.kind.name, row.namespace, row.name): row for row in rows})
    if rows:
        scan.report(Found(tuple(rows)))


def _miss(scan: _Scan, what: str, error: SidecarError) -> None:
    gap = Gap(what, error)
    with scan.lock:
        scan.gaps.append(gap)
    scan.report(Missed(gap))


def _controller(metadata: Metadata) -> tuple[str, str, str] | None:
    """Kind, namespace and name of the built-in workload that controls an object, or None."""
    for reference in metadata.owner_references or ():
        if reference.controller and any(
            k.name == reference.kind and k.resource.api_version == reference.api_version for k in KINDS
        ):
            return reference.kind, metadata.namespace or "", reference.name
    return None


def _fold(scan: _Scan) -> None:
    """Fetches the ReplicaSets, Jobs and Pods that no listed controller owns, and shows them as rows of their own."""
    jobs: list[Callable[[], None]] = []
    for name, found in scan.metadata.items():
        kind = resolve(name)
        alone = [metadata for metadata in found.values() if _controller(metadata) is None]
        if len(alone) <= _FEW:
            jobs.extend(partial(_fetch, scan, kind, metadata) for metadata in alone)
        else:
            names = {(m.namespace or "", m.name or "") for m in alone}
            namespaces = scan.scope.namespaces or (None,)
            jobs.extend(partial(_fetch_many, scan, kind, namespace, names) for namespace in namespaces)
    in_parallel(jobs)


def _fetch(scan: _Scan, kind: Kind, metadata: Metadata) -> None:
    if scan.stop.is_set():
        return
    try:
        obj = scan.cluster.get(kind.resource, metadata.namespace, metadata.name or "")
    except NotFound:
        return  # gone meanwhile
    except ClusterError as error:
        _miss(scan, f"{kind.resource.qualified}/{metadata.name} in {metadata.namespace}", error)
        return
    _show_alone(scan, decode_or_broken(kind, obj))


def _fetch_many(scan: _Scan, kind: Kind, namespace: str | None, wanted: set[tuple[str, str]]) -> None:
    try:
        for page in _pages(scan, kind, namespace, partial(decode_page, kind, shared=scan.shared)):
            for item in page.items:
                if (item.namespace, item.name) in wanted:
                    _show_alone(scan, item)
    except ClusterError as error:
        _miss(scan, _where(kind, namespace), error)


def _show_alone(scan: _Scan, item: Workload | Broken) -> None:
    """Old revisions that a foreign controller (an Argo Rollout, say) keeps at 0 replicas are history, not workloads."""
    if isinstance(item, Workload) and item.controller and item.replicas == 0:
        return
    _add(scan, [row_of(item, scan.index, Source(context=scan.cluster.context))])


def _injected(scan: _Scan) -> None:
    """Fetches one Pod for each row whose Pods carry an injector's mark, or may have been changed without one, and adds what was
    injected to the row."""
    owners = {
        (kind, m.namespace or "", m.name or ""): _controller(m) for kind in ("ReplicaSet", "Job") for m in scan.metadata.get(kind, {}).values()
    }  # fmt: skip
    examples: dict[tuple[str, str, str], Metadata] = {}
    pods = scan.metadata.get("Pod", {}).values()
    unmarked = _unmarked_namespaces(scan) if pods and not scan.stop.is_set() else set()
    for pod in pods:
        if pod.namespace not in unmarked and not scan.index.injections.is_marked(pod):
            continue
        key = _controller(pod) or ("Pod", pod.namespace or "", pod.name or "")
        while owners.get(key):
            key = owners[key] or key
        if key in scan.rows and scan.rows[key].state != "broken":
            examples.setdefault(key, pod)
    in_parallel(partial(_add_injected, scan, key, pod) for key, pod in examples.items())


def _unmarked_namespaces(scan: _Scan) -> set[str]:
    """Those that ask an injector that leaves no mark on Pods. Where namespaces may not be read none is known to, and the list is as
    it would be without: a plan reads the Pods of its workload anyway."""
    markless = Injections(recipe for recipe in scan.index.recipes if recipe.injector and not recipe.injector.marks)
    try:
        if scan.scope.namespaces is None:
            found = decode_metadata_page(scan.cluster.list_page(NAMESPACES, None, ListQuery(metadata_only=True))).items
        else:
            found = tuple(decode_metadata(scan.cluster.get(NAMESPACES, None, name)) for name in scan.scope.namespaces)
    except SidecarError:
        return set()
    return {m.name or "" for m in found if markless.asked({**(m.labels or {}), **(m.annotations or {})})}


def _add_injected(scan: _Scan, key: tuple[str, str, str], pod: Metadata) -> None:
    if scan.stop.is_set():
        return
    try:
        obj = scan.cluster.get(resolve("pod").resource, pod.namespace, pod.name or "")
    except NotFound:
        return
    except ClusterError as error:
        _miss(scan, f"pod/{pod.name} in {pod.namespace}", error)
        return
    live = decode_or_broken(resolve("pod"), obj)
    if isinstance(live, Broken):
        return
    with scan.lock:
        row = scan.rows[key]
    _add(scan, [with_injected(row, live, scan.index)])
