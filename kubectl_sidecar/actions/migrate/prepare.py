"""The first half of a migration, without any effect: what a person sees at the diff.

One workload or many, from a cluster: the objects are read in parallel, then what surrounds them (once for each namespace), then
they are planned, and only then the server is asked in dry runs. Files are planned in files.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kubectl_sidecar.actions.dryrun import dry_run_object, dry_run_pod
from kubectl_sidecar.actions.effect import effect_of
from kubectl_sidecar.actions.gather import gather, gather_more
from kubectl_sidecar.actions.parallel import each_in_parallel
from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.classification.findings import Surroundings
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.facts import Facts
from kubectl_sidecar.core.kinds import Kind
from kubectl_sidecar.core.owners import Owner, owner_of
from kubectl_sidecar.core.plan import Plan, Verdict
from kubectl_sidecar.core.planning.planner import PlanOptions, make_plan
from kubectl_sidecar.core.planning.policy import DryRunAnswer, PolicyOptions, decide
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.errors import NotFound, UnknownName
from kubectl_sidecar.sources.cluster import FIELD_MANAGER, Cluster, Object


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
    def title(self) -> str:
        """`Deployment shop/checkout`, or `Deployment checkout` where no namespace is known: for people."""
        return f"{self.kind.name} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.name} {self.name}"

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
    """A plan with everything that a person needs to decide. `context` is the cluster's, or the file; then `document` (from 0) and
    `item` (of a List) say where in it. `effect` says in a sentence how Pods are replaced, `pods` how many are replaced now;
    `warnings` are the server's."""

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
    document: int | None = None
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """An object to plan for, as it was read."""

    target: Target
    obj: Object = field(repr=False)
    workload: Workload


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
    """Everything about migrating one workload. With `dry_runs=False` (describe) the server is not asked what it would say."""
    (prepared,) = prepare_all(cluster, (target,), index, options, dry_runs=dry_runs)
    return prepared


def prepare_all(
    cluster: Cluster, targets: Sequence[Target], index: RecipeIndex, options: MigrateOptions, *, dry_runs: bool = True
) -> list[Prepared]:
    """The same for several workloads, in their order. Raises the first error that one of them meets."""
    subjects = each_in_parallel(partial(subject, cluster), targets)
    planned = plan_all(cluster, subjects, index, options)
    return each_in_parallel(partial(with_dry_runs, cluster), planned) if dry_runs else planned


def preparing(cluster: Cluster, target: Target, index: RecipeIndex, options: MigrateOptions) -> Iterator[Prepared]:
    """The same for one, step by step, for a screen that shows what there is: the plan, then again after each dry run."""
    (planned,) = plan_all(cluster, (subject(cluster, target),), index, options)
    yield planned
    yield from _answers(cluster, planned)


def subject(cluster: Cluster, target: Target) -> Subject:
    """Reads an object to plan for."""
    return Subject(target, *read(cluster, target))


def plan_all(
    cluster: Cluster, subjects: Sequence[Subject], index: RecipeIndex, options: MigrateOptions
) -> list[Prepared]:
    """Plans without dry runs. What surrounds the workloads is read once, and some of it only where a first plan gives a reason."""
    facts = gather(cluster, [s.workload for s in subjects])
    context = cluster.context
    planned = [planned_with(f, s, index, options, context=context) for s, f in zip(subjects, facts, strict=True)]
    raised = [p.plan.usage_after != p.plan.usage_before for p in planned]
    facts = gather_more(cluster, [s.workload for s in subjects], facts, raised=raised)
    return [
        _planned_again(p, f, index) if more else replace(p, facts=f)
        for p, f, more in zip(planned, facts, raised, strict=True)
    ]


def planned_with(
    facts: Facts, of: Subject, index: RecipeIndex, options: MigrateOptions, *, context: str, in_place: bool = True
) -> Prepared:
    """The plan of one object, with what is known around it. `context` names a cluster, or a file where `in_place` is false."""
    workload = of.workload
    surroundings = Surroundings.of(workload, facts)
    findings = classify(workload, index, overrides=options.plan.containers, surroundings=surroundings)
    plan = make_plan(of.obj, workload, findings, facts, options.plan, index.recipes)
    owner = owner_of(workload.metadata)
    effect, pods = effect_of(workload, of.obj)
    verdict = decide(plan, owner, (), options.policy, in_place=in_place)
    return Prepared(of.target, context, of.obj, facts, plan, owner, (), verdict, effect, pods, (), options)


def _planned_again(prepared: Prepared, facts: Facts, index: RecipeIndex) -> Prepared:
    """With facts that say nothing of roles."""
    plan, options = prepared.plan, prepared.options
    plan = make_plan(prepared.obj, plan.workload, plan.findings, facts, options.plan, index.recipes)
    return replace(prepared, facts=facts, plan=plan, verdict=decide(plan, prepared.owner, (), options.policy))


def with_dry_runs(cluster: Cluster, planned: Prepared) -> Prepared:
    """The plan after all dry runs."""
    for step in _answers(cluster, planned):
        planned = step
    return planned


def _answers(cluster: Cluster, planned: Prepared) -> Iterator[Prepared]:
    """The plan again after each dry run."""
    if planned.plan.is_empty or not planned.target.kind.patchable:
        return
    manager = planned.options.field_manager
    first, warnings = dry_run_object(cluster, planned.plan, field_manager=manager)
    yield (planned := _answered(replace(planned, warnings=warnings), first))
    yield _answered(planned, dry_run_pod(cluster, planned.plan, planned.obj, field_manager=manager))


def _answered(prepared: Prepared, answer: DryRunAnswer) -> Prepared:
    answers = (*prepared.dry_runs, answer)
    verdict = decide(prepared.plan, prepared.owner, answers, prepared.options.policy)
    return replace(prepared, dry_runs=answers, verdict=verdict)
