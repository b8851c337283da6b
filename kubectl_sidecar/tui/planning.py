"""Making plans in a thread, one workload after the other: first the plan, then what the server says to it, as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from kubectl_sidecar.actions.dryrun import dry_run_object, dry_run_pod
from kubectl_sidecar.actions.migrate import Prepared, Target, prepare
from kubectl_sidecar.core.policy import decide
from kubectl_sidecar.tui.messages import Planned
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.worker import sentence


def plan_all(
    session: Session, targets: tuple[Target, ...], post: Callable[[Planned], None], stop: threading.Event
) -> None:
    """Posts each target's plan, again after each dry run; or the error as a sentence. One that fails does not stop the others."""
    for target in targets:
        if stop.is_set():
            return
        try:
            for planned in _plan(session, target):
                post(planned)
        except Exception as error:  # noqa: BLE001 - shown in the place of this plan
            post(Planned(target, error=sentence(error), last=True))


def _plan(session: Session, target: Target) -> Iterator[Planned]:
    prepared = prepare(session.cluster, target, session.index, session.options, dry_runs=False)
    if prepared.plan.is_empty or not target.kind.patchable:
        yield Planned(target, prepared, last=True)
        return
    yield Planned(target, prepared)
    manager = session.options.field_manager
    answer, warnings = dry_run_object(session.cluster, prepared.plan, prepared.obj, field_manager=manager)
    prepared = _judged(replace(prepared, dry_runs=(answer,), warnings=warnings))
    yield Planned(target, prepared)
    answer = dry_run_pod(session.cluster, prepared.plan, prepared.obj, field_manager=manager)
    yield Planned(target, _judged(replace(prepared, dry_runs=(*prepared.dry_runs, answer))), last=True)


def _judged(prepared: Prepared) -> Prepared:
    return replace(prepared, verdict=decide(prepared.plan, prepared.owner, prepared.dry_runs, prepared.options.policy))
