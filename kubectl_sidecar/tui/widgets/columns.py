"""Which columns the table has room for, and how wide each is. Everything reads at 80 columns; a wider screen gets more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_sidecar.tui.listing import CELLS

NARROW = 110
"""Below this width kinds are shown by their short names (`deploy`, `sts`), as kubectl takes them."""

_LEAST = {"NAMESPACE": 8, "NAME": 14, "SIDECARS": 14, "PROBLEMS": 12, "OWNER": 5, "CONTAINERS": 20}
"""How far a column may shrink; one that is not named here never does."""
_MOST = {"NAMESPACE": 40, "NAME": 63, "SIDECARS": 60, "PROBLEMS": 60, "OWNER": 40, "CONTAINERS": 120}
_GOES_FIRST = ("CONTAINERS", "OWNER", "PROBLEMS", "SIDECARS")


@dataclass(frozen=True, slots=True)
class Column:
    """A column on the screen: which cell it shows (index into CELLS), and its width without the gap."""

    title: str
    cell: int
    width: int


def lay_out(
    widths: Sequence[int], room: int, *, namespaces: bool, everything: bool, short_kinds: int, gap: int
) -> tuple[Column, ...]:
    """The columns for a table that is `room` cells wide. `widths` are those of the widest cells; with `everything` nothing
    shrinks and all columns are there (the table then scrolls sideways)."""
    wanted = {title: min(width, _MOST.get(title, width)) for title, width in zip(CELLS, widths, strict=True)}
    if not namespaces:
        del wanted["NAMESPACE"]
    if everything:
        return _columns(wanted)
    del wanted["CONTAINERS"]
    if short_kinds:
        wanted["KIND"] = short_kinds
    for title in ("", *_GOES_FIRST):
        wanted.pop(title, None)
        shrunk = _shrunk(wanted, room - gap * (len(wanted) - 1))
        if shrunk is not None:
            return _columns(shrunk)
    return _columns({title: min(width, _LEAST.get(title, width)) for title, width in wanted.items()})


def _columns(widths: dict[str, int]) -> tuple[Column, ...]:
    return tuple(Column(title, CELLS.index(title), width) for title, width in widths.items())


def _shrunk(wanted: dict[str, int], room: int) -> dict[str, int] | None:
    """The widths, the widest made narrower until all fit; None where they do not."""
    widths = dict(wanted)
    while (over := sum(widths.values()) - room) > 0:
        elastic = {t: w for t, w in widths.items() if w > _LEAST.get(t, w)}
        if not elastic:
            return None
        widest = max(elastic, key=lambda title: elastic[title] - _LEAST[title])
        widths[widest] -= 1 if over < 8 else min(4, elastic[widest] - _LEAST[widest])
    return widths
