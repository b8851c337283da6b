"""The record of a change, from which undo restores the exact old template: its values and its states. Storage is an edge.

prepared ──► applied ──► undone        a record is written (and is on disk) before the patch is sent;
    └──────► abandoned                 `prepared` after a crash means: look at the object, it may or may not be patched"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

RecordState = Literal["prepared", "applied", "abandoned", "undone"]

RECORD_VERSION = 1

_NEXT: Mapping[RecordState, tuple[RecordState, ...]] = {
    "prepared": ("applied", "abandoned", "undone"),
    "applied": ("undone",),
    "abandoned": (),
    "undone": (),
}


class Record(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One change of one object. Templates are plain mappings, exactly as the server gave them."""

    version: int = RECORD_VERSION
    id: str
    time: str
    """RFC 3339, UTC."""
    context: str
    server: str
    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    containers: tuple[str, ...]
    """The containers that were moved."""
    before: dict[str, Any]
    after: dict[str, Any]
    """The template that was asked for; once applied, the one that the server answered (with its defaults)."""
    tool: str
    state: RecordState = "prepared"

    def moved_to(self, state: RecordState, *, after: dict[str, Any] | None = None) -> Record:
        """The record in its next state. Raises ValueError for a step that the machine does not have."""
        if state not in _NEXT[self.state]:
            raise ValueError(f"a record cannot go from {self.state} to {state}")
        return msgspec.structs.replace(self, state=state, after=self.after if after is None else after)

    @property
    def is_open(self) -> bool:
        """Whether there may be something to undo."""
        return self.state in ("prepared", "applied")


class Journal(Protocol):
    """Where records are kept. `write` returns only when the record would survive a power cut."""

    def write(self, record: Record) -> None:
        """Writes or replaces the record. Raises InputError (a sentence) when that is not possible."""

    def records(self) -> tuple[Record, ...]:
        """All readable records, newest first."""
