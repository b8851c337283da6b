"""Making plans in a thread. One workload's plan comes first, then what the server says to it, as it comes. Of several, all plans come
together and then all answers: what surrounds them is asked for once, not once for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

from kubectl_sidecar.actions.migrate import Prepared, Target, prepare_all, preparing, with_dry_runs
from kubectl_sidecar.actions.parallel import each_in_parallel
from kubectl_sidecar.tui.messages import Planned
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.worker import sentence


def plan_all(
    session: Session, targets: tuple[Target, ...], post: Callable[[Planned], None], stop: threading.Event
) -> None:
    """Posts each target's plan, again with its dry runs; or the error as a sentence. One that fails does not stop the others."""
    if len(targets) > 1 and _together(session, targets, post, stop):
        return
    for target in targets:
        if stop.is_set():
            return
        try:
            for planned in _plan(session, target):
                post(planned)
        except Exception as error:  # noqa: BLE001 - shown in the place of this plan
            post(Planned(target, error=sentence(error), last=True))


def _together(
    session: Session, targets: tuple[Target, ...], post: Callable[[Planned], None], stop: threading.Event
) -> bool:
    """All plans, so that there is something to read, then all of them with their dry runs. False where one fails: which one it
    is, and why, is found out one by one."""
    try:
        plans = prepare_all(session.cluster, targets, session.index, session.options, dry_runs=False)
        for prepared in plans:
            post(Planned(prepared.target, prepared))
        if stop.is_set():
            return True
        answered = each_in_parallel(partial(with_dry_runs, session.cluster), plans)
    except Exception:  # noqa: BLE001 - it comes again, and is shown then in the place of its plan
        return False
    for prepared in answered:
        post(Planned(prepared.target, prepared, last=True))
    return True


def _plan(session: Session, target: Target) -> Iterator[Planned]:
    prepared: Prepared | None = None
    for prepared in preparing(session.cluster, target, session.index, session.options):
        yield Planned(target, prepared)
    yield Planned(target, prepared, last=True)
