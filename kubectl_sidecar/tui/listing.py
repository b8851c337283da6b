"""What the table of workloads shows: rows as cells, filtered and sorted. No widget and no terminal in here.

It has to stay fast at 100,000 rows: an entry is made once per row (on the thread that read it), a filter looks at one
prepared string, and sorting rows that came in order is nearly free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from kubectl_sidecar.actions.inspect import Row
from kubectl_sidecar.actions.migrate import Target
from kubectl_sidecar.core.classification.findings import State
from kubectl_sidecar.core.kinds import KINDS, Kind
from kubectl_sidecar.output.words import problem_ids, sidecars

Key = tuple[str, str, str]
"""Kind, namespace, name."""
SortBy = Literal["place", "namespace", "kind", "name", "state", "problems", "owner"]

CELLS = ("NAMESPACE", "KIND", "NAME", "STATE", "SIDECARS", "PROBLEMS", "OWNER", "CONTAINERS")
_SEVERITY: dict[State, int] = {
    "broken": 0,
    "classic": 1,
    "mixed": 2,
    "injected": 3,
    "unsure": 4,
    "native": 5,
    "none": 6,
}


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A row, ready to be shown: its cells (in the order of CELLS), where it stands by default, what a filter looks at."""

    key: Key
    row: Row
    cells: tuple[str, ...]
    place: str
    haystack: str

    @property
    def target(self) -> Target:
        """The workload, for what is done with it."""
        return Target(self.row.kind, self.row.namespace, self.row.name)


@cache
def _kind_place(kind: Kind) -> str:
    return f"{KINDS.index(kind):02}" if kind in KINDS else "99"


def key_of(row: Row) -> Key:
    return row.kind.name, row.namespace, row.name


def entry_of(row: Row) -> Entry:
    """The entry of a row."""
    containers = " ".join(f"{f.name}={f.role}" for f in row.findings) or "-"
    cells = (
        row.namespace, row.kind.name, row.name, row.state, sidecars(row.findings), problem_ids(row).replace(",", ", "),
        row.owner.label, containers,
    )  # fmt: skip
    place = f"{row.namespace}\0{_kind_place(row.kind)}\0{row.name}"
    return Entry(key_of(row), row, cells, place, "\n".join(cells[:7]).lower())


_SORTS: dict[SortBy, Callable[[Entry], Any]] = {
    "place": lambda e: e.place,
    "namespace": lambda e: e.place,
    "kind": lambda e: (_kind_place(e.row.kind), e.place),
    "name": lambda e: (e.cells[2], e.place),
    "state": lambda e: (_SEVERITY[e.row.state], e.place),
    "problems": lambda e: (-len(e.row.problems), e.place),
    "owner": lambda e: (e.cells[6] == "-", e.cells[6], e.place),
}


@dataclass(frozen=True, slots=True)
class View:
    """Which rows are seen, in which order. `text` is what the user typed: words that must all occur (`!` in front: must not
    all occur), or `-f letters` for letters in that order in namespace/name."""

    text: str = ""
    risky_only: bool = False
    sort: SortBy = "place"
    reverse: bool = False

    def matcher(self) -> Callable[[Entry], bool] | None:
        """Whether an entry is seen; None: all are."""
        text = self.text.strip().lower()
        found: Callable[[Entry], bool] | None = None
        if f"{text} ".startswith("-f "):
            letters = text[2:].replace(" ", "")
            found = (lambda e: _fuzzy(letters, f"{e.cells[0]}/{e.cells[2]}".lower())) if letters else None
        elif text.startswith("!"):
            without = text[1:].split()
            found = (lambda e: not all(word in e.haystack for word in without)) if without else None
        elif len(words := text.split()) == 1:
            word = words[0]
            found = lambda e: word in e.haystack  # noqa: E731 - one of several forms of the same thing
        elif words:
            found = lambda e: all(word in e.haystack for word in words)  # noqa: E731
        if not self.risky_only:
            return found
        return (lambda e: e.row.at_risk and found(e)) if found else (lambda e: e.row.at_risk)


def _fuzzy(letters: str, text: str) -> bool:
    at = 0
    for letter in letters:
        at = text.find(letter, at) + 1
        if not at:
            return False
    return True


class Listing:
    """All entries that came in, and those that are seen."""

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.visible: list[Entry] = []
        self.counts: Counter[State] = Counter()
        self.widths: list[int] = [len(title) for title in CELLS]
        """The widest cell of each column so far."""
        self.view = View()

    def add(self, entries: Sequence[Entry]) -> None:
        """Adds entries; one with the key of an earlier one replaces it."""
        replaced = False
        for entry in entries:
            old = self.entries.get(entry.key)
            if old is not None:
                self.counts[old.row.state] -= 1
                replaced = True
            self.entries[entry.key] = entry
            self.counts[entry.row.state] += 1
        for column in range(len(CELLS)):
            self.widths[column] = max(self.widths[column], max((len(e.cells[column]) for e in entries), default=0))
        if replaced:
            self._show_again()
        else:
            matches = self.view.matcher()
            self.visible.extend(entries if matches is None else filter(matches, entries))
            self._sort()

    def keep_only(self, keys: Iterable[Key]) -> None:
        """Forgets what is not there any more."""
        wanted = set(keys)
        for key in [key for key in self.entries if key not in wanted]:
            self.counts[self.entries.pop(key).row.state] -= 1
        self._show_again()

    def look(self, view: View) -> None:
        """Filters and sorts anew."""
        self.view = view
        self._show_again()

    def index_of(self, key: Key) -> int | None:
        """Where an entry is seen, or None."""
        entry = self.entries.get(key)
        try:
            return None if entry is None else self.visible.index(entry)
        except ValueError:
            return None

    @property
    def at_risk(self) -> int:
        return self.counts["classic"] + self.counts["mixed"] + self.counts["injected"]

    def counts_in_words(self) -> tuple[str, ...]:
        """How many there are, from the longest text to the shortest."""
        seen, all_ = len(self.visible), len(self.entries)
        total = f"{seen:,} of {all_:,} workloads" if seen != all_ else f"{all_:,} workloads"
        parts = [f"{self.at_risk:,} at risk", f"{self.counts['unsure']:,} unsure", f"{self.counts['native']:,} native"]
        return tuple(" · ".join([*parts[:few], total]) for few in (3, 2, 1))

    def _show_again(self) -> None:
        matches = self.view.matcher()
        self.visible = list(self.entries.values() if matches is None else filter(matches, self.entries.values()))
        self._sort()

    def _sort(self) -> None:
        self.visible.sort(key=_SORTS[self.view.sort], reverse=self.view.reverse)
