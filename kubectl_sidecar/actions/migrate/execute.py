"""The second half of a migration, and the only one that writes: compare with what was judged, record, patch, watch.

The old template is on disk before the patch is sent, and the patch carries the version of the object that was just compared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kubectl_sidecar import __version__
from kubectl_sidecar.actions.dryrun import dropped, patch_of
from kubectl_sidecar.actions.effect import not_watched
from kubectl_sidecar.actions.migrate.prepare import Prepared, Target, read
from kubectl_sidecar.actions.rollout import Look, PodProgress, known_pods, watch
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.journal import Journal, Record
from kubectl_sidecar.core.planning.planner import judged
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.errors import (
    ApiError,
    BadAnswer,
    Conflict,
    Interrupted,
    PartlyDone,
    ServerFailure,
    Unreachable,
)
from kubectl_sidecar.sources.cluster import Clock, Cluster, Written

_ATTEMPTS = 3
"""How often a patch is tried when only what was not judged (a status, say) changed meanwhile."""


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
        sent = _send(prepared, cluster, workload, phase)
        if isinstance(sent, Written):
            after = edits.get(sent.object, target.kind.template)
            journal.write(record.moved_to("applied", after=dict(after)))
            return sent
        if sent is not None:
            _abandon(journal, record)
            return sent
    _abandon(journal, record)
    return Result(
        target,
        "changed",
        False,
        f"{target.qualified} changes all the time; nothing was written after {_ATTEMPTS} attempts",
    )


def _send(prepared: Prepared, cluster: Cluster, workload: Workload, phase: _Phase) -> Written | Result | None:
    """Sends the patch for the object as it was just read; None when somebody wrote it since."""
    target = prepared.target
    operations = patch_of(prepared.plan, resource_version=workload.metadata.resource_version or "")
    phase.state = "sending"
    try:
        written = cluster.patch(
            target.kind.resource, target.namespace, target.name, operations,
            dry_run=False, field_manager=prepared.options.field_manager,
        )  # fmt: skip
    except Conflict:
        phase.state = "before"
        return None
    except (Unreachable, BadAnswer, ServerFailure) as error:
        raise PartlyDone(f"{error}; {phase.said(target)}") from error
    except ApiError as error:
        phase.state = "before"
        return Result(target, "refused", False, f"{error}; nothing was written")
    phase.state = "after"
    return written


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
