"""Migrating one workload: `prepare` reads, plans, dry-runs and judges, and has no effect; `execute` writes and watches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from kubectl_sidecar import __version__
from kubectl_sidecar.actions.dryrun import dropped, dry_run_object, dry_run_pod, patch_of
from kubectl_sidecar.actions.effect import effect_of, not_watched
from kubectl_sidecar.actions.gather import facts_of_files, gather, with_limits
from kubectl_sidecar.actions.rollout import Look, PodProgress, known_pods, watch
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.classification.findings import Surroundings
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.facts import Facts, Version
from kubectl_sidecar.core.journal import Journal, Record
from kubectl_sidecar.core.kinds import Kind, of_object
from kubectl_sidecar.core.owners import Owner, owner_of
from kubectl_sidecar.core.plan import Plan, Verdict
from kubectl_sidecar.core.planning.planner import PlanOptions, judged, make_plan
from kubectl_sidecar.core.planning.policy import DryRunAnswer, PolicyOptions, decide
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.errors import (
    ApiError,
    BadAnswer,
    Conflict,
    DecodeError,
    InputError,
    Interrupted,
    NotFound,
    PartlyDone,
    ServerFailure,
    UnknownName,
    Unreachable,
)
from kubectl_sidecar.sources.cluster import FIELD_MANAGER, Clock, Cluster, Object, Written
from kubectl_sidecar.sources.manifests import Manifest, Unreadable

_ATTEMPTS = 3
"""How often a patch is tried when only what was not judged (a status, say) changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Target:
    """One object that a command names."""

    kind: Kind
    namespace: str
    name: str

    @property
    def ref(self) -> str:
        """`deployment/checkout`: what every command accepts."""
        return f"{self.kind.name.lower()}/{self.name}"

    @property
    def qualified(self) -> str:
        """`deployment.apps/checkout`: as kubectl prints it."""
        return f"{self.kind.resource.qualified}/{self.name}"


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """How to plan, what may pass, and whether to wait for the rollout (seconds)."""

    plan: PlanOptions = field(default_factory=PlanOptions)
    policy: PolicyOptions = field(default_factory=PolicyOptions)
    field_manager: str = FIELD_MANAGER
    wait: bool = True
    timeout_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with everything that a person needs to decide. `effect` says in a sentence how Pods are replaced, `pods` how many
    are replaced now; `warnings` are the server's."""

    target: Target
    context: str
    obj: Object = field(repr=False)
    facts: Facts = field(repr=False)
    plan: Plan
    owner: Owner
    dry_runs: tuple[DryRunAnswer, ...]
    verdict: Verdict
    effect: str
    pods: int
    warnings: tuple[str, ...] = ()
    options: MigrateOptions = field(default_factory=MigrateOptions)


@dataclass(frozen=True, slots=True)
class Progress:
    """An event of `execute`: a step that was done, or how far a rollout is. `done` and `total` count new, available Pods."""

    target: Target
    step: Literal["recorded", "patched", "rollout"]
    text: str
    done: int = 0
    total: int = 0
    pods: tuple[PodProgress, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended. `written` says whether the object was changed; `outcome`:
    done        patched, and the rollout is complete
    unwatched   patched; there is nothing to wait for (or nobody waits), `text` says why
    failed      patched, and a new Pod fails or the rollout took too long: undo is offered
    changed     not written: what was judged changed meanwhile; prepare again and show the new diff
    refused     not written: the server said no"""

    target: Target
    outcome: Literal["done", "unwatched", "failed", "changed", "refused"]
    written: bool
    text: str
    warnings: tuple[str, ...] = ()
    pods: tuple[PodProgress, ...] = ()


def read(cluster: Cluster, target: Target) -> tuple[Object, Workload]:
    """The object as the server has it, and its typed view. Raises UnknownName when it is not there."""
    try:
        obj = cluster.get(target.kind.resource, target.namespace, target.name)
    except NotFound as error:
        raise UnknownName(
            f'there is no {target.kind.name} "{target.name}" in namespace {target.namespace} of context {cluster.context}'
        ) from error
    return obj, decode_object(target.kind, obj)


def prepare(
    cluster: Cluster, target: Target, index: RecipeIndex, options: MigrateOptions, *, dry_runs: bool = True
) -> Prepared:
    """Everything about migrating one workload, without any effect. With `dry_runs=False` (describe) the server is not asked
    what it would say."""
    steps = preparing(cluster, target, index, options)
    prepared = next(steps)
    for step in steps if dry_runs else ():
        prepared = step
    return prepared


def preparing(cluster: Cluster, target: Target, index: RecipeIndex, options: MigrateOptions) -> Iterator[Prepared]:
    """The same step by step, for a screen that shows what there is: the plan, then again after each dry run."""
    obj, workload = read(cluster, target)
    facts = gather(cluster, workload)
    surroundings = Surroundings.of(workload, facts)
    findings = classify(workload, index, overrides=options.plan.containers, surroundings=surroundings)
    plan = make_plan(obj, workload, findings, facts, options.plan)
    if plan.usage_after != plan.usage_before:
        facts = with_limits(cluster, workload, facts)
        plan = make_plan(obj, workload, findings, facts, options.plan)
    owner = owner_of(workload.metadata)
    effect, pods = effect_of(workload, obj)
    verdict = decide(plan, owner, (), options.policy)
    planned = Prepared(
        target, cluster.context, obj, facts, plan, owner, (), verdict, effect, pods, (), options
    )  # fmt: skip
    yield planned
    if plan.is_empty or not target.kind.patchable:
        return
    first, warnings = dry_run_object(cluster, plan, field_manager=options.field_manager)
    yield (planned := _answered(replace(planned, warnings=warnings), first))
    yield _answered(planned, dry_run_pod(cluster, plan, obj, field_manager=options.field_manager))


def _answered(prepared: Prepared, answer: DryRunAnswer) -> Prepared:
    answers = (*prepared.dry_runs, answer)
    verdict = decide(prepared.plan, prepared.owner, answers, prepared.options.policy)
    return replace(prepared, dry_runs=answers, verdict=verdict)


def prepare_files(
    manifests: Sequence[Manifest | Unreadable],
    targets: Sequence[Target],
    index: RecipeIndex,
    options: MigrateOptions,
    *,
    server: Version | None = None,
) -> list[Prepared]:
    """The plans of workloads in files (all, or those that are named). The other objects of the same input are the facts, and
    `server` the version that the user says the cluster has; marks of Helm or GitOps are no reason to refuse there, since the
    file is the source. Raises the error of a file that does not parse, and UnknownName for a name that is in none."""
    for manifest in manifests:
        if isinstance(manifest, Unreadable):
            raise manifest.error
    found = [m for m in manifests if isinstance(m, Manifest)]
    facts = facts_of_files([m.value for m in found], server)
    prepared: list[Prepared] = []
    for manifest in found:
        kind = of_object(manifest.value)
        if kind is None:
            continue
        try:
            workload = decode_object(kind, manifest.value)
        except DecodeError as error:
            raise InputError(f"{manifest.file}, document {manifest.document}: {kind.name}: {error}") from error
        target = Target(kind, workload.namespace, workload.name)
        if not targets or any(
            t.kind == kind and t.name == target.name and t.namespace in ("", target.namespace) for t in targets
        ):
            prepared.append(_prepared_file(manifest, target, workload, facts, index, options))
    names = {(p.target.kind, p.target.name) for p in prepared}
    for target in targets:
        if (target.kind, target.name) not in names:
            raise UnknownName(f'there is no {target.kind.name} "{target.name}" in the files')
    return prepared


def _prepared_file(
    manifest: Manifest, target: Target, workload: Workload, facts: Facts, index: RecipeIndex, options: MigrateOptions
) -> Prepared:
    surroundings = Surroundings.of(workload, facts)
    findings = classify(workload, index, overrides=options.plan.containers, surroundings=surroundings)
    plan = make_plan(manifest.value, workload, findings, facts, options.plan)
    owner = owner_of(workload.metadata)
    verdict = decide(plan, owner, (), options.policy, in_place=False)
    effect, pods = effect_of(workload, manifest.value)
    return Prepared(
        target, manifest.file, dict(manifest.value), facts, plan, owner, (), verdict, effect, pods, (), options
    )


def execute(
    prepared: Prepared,
    *,
    cluster: Cluster,
    journal: Journal,
    report: Callable[[Progress], None],
    stop: threading.Event,
    clock: Clock,
) -> Result:
    """Writes the plan and watches its rollout. Nothing is written when anything that the plan was judged by has changed.
    Raises Interrupted (Ctrl-C) and ClusterError with a sentence that says whether the object was changed."""
    target, plan, options = prepared.target, prepared.plan, prepared.options
    phase = _Phase()
    try:
        old_pods = known_pods(cluster, plan.workload)
        written = _write(prepared, cluster, journal, report, clock, phase)
        if isinstance(written, Result):
            return written
        report(Progress(target, "patched", f"{target.qualified} patched"))
        lost = dropped(plan, edits.find(written.object, target.kind.template))
        if lost:
            text = f"the server dropped restartPolicy of {lost}: undo this now"
            return Result(target, "failed", True, text, written.warnings)
        workload = decode_object(target.kind, written.object)
        why_not = not_watched(workload) or ("" if options.wait else "not waited for, as you asked")
        if why_not:
            return Result(target, "unwatched", True, why_not, written.warnings)
        moved = tuple(r.finding.name for r in plan.relocations)
        return follow(
            target, workload, moved, old_pods, written.warnings, cluster=cluster, report=report, stop=stop, clock=clock,
            timeout_seconds=options.timeout_seconds,
        )  # fmt: skip
    except KeyboardInterrupt as interrupt:
        raise Interrupted(f"interrupted; {phase.said(target)}") from interrupt


def follow(
    target: Target,
    workload: Workload,
    moved: tuple[str, ...],
    old_pods: frozenset[str],
    warnings: tuple[str, ...],
    *,
    cluster: Cluster,
    report: Callable[[Progress], None],
    stop: threading.Event,
    clock: Clock,
    timeout_seconds: float,
) -> Result:
    """Watches the rollout that a patch has set off and says how it ended."""

    def looked(look: Look, seconds: float) -> None:
        text = f"{look.done}/{look.total} new Pods"
        report(Progress(target, "rollout", text, look.done, look.total, look.pods, seconds))

    outcome = watch(
        cluster, workload, moved, old_pods, report=looked, stop=stop, clock=clock, timeout_seconds=timeout_seconds
    )
    ended: dict[str, Literal["done", "failed", "unwatched"]] = {"complete": "done", "stopped": "unwatched"}
    return Result(target, ended.get(outcome.ended, "failed"), True, outcome.text, warnings, outcome.look.pods)


@dataclass(slots=True)
class _Phase:
    """How far a write has come, for the sentence that an interruption ends with."""

    state: Literal["before", "sending", "after"] = "before"

    def said(self, target: Target) -> str:
        where = f"{target.ref} -n {target.namespace}"
        return {
            "before": "nothing was written",
            "sending": f"whether {target.qualified} was patched is not known: see kubectl sidecar describe {where}",
            "after": f"{target.qualified} was patched, and its rollout goes on; undo with: kubectl sidecar undo {where}",
        }[self.state]


def _write(
    prepared: Prepared,
    cluster: Cluster,
    journal: Journal,
    report: Callable[[Progress], None],
    clock: Clock,
    phase: _Phase,
) -> Written | Result:
    """Reads again, compares, records, patches; again on a conflict while nothing that was judged has changed."""
    target, plan = prepared.target, prepared.plan
    record: Record | None = None
    for _ in range(_ATTEMPTS):
        obj, workload = read(cluster, target)
        if judged(obj, workload) != plan.judged:
            _abandon(journal, record)
            return Result(target, "changed", False, f"{target.qualified} was changed meanwhile; nothing was written")
        if record is None:
            record = _record(prepared, cluster, clock)
            journal.write(record)
            report(Progress(target, "recorded", "the old template is on disk"))
        phase.state = "sending"
        try:
            written = cluster.patch(
                target.kind.resource, target.namespace, target.name, patch_of(plan, resource_version=workload.metadata.resource_version or ""),
                dry_run=False, field_manager=prepared.options.field_manager,
            )  # fmt: skip
        except Conflict:
            phase.state = "before"
            continue
        except (Unreachable, BadAnswer, ServerFailure) as error:
            raise PartlyDone(f"{error}; {phase.said(target)}") from error
        except ApiError as error:
            phase.state = "before"
            _abandon(journal, record)
            return Result(target, "refused", False, f"{error}; nothing was written")
        phase.state = "after"
        after = edits.get(written.object, target.kind.template)
        journal.write(record.moved_to("applied", after=dict(after)))
        return written
    _abandon(journal, record)
    return Result(
        target,
        "changed",
        False,
        f"{target.qualified} changes all the time; nothing was written after {_ATTEMPTS} attempts",
    )


def _abandon(journal: Journal, record: Record | None) -> None:
    if record is not None:
        journal.write(record.moved_to("abandoned"))


def _record(prepared: Prepared, cluster: Cluster, clock: Clock) -> Record:
    target, plan, now = prepared.target, prepared.plan, clock.now()
    return Record(
        id=f"{now:%Y%m%dT%H%M%S%f}-{target.kind.name.lower()}-{target.name}",
        time=now.isoformat(timespec="seconds"),
        context=cluster.context,
        server=cluster.server,
        api_version=plan.workload.api_version,
        kind=target.kind.name,
        namespace=target.namespace,
        name=target.name,
        uid=plan.judged.uid,
        containers=tuple(r.finding.name for r in plan.relocations),
        before=dict(plan.before),
        after=dict(plan.after),
        tool=__version__,
    )
