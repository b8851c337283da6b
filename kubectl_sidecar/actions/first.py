"""Which workload of a namespace to migrate first: one about which nobody has to be asked, and whose failure hurts least.

A candidate has only helpers that are certain, an owner who does not write it again, and a plan without blockers and cautions.
Among those the one that replaces the fewest Pods comes first, since that is what a mistake would cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from kubectl_sidecar.actions.inspect import Inventory, Row, Scope, scan
from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, Target
from kubectl_sidecar.actions.migrate.prepare import Subject, plan_all, subject
from kubectl_sidecar.actions.parallel import each_in_parallel
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.planning.policy import PolicyOptions
from kubectl_sidecar.errors import ApiError, InputError, Unauthorized
from kubectl_sidecar.sources.cluster import Cluster

_LOOKED_AT = 8
"""So many candidates are planned at most: each costs two requests."""
_OWNERS = ("nobody", "kubectl-apply")


@dataclass(frozen=True, slots=True)
class First:
    """`prepared` is the plan to begin with, None where there is none; `text` says why this one, or why none. `classic` and
    `workloads` count what the namespace has."""

    prepared: Prepared | None
    text: str
    workloads: int = 0
    classic: int = 0


def first_migration(cluster: Cluster, namespace: str, index: RecipeIndex) -> First:
    """The workload to begin with in this namespace."""
    try:
        inventory = scan(cluster, Scope((namespace,)), index)
    except Unauthorized:
        raise
    except ApiError as error:
        return First(None, f"the workloads of {namespace} could not be read: {error}")
    classic = sum(1 for row in inventory.rows if row.at_risk)
    found = First(None, _none(inventory, classic, namespace), len(inventory.rows), classic)
    plans = _plans(cluster, inventory, index)
    clean = [p for p in plans if not any(risk.severity in ("blocker", "caution") for risk in p.plan.risks)]
    if clean:
        best = min(clean, key=_cost)
        return First(best, _why(best), found.workloads, found.classic)
    if plans:
        least = min(plans, key=lambda p: (len([r for r in p.plan.risks if r.severity != "note"]), p.pods))
        ids = ", ".join(dict.fromkeys(r.id for r in least.plan.risks if r.severity != "note"))
        said = f"none is without a caution; the nearest is {least.target.ref} ({ids}): see kubectl sidecar describe {least.target.ref} -n {namespace}"
        return First(None, said, found.workloads, found.classic)
    return found


def _cost(prepared: Prepared) -> tuple[bool, bool, int, int, str]:
    """What speaks against beginning with it, the gravest first."""
    strategy = prepared.plan.workload.strategy
    down = strategy is not None and strategy.type == "Recreate"  # all its Pods stop before the first new one starts
    return down, prepared.owner.kind != "nobody", prepared.pods, len(prepared.plan.unknowns), prepared.target.name


def _none(inventory: Inventory, classic: int, namespace: str) -> str:
    if not inventory.rows:
        return f"there are no workloads in {namespace}"
    if not classic:
        return f"no workload in {namespace} has a classic sidecar"
    return (
        f"the classic sidecars of {namespace} are owned by Helm, GitOps or an operator, injected, not certain, or in a kind that cannot "
        "be patched: change them where they are written"
    )


def _plans(cluster: Cluster, inventory: Inventory, index: RecipeIndex) -> list[Prepared]:
    """The plans of the nearest candidates that move all that could be moved."""
    options = MigrateOptions(policy=PolicyOptions(assume_yes=False, interactive=True))
    rows = sorted((row for row in inventory.rows if _fits(row)), key=lambda row: _OWNERS.index(row.owner.kind))
    read = each_in_parallel(partial(_read, cluster), rows[:_LOOKED_AT])
    plans = plan_all(cluster, [each for each in read if each is not None], index, options)
    return [p for p in plans if p.plan.relocations and not p.plan.skipped]


def _read(cluster: Cluster, row: Row) -> Subject | None:
    """None where there is no right to get it, or it is gone meanwhile, or odd: then it is no first one."""
    try:
        return subject(cluster, Target(row.kind, row.namespace, row.name))
    except (ApiError, InputError):
        return None


def _fits(row: Row) -> bool:
    helpers = [f for f in row.findings if f.is_classic]
    return (
        row.state in ("classic", "mixed")
        and row.kind.patchable
        and row.owner.kind in _OWNERS
        and all(f.confidence == "certain" and not f.injected for f in helpers)
    )


def _why(prepared: Prepared) -> str:
    helpers = ", ".join(r.finding.name for r in prepared.plan.relocations)
    owner = (
        "" if prepared.owner.kind == "nobody" else f" It is kept by {prepared.owner.label}: change its manifest too."
    )
    return f"{helpers}: certainly a helper, with nothing that blocks or warns. It {prepared.effect}.{owner}"
