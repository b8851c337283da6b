"""The table on the screen: signs and words, the cursor while rows arrive, the mouse, the wide form, a great many rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from kubectl_sidecar.actions.inspect import Row, Source
from kubectl_sidecar.core.classification.findings import State
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.tui.listing import Entry, View, entry_of
from kubectl_sidecar.tui.screens.reading import DescribeScreen
from tests.tui.stage import Stage, play, select, shown, stage, text_of, until


def entry(name: str, state: State = "none", fault: str = "") -> Entry:
    return entry_of(Row(Source(context="c"), resolve("deploy"), "apps/v1", "shop", name, state, fault=fault))


def filled(on: Stage, *entries: Entry) -> None:
    """Lets entries arrive as from the scan."""
    on.app.workloads.table.listing.add(entries)
    on.app.workloads.table.refill()


def under_cursor(on: Stage) -> str:
    found = on.app.workloads.table.entry
    return found.row.name if found else ""


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("classic", "! Deployment zz classic"),
        ("mixed", "! Deployment zz mixed"),
        ("injected", "~ Deployment zz injected"),
        ("unsure", "? Deployment zz unsure"),
        ("broken", "x Deployment zz broken"),
        ("native", "Deployment zz native"),
        ("none", "Deployment zz none"),
    ],
)
def test_a_state_has_a_sign_and_a_word_beside_its_colour(state: State, line: str) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        filled(on, entry("zz", state))
        await pilot.pause()
        assert any(drawn.startswith(line) for drawn in text_of(on.app).splitlines())

    play(on, acts, size=(120, 30))


def test_the_cursor_stays_on_top_until_it_is_moved_and_then_on_its_workload() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        assert under_cursor(on) == "api"
        filled(on, entry("aaa"))
        assert under_cursor(on) == "aaa"
        select(on, "db")
        filled(on, entry("aab"), entry("aac"))
        assert under_cursor(on) == "db"
        await pilot.pause()
        assert "deployment/db" in text_of(on.app)

    play(on, acts)


def test_a_mouse_goes_to_a_row_and_opens_it() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await pilot.click(type(on.app.workloads.table), offset=(10, 2))
        assert under_cursor(on) == "db"
        await pilot.click(type(on.app.workloads.table), offset=(10, 2), times=2)
        await shown(pilot, DescribeScreen)

    play(on, acts)


def test_wide_shows_whole_texts_and_scrolls_sideways() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        assert "CONTAINERS" not in text_of(on.app)
        await pilot.press("ctrl+w")
        table = on.app.workloads.table
        table.scroll_to(x=1000, animate=False)
        await until(pilot, lambda: "CONTAINERS" in text_of(on.app))
        assert "log-shipper=sidecar" in text_of(on.app)
        await pilot.press("ctrl+w")
        await until(pilot, lambda: "CONTAINERS" not in text_of(on.app))

    play(on, acts, size=(80, 24))


def test_the_column_that_sorts_has_an_arrow() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        assert "↑" not in text_of(on.app)
        await pilot.press("S")
        assert "STATE↑" in text_of(on.app)
        await pilot.press("S")
        assert "STATE↓" in text_of(on.app)

    play(on, acts, size=(120, 30))


def test_what_is_cut_at_the_scrollbar_ends_with_an_ellipsis() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        width = on.app.workloads.table.size.width
        filled(on, *(entry(f"{number:02}-{'x' * 60}") for number in range(40)))
        await pilot.pause()
        table = on.app.workloads.table
        assert table.scrollable_size.width == width - 1
        await until(pilot, lambda: table.virtual_size.width == width - 1)

    play(on, acts, size=(80, 24))


def test_a_hundred_thousand_rows() -> None:
    on = stage()
    many = [entry(f"w-{number:06}", "classic" if number % 2 else "none") for number in range(100_000)]

    async def acts(pilot: Pilot[Any]) -> None:
        filled(on, *many)
        await pilot.press("end", "up", "up")  # above the StatefulSet and the CronJob
        await until(pilot, lambda: "w-099999" in text_of(on.app))
        assert under_cursor(on) == "w-099999"
        on.app.workloads._look(replace(View(), text="w-05000"))
        await until(pilot, lambda: "w-050009" in text_of(on.app))
        assert "10 of 100,006 workloads" in text_of(on.app)
        await pilot.press("home")
        assert under_cursor(on) == "w-050000"

    play(on, acts)


def test_a_row_that_cannot_be_read_says_what_is_wrong() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        filled(on, entry("odd", "broken", fault="spec.template.spec.containers[0].args: expected a list"))
        select(on, "odd")
        await pilot.pause()
        assert "broken: spec.template.spec.containers[0].args: expected a list" in text_of(on.app)

    play(on, acts, size=(120, 30))
