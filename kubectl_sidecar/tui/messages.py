"""What screens tell the app, and the values that threads put on the queue. Screens do not know each other: whoever wants
another screen says so with a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from kubectl_sidecar.actions.inspect import Gap
from kubectl_sidecar.actions.migrate import Prepared, Progress, Result, Target
from kubectl_sidecar.actions.undo import PreparedUndo
from kubectl_sidecar.tui.listing import Entry

Doing = Literal["migrate", "undo"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """From the scan: workloads, ready to be shown."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class GapFound:
    """From the scan: something that could not be read."""

    gap: Gap


@dataclass(frozen=True, slots=True)
class Planned:
    """A workload's plan so far; `last` when its dry runs are in as well. `error` instead when it could not be made."""

    target: Target
    prepared: Prepared | None = None
    error: str = ""
    last: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """One of several executions is over. `text` is the sentence where it ended with an error."""

    target: Target
    result: Result | None
    text: str = ""


Step = Progress | Ended


@dataclass
class Describe(Message):
    target: Target


@dataclass
class ShowYaml(Message):
    target: Target


@dataclass
class ShowGaps(Message):
    gaps: tuple[Gap, ...]


@dataclass
class PlanMigration(Message):
    """`instead` is true when the plan replaces the screen that asked."""

    targets: tuple[Target, ...]
    instead: bool = False


@dataclass
class PlanUndo(Message):
    target: Target
    instead: bool = False


@dataclass
class Execute(Message):
    """A person said yes to these."""

    prepared: tuple[Prepared, ...] | tuple[PreparedUndo, ...]
