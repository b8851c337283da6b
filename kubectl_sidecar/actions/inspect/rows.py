"""What taking stock ends with: rows of workloads, and the gaps of what could not be read. Nothing is asked of a cluster here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import msgspec

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify, classify_all
from kubectl_sidecar.core.classification.findings import Finding, Override, State, Surroundings, state_of
from kubectl_sidecar.core.kinds import Kind
from kubectl_sidecar.core.owners import Owner, owner_of
from kubectl_sidecar.core.problems import Problem, problems
from kubectl_sidecar.core.workload import Broken, Workload
from kubectl_sidecar.errors import SidecarError

_NOBODY = Owner("nobody")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a workload was read: a cluster's context, or a document of a file (counted from 0 as a YAML stream counts)
    and, for an element of a List, its index."""

    context: str = ""
    file: str = ""
    document: int | None = None
    item: int | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """A workload as a list shows it. `fault` says what could not be read of a broken one; it has findings where its Pod template
    could."""

    source: Source
    kind: Kind
    api_version: str
    namespace: str
    name: str
    state: State
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    owner: Owner = _NOBODY
    fault: str = ""

    @property
    def ref(self) -> str:
        """`deployment/checkout`: what every command accepts."""
        return f"{self.kind.name.lower()}/{self.name}"

    @property
    def at_risk(self) -> bool:
        """Whether some sidecar here lacks ordering guarantees."""
        return self.state in ("classic", "mixed", "injected")


@dataclass(frozen=True, slots=True)
class Gap:
    """Something of the scope that could not be read: the inventory is incomplete."""

    what: str
    error: SidecarError


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is, sorted by namespace, kind and name."""

    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...] = ()


def row_of(
    workload: Workload | Broken,
    index: RecipeIndex,
    source: Source,
    *,
    overrides: Mapping[str, Override] | None = None,
    surroundings: Surroundings | None = None,
) -> Row:
    """The row of one workload, wherever it was read."""
    if isinstance(workload, Broken):
        return _broken(workload, index, source)
    return _row(workload, classify(workload, index, overrides=overrides, surroundings=surroundings), source)


TOGETHER = 16
"""Workloads that are decoded, then classified: as many as a processor's cache holds with all that is read of them."""


def rows_of(items: Iterable[Workload | Broken], index: RecipeIndex, source: Source) -> Iterator[Row]:
    """The rows of many workloads of one source, in their order, a few of them taken at a time."""
    rest = iter(items)
    while some := list(islice(rest, TOGETHER)):
        workloads = [item for item in some if isinstance(item, Workload)]
        findings = iter(classify_all(workloads, index))
        for item in some:
            yield _broken(item, index, source) if isinstance(item, Broken) else _row(item, next(findings), source)


def _broken(item: Broken, index: RecipeIndex, source: Source) -> Row:
    kind, rest = item.kind, item.rest
    return Row(
        source,
        kind,
        kind.resource.api_version,
        item.namespace,
        item.name,
        "broken",
        classify(rest, index) if rest else (),
        owner=owner_of(rest.metadata) if rest else _NOBODY,
        fault=item.fault,
    )


def _row(workload: Workload, findings: tuple[Finding, ...], source: Source) -> Row:
    return Row(
        source,
        workload.kind,
        workload.api_version,
        workload.namespace,
        workload.name,
        state_of(findings),
        findings,
        problems(workload, findings),
        owner_of(workload.metadata),
    )


def with_injected(row: Row, pod: Workload, index: RecipeIndex) -> Row:
    """The row with the containers that one of its live Pods has and its template has not."""
    known = {finding.name for finding in row.findings}
    spec = msgspec.structs.replace(
        pod.spec,
        containers=tuple(c for c in pod.spec.main_list if c.name in known),
        init_containers=tuple(c for c in pod.spec.init_list if c.name in known),
    )
    template = msgspec.structs.replace(pod.template, spec=spec)
    surroundings = Surroundings(pod=pod.template)
    found = classify(msgspec.structs.replace(pod, template=template), index, overrides={}, surroundings=surroundings)
    findings = (*row.findings, *(f for f in found if f.injected and f.name not in known))
    view = msgspec.structs.replace(pod, kind=row.kind)
    return msgspec.structs.replace(row, findings=findings, state=state_of(findings), problems=problems(view, findings))
