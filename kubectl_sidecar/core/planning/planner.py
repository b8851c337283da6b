"""A workload with its roles and facts becomes a plan: what moves where, in which edits, why, and what could go wrong.

Planning is pure and idempotent: planning the result of a plan gives an empty plan. It decides nothing: policy.py does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from kubectl_sidecar.core import edits as edit
from kubectl_sidecar.core.classification.findings import Confidence, Finding, Override, pasts_of
from kubectl_sidecar.core.classification.injection import advice
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.edits import Edit, Move, Remove, Set
from kubectl_sidecar.core.facts import Facts, effective_version
from kubectl_sidecar.core.owners import owner_of
from kubectl_sidecar.core.plan import Change, Judged, Plan, Relocation, Skipped
from kubectl_sidecar.core.planning.removal import removal
from kubectl_sidecar.core.pod.hooks import removable_pre_stop
from kubectl_sidecar.core.pod.placement import Placed, place
from kubectl_sidecar.core.pod.probes import derived_startup_probe
from kubectl_sidecar.core.pod.resources import usage
from kubectl_sidecar.core.pod.timeline import timeline
from kubectl_sidecar.core.problems import problems
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.risks import Context, judge, unknowns
from kubectl_sidecar.core.workload import Container, PodSpec, Workload
from kubectl_sidecar.errors import InputError

_RANK: Mapping[Confidence, int] = {"possible": 0, "likely": 1, "certain": 2}


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the user asked for. `containers` are decisions by name; `place` is NAME -> `before:X`, `after:X`, `first`, `last`."""

    containers: Mapping[str, Override] = field(default_factory=dict)
    least: Confidence = "likely"
    """Helpers of a lower confidence stay where they are, unless the user decided for them."""
    startup_probe: Literal["auto", "none"] = "none"
    place: Mapping[str, str] = field(default_factory=dict)


def make_plan(
    obj: Mapping[str, Any], workload: Workload, findings: tuple[Finding, ...], facts: Facts, options: PlanOptions,
    recipes: tuple[Recipe, ...] = (),
) -> Plan:  # fmt: skip
    """The plan for one object. `obj` is the object as read; `workload` and `findings` are what was made of it; `recipes` are all
    that are known, for what an injector might put beside it.
    Raises InputError for a `place` option that makes no sense."""
    template = edit.find(obj, workload.kind.template)
    if not isinstance(template, Mapping):
        where = edit.dotted(workload.kind.template)
        raise InputError(
            f"{workload.kind.name} {workload.namespace}/{workload.name} has no {where}, so there is nothing to plan"
        )
    spec = workload.spec
    chosen, skipped = _choose(workload, findings, options)
    placed = place([(f, spec.main_list[f.index]) for f in chosen], spec, options.place)
    relocations = tuple(_relocations(chosen, placed, spec, options))
    changes = (*_moves(template, relocations), *_adjustments(relocations, workload, facts))
    after = edit.apply(template, [e for change in changes for e in change.edits])
    spec_after = _spec_of(workload, obj, after)
    context = Context(
        workload=workload,
        findings=findings,
        relocations=relocations,
        facts=facts,
        owner=owner_of(workload.metadata),
        version=effective_version(facts, spec)[0],
        before=spec,
        after=spec_after,
        usage_before=usage(spec),
        usage_after=usage(spec_after),
        recipes=recipes,
    )
    today = problems(workload, findings, pasts_of(facts))
    moving = {r.finding.name: r for r in relocations}
    return Plan(
        workload=workload,
        findings=findings,
        relocations=relocations,
        skipped=tuple(skipped),
        changes=changes,
        problems=today,
        removals=tuple(removal(p, moving[p.container], workload, relocations) for p in today if p.container in moving),
        risks=judge(context) if relocations else (),
        unknowns=unknowns(context) if relocations else (),
        usage_before=context.usage_before,
        usage_after=context.usage_after,
        timeline_before=timeline(spec),
        timeline_after=timeline(spec_after),
        judged=judged(obj, workload),
        before=template,
        after=after,
    )


def judged(obj: Mapping[str, Any], workload: Workload) -> Judged:
    """What a plan of this object is bound to. Status, replicas and resourceVersion are left out: they change all the time
    and change nothing of what was judged."""
    owner = owner_of(workload.metadata)
    spec = obj.get("spec") or {}
    around = [owner.kind, owner.name, *(spec.get(key) for key in ("paused", "suspend", "strategy", "updateStrategy"))]
    return Judged(workload.metadata.uid or "", digest(edit.get(obj, workload.kind.template)), digest(around))


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON of a plain value."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def _choose(
    workload: Workload, findings: Sequence[Finding], options: PlanOptions
) -> tuple[list[Finding], list[Skipped]]:
    unnamed = set(options.containers) - {finding.name for finding in findings}
    if unnamed:
        names = ", ".join(sorted(unnamed))
        raise InputError(f"{workload.kind.name} {workload.namespace}/{workload.name} has no container named {names}")
    chosen: list[Finding] = []
    skipped: list[Skipped] = []
    for finding in findings:
        if finding.list == "containers" and finding.role in ("sidecar", "unknown"):
            why = _stays(finding, options)
            if why:
                skipped.append(Skipped(finding, why))
            else:
                chosen.append(finding)
    return chosen, skipped


def _stays(finding: Finding, options: PlanOptions) -> str:
    """Why a helper is not moved; empty when it is."""
    if finding.override in ("leave", "main"):
        return f"you said {finding.override}"
    if finding.injected:
        return _injector_advice(finding)
    if finding.recipe and finding.recipe.movable != "yes" and finding.override != "sidecar":
        return finding.recipe.reason or f"{finding.recipe.title} is not to be moved by hand"
    if finding.override == "sidecar":
        return ""
    if finding.role == "unknown":
        return f"its role is not known; say --container {finding.name}=sidecar, or =leave"
    if _RANK[finding.confidence] < _RANK[options.least]:
        return f"only {finding.confidence} a sidecar; say --container {finding.name}=sidecar to move it"
    return ""


def _injector_advice(finding: Finding) -> str:
    injector = finding.recipe.injector if finding.recipe else None
    if injector is None:
        return "it is injected into Pods and not in the template: its injector has to change it"
    return advice(injector)


def _relocations(
    chosen: Sequence[Finding],
    placed: Sequence[Placed],
    spec: PodSpec,
    options: PlanOptions,
) -> Iterator[Relocation]:
    by_name = {finding.name: finding for finding in chosen}
    for spot in placed:
        finding = by_name[spot.name]
        container = spec.main_list[finding.index]
        probe, reason = derived_startup_probe(container, finding.recipe, spec)
        yield Relocation(
            finding,
            container,
            source=finding.index,
            target=spot.target,
            reason=spot.reason,
            probe=probe if options.startup_probe == "auto" else None,
            offer=probe if options.startup_probe != "auto" else None,
            probe_reason=reason,
        )


def _moves(template: Mapping[str, Any], relocations: Sequence[Relocation]) -> Iterator[Change]:
    """Highest source index first, so that the indexes of those still to come stay true."""
    if not relocations:
        return
    if edit.find(template, ("spec", "initContainers")) is None:
        yield Change((Set(("spec", "initContainers"), []),), "the Pod has no init containers yet")
    final = {r.target for r in relocations}
    existing = len(edit.find(template, ("spec", "initContainers")) or ())
    kept = [index for index in range(existing + len(relocations)) if index not in final]
    present = set(kept)
    for r in sorted(relocations, key=lambda r: -r.source):
        index = sum(1 for other in present if other < r.target)
        present.add(r.target)
        yield Change(
            (Move(("spec", "containers", r.source), ("spec", "initContainers", index)),),
            f"{r.finding.name}: {r.reason}",
        )
    for r in sorted(relocations, key=lambda r: r.target):
        yield Change(
            (Set(("spec", "initContainers", r.target, "restartPolicy"), "Always"),),
            f"{r.finding.name}: an init container that keeps running is a native sidecar",
        )


def _adjustments(relocations: Sequence[Relocation], workload: Workload, facts: Facts) -> Iterator[Change]:
    for r in relocations:
        at = ("spec", "initContainers", r.target)
        if r.probe is not None:
            yield Change((Set((*at, "startupProbe"), dict(r.probe)),), f"{r.finding.name}: {r.probe_reason}", "adjust")
        remove, reason = removable_pre_stop(r.container, r.finding, workload.spec, facts, workload=workload)
        if remove:
            yield Change((_without_pre_stop(r.container, at),), f"{r.finding.name}: {reason}", "adjust")
        elif reason:
            yield Change((), f"{r.finding.name}: {reason}", "keep")


def _without_pre_stop(container: Container, at: tuple[str | int, ...]) -> Edit:
    """Removes the hook, and the lifecycle with it where nothing else is in it."""
    return Remove((*at, "lifecycle") if container.post_start is None else (*at, "lifecycle", "preStop"))


def _spec_of(workload: Workload, obj: Mapping[str, Any], template: Mapping[str, Any]) -> PodSpec:
    path = workload.kind.template
    changed = edit.apply(obj, [Set(path, template)]) if path else template
    return decode_object(workload.kind, changed).spec
