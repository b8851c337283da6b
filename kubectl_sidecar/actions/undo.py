"""Undoing a migration: the exact old template comes back from the journal, or undo refuses and shows what was changed since."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kubectl_sidecar.actions.effect import effect_of, not_watched
from kubectl_sidecar.actions.migrate import Progress, Result, Target, follow, read
from kubectl_sidecar.actions.rollout import known_pods
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.journal import Journal, Record
from kubectl_sidecar.core.planning.planner import digest
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.errors import (
    ApiError,
    BadAnswer,
    Conflict,
    Interrupted,
    PartlyDone,
    Refused,
    ServerFailure,
    Unreachable,
)
from kubectl_sidecar.sources.cluster import FIELD_MANAGER, Clock, Cluster, Object, Written

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class PreparedUndo:
    """What undo would do. `refusal` says why it does not (the templates then show what was changed since); it is empty when
    undo may go on. `now` is the template as it is, `then` the one that would come back (or the one that was expected)."""

    target: Target
    context: str
    record: Record
    workload: Workload = field(repr=False)
    now: Mapping[str, Any] = field(repr=False)
    then: Mapping[str, Any] = field(repr=False)
    effect: str
    pods: int
    refusal: str = ""
    outcome: Literal["restore", "changed", "already"] = "restore"


def prepare_undo(cluster: Cluster, journal: Journal, target: Target) -> PreparedUndo:
    """Finds the newest open record of this object. Raises Refused when there is none, UnknownName when the object is gone."""
    obj, workload = read(cluster, target)
    record = _record_of(journal, target, workload)
    now = edits.get(obj, target.kind.template)
    effect, pods = effect_of(workload, obj)
    if digest(now) == digest(record.before):
        return PreparedUndo(target, cluster.context, record, workload, now, record.before, effect, 0,
                            "it already has the old template; there is nothing to undo", "already")  # fmt: skip
    if digest(now) != digest(record.after):
        text = (
            f"{target.qualified} was changed since it was migrated; restoring the old template would lose that. "
            "The diff shows what is different now from what was written then"
        )
        return PreparedUndo(target, cluster.context, record, workload, record.after, now, effect, pods, text, "changed")
    return PreparedUndo(target, cluster.context, record, workload, now, record.before, effect, pods)


def execute_undo(
    prepared: PreparedUndo,
    *,
    cluster: Cluster,
    journal: Journal,
    report: Callable[[Progress], None],
    stop: threading.Event,
    clock: Clock,
    wait: bool = True,
    timeout_seconds: float = 600.0,
    field_manager: str = FIELD_MANAGER,
) -> Result:
    """Puts the old template back and watches the rollout. Nothing is written when the template changed meanwhile."""
    target = prepared.target
    sending = threading.Event()
    try:
        old_pods = known_pods(cluster, prepared.workload)
        written = _restore(prepared, cluster, report, field_manager, sending)
        if isinstance(written, Result):
            return written
        journal.write(prepared.record.moved_to("undone"))
        report(Progress(target, "patched", f"{target.qualified} restored"))
        workload = decode_object(target.kind, written.object)
        why_not = not_watched(workload) or ("" if wait else "not waited for, as you asked")
        if why_not:
            return Result(target, "unwatched", True, why_not, written.warnings)
        return follow(target, workload, (), old_pods, written.warnings, cluster=cluster, report=report, stop=stop,
                      clock=clock, timeout_seconds=timeout_seconds)  # fmt: skip
    except KeyboardInterrupt as interrupt:
        said = "the old template was sent; look at the object" if sending.is_set() else "nothing was written"
        raise Interrupted(f"interrupted; {said}") from interrupt


def _restore(
    prepared: PreparedUndo,
    cluster: Cluster,
    report: Callable[[Progress], None],
    field_manager: str,
    sending: threading.Event,
) -> Written | Result:
    """Reads again, compares, patches; again on a conflict while the template is the same. `sending` is set while it is not known
    whether anything was written, and stays so afterwards."""
    target = prepared.target
    for _ in range(_ATTEMPTS):
        obj, _workload = read(cluster, target)
        if digest(edits.get(obj, target.kind.template)) != digest(prepared.now):
            return Result(target, "changed", False, f"{target.qualified} was changed meanwhile; nothing was written")
        report(Progress(target, "recorded", "the old template is about to be sent"))
        sending.set()
        try:
            return cluster.patch(
                target.kind.resource, target.namespace, target.name, _restoring(obj, target, prepared.record),
                dry_run=False, field_manager=field_manager,
            )  # fmt: skip
        except Conflict:
            sending.clear()
        except (Unreachable, BadAnswer, ServerFailure) as error:
            raise PartlyDone(f"{error}; whether {target.qualified} was restored is not known") from error
        except ApiError as error:
            return Result(target, "refused", False, f"{error}; nothing was written")
    return Result(target, "changed", False, f"{target.qualified} changes all the time; nothing was written")


def _record_of(journal: Journal, target: Target, workload: Workload) -> Record:
    same = [
        r
        for r in journal.records()
        if (r.kind, r.namespace, r.name) == (target.kind.name, target.namespace, target.name)
    ]
    if not same:
        raise Refused(
            f"no record of a migration of {target.qualified} in namespace {target.namespace} was found on this machine; "
            "kubectl rollout undo may still have its old revision"
        )
    ours = [r for r in same if r.uid == (workload.metadata.uid or "")]
    if not ours:
        raise Refused(
            f"{target.qualified} was deleted and created again since it was migrated; its record does not fit any more"
        )
    still = [r for r in ours if r.is_open]
    if not still:
        raise Refused(f"the migration of {target.qualified} was already undone")
    return still[0]


def _restoring(obj: Object, target: Target, record: Record) -> list[dict[str, Any]]:
    version = str(edits.find(obj, ("metadata", "resourceVersion")) or "")
    restore = [edits.Set(target.kind.template, record.before)]
    return edits.guarded_patch(restore, prefix=(), resource_version=version, tests={})
