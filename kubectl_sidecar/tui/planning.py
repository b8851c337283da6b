"""Making plans in a thread, one workload after the other: first the plan, then what the server says to it, as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from kubectl_sidecar.actions.migrate import Prepared, Target, preparing
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
    prepared: Prepared | None = None
    for prepared in preparing(session.cluster, target, session.index, session.options):
        yield Planned(target, prepared)
    yield Planned(target, prepared, last=True)
