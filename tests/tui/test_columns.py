"""Everything reads at 80 columns, and no layout is wider than its room."""

from __future__ import annotations

import pytest

from kubectl_sidecar.tui.widgets.columns import Column, lay_out

LONG = (20, 21, 50, 8, 60, 60, 30, 80)
SHORT = (9, 10, 12, 8, 20, 12, 5, 20)


def laid_out(
    widths: tuple[int, ...], room: int, *, everything: bool = False, namespaces: bool = True
) -> tuple[Column, ...]:
    narrow = room < 107
    return lay_out(
        widths, room, namespaces=namespaces, everything=everything, short_kinds=6 if narrow else 0, gap=1 if narrow else 2
    )  # fmt: skip


@pytest.mark.parametrize("room", [40, 60, 77, 97, 117, 157, 300])
@pytest.mark.parametrize("widths", [LONG, SHORT], ids=["long texts", "short texts"])
def test_the_columns_fit_and_state_and_name_are_always_there(room: int, widths: tuple[int, ...]) -> None:
    columns = laid_out(widths, room)
    gap = 1 if room < 107 else 2
    assert sum(c.width for c in columns) + gap * (len(columns) - 1) <= room
    assert {"KIND", "NAME", "STATE"} <= {c.title for c in columns}
    assert next(c.width for c in columns if c.title == "STATE") == 8


def test_80_columns_have_all_that_is_told_even_with_long_texts() -> None:
    titles = [c.title for c in laid_out(LONG, 77)]
    assert titles == ["NAMESPACE", "KIND", "NAME", "STATE", "SIDECARS", "PROBLEMS", "OWNER"]


def test_wide_shows_everything_uncut() -> None:
    columns = laid_out(LONG, 77, everything=True, namespaces=False)
    assert [c.title for c in columns] == ["KIND", "NAME", "STATE", "SIDECARS", "PROBLEMS", "OWNER", "CONTAINERS"]
    assert [c.width for c in columns] == list(LONG[1:])
