"""Carrying out what a person said yes to, one workload after the other, and always knowing what to say when it is left early.

What always holds: leaving before a write was begun means that nothing is written any more (the check and the begin are one
step, under a lock); after that, what is said is what is known. A failure stops the workloads that come after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from kubectl_sidecar.actions.migrate import Prepared, Progress, Result, Target, execute
from kubectl_sidecar.actions.undo import PreparedUndo, execute_undo
from kubectl_sidecar.errors import Interrupted
from kubectl_sidecar.output.plan import closing
from kubectl_sidecar.output.source_change import next_of_owner, source_change
from kubectl_sidecar.output.style import Paint, plain
from kubectl_sidecar.output.undo import closing_undo
from kubectl_sidecar.tui.messages import Ended, Step
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.worker import sentence

Phase = Literal["waiting", "begun", "sending", "written", "over"]


@dataclass(slots=True, eq=False)
class Execution:
    """See the module. `job` runs on a thread; everything else may be called from any."""

    session: Session
    prepared: tuple[Prepared, ...] | tuple[PreparedUndo, ...]
    phases: dict[Target, Phase] = field(default_factory=dict)
    ended: dict[Target, Ended] = field(default_factory=dict)
    left: bool = False
    settled: threading.Event = field(default_factory=threading.Event)
    """Set while no write is on its way."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.settled.set()
        self.phases = {p.target: "waiting" for p in self.prepared}

    @property
    def undoing(self) -> bool:
        return any(isinstance(p, PreparedUndo) for p in self.prepared)

    @property
    def over(self) -> bool:
        return all(phase == "over" for phase in self.phases.values())

    def job(self, post: Callable[[Step], None], stop: threading.Event) -> None:
        """Executes all; what happens is posted."""
        why_not = ""
        for prepared in self.prepared:
            target = prepared.target
            ended = Ended(target, None, f"not begun: {why_not}") if why_not else self._one(prepared, post)
            with self._lock:
                self.ended[target] = ended
                self.phases[target] = "over"
                self.settled.set()
            post(ended)
            failed = ended.result is None or ended.result.outcome in ("failed", "refused", "changed")
            if failed and not why_not:
                why_not = f"{target.qualified} did not go well"

    def leave(self) -> None:
        """No write is begun any more, and no rollout is watched any longer."""
        with self._lock:
            self.left = True
            self._stop.set()

    def _one(self, prepared: Prepared | PreparedUndo, post: Callable[[Step], None]) -> Ended:
        target = prepared.target
        cluster, journal, clock = self.session.cluster, self.session.journal, self.session.clock

        def report(event: Progress) -> None:
            if event.step == "recorded":
                self._begin(target, "sending")
            elif event.step == "patched":
                with self._lock:
                    self.phases[target] = "written"
                    self.settled.set()
            post(event)

        try:
            if isinstance(prepared, PreparedUndo):
                self._begin(target, "sending")
                options = self.session.options
                result = execute_undo(
                    prepared, cluster=cluster, journal=journal, report=report, stop=self._stop, clock=clock,
                    timeout_seconds=options.timeout_seconds, field_manager=options.field_manager,
                )  # fmt: skip
            else:
                self._begin(target, "begun")
                result = execute(
                    prepared, cluster=cluster, journal=journal, report=report, stop=self._stop, clock=clock
                )
        except Exception as error:  # noqa: BLE001 - the thread's last stop: the screen shows it
            return Ended(target, None, sentence(error))
        return Ended(target, result)

    def _begin(self, target: Target, phase: Phase) -> None:
        with self._lock:
            if self.left:
                raise Interrupted("stopped before anything was written")
            self.phases[target] = phase
            if phase == "sending":
                self.settled.clear()

    def closing(self, target: Target, paint: Paint) -> Iterator[str]:
        """How one of them ended, or how far it had come when it was left."""
        ended = self.ended.get(target)
        phase = self.phases[target]
        verb = "restored" if self.undoing else "patched"
        undo = f"undo with: kubectl sidecar undo {target.ref} -n {target.namespace}"
        if ended is not None and ended.result is not None:
            yield from (closing_undo if self.undoing else closing)(ended.result, paint)
            yield from self._for_the_owner(ended.result, paint)
        elif ended is not None:
            yield f"{target.qualified}: {ended.text}"
        elif phase == "written":
            yield f"{target.qualified} was {verb}, and its rollout goes on" + ("" if self.undoing else f"; {undo}")
        elif phase == "sending":
            yield (
                f"whether {target.qualified} was {verb} is not known: look at it with "
                f"kubectl sidecar describe {target.ref} -n {target.namespace}" + ("" if self.undoing else f"; {undo}")
            )
        else:
            yield f"{target.qualified}: nothing was written"

    def _for_the_owner(self, result: Result, paint: Paint) -> Iterator[str]:
        """What whoever else writes the object does next, and the change for its source: it cannot be planned from the changed
        object any more. Nothing where nobody does, and where the change is to be undone."""
        prepared = next(p for p in self.prepared if p.target == result.target)
        if isinstance(prepared, PreparedUndo) or prepared.owner.kind == "nobody":
            return
        if result.outcome in ("done", "unwatched"):
            yield from next_of_owner(prepared, paint)
            yield from source_change(prepared, paint)

    def farewell(self) -> Iterator[str]:
        """What to say on the terminal once the screen is gone."""
        for target in self.phases:
            yield from self.closing(target, plain)
