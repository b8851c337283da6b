"""What the table shows: which rows a filter keeps, in which order, and that nothing is lost on the way."""

from __future__ import annotations

import pytest

from kubectl_sidecar.actions.inspect import Row, Source
from kubectl_sidecar.core.classification.findings import Finding, State
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.owners import Owner
from kubectl_sidecar.core.problems import Problem
from kubectl_sidecar.tui.listing import Listing, SortBy, View, entry_of


def row(name: str, state: State = "none", *, namespace: str = "shop", kind: str = "deploy", owner: str = "") -> Row:
    helper = Finding("log-shipper", "containers", 1, "sidecar", "certain")
    risky = state == "classic"
    return Row(
        Source(context="c"), resolve(kind), "apps/v1", namespace, name, state, (helper,) if risky else (),
        (Problem("start-race", "log-shipper", "it may start late"),) if risky else (),
        Owner("helm", owner) if owner else Owner("nobody"),
    )  # fmt: skip


ROWS = (
    row("checkout", "classic", owner="basket"),
    row("db", "native", kind="sts"),
    row("api"),
    row("web", "unsure", namespace="other"),
)


def names(view: View) -> list[str]:
    listing = Listing()
    listing.add([entry_of(r) for r in ROWS])
    listing.look(view)
    return [entry.row.name for entry in listing.visible]


@pytest.mark.parametrize(
    ("view", "seen"),
    [
        pytest.param(View(), ["web", "api", "checkout", "db"], id="all, by namespace, kind, name"),
        pytest.param(View("CHECK"), ["checkout"], id="a word, in any case"),
        pytest.param(View("log-ship"), ["checkout"], id="a helper"),
        pytest.param(View("start-race"), ["checkout"], id="a problem"),
        pytest.param(View("helm basket"), ["checkout"], id="an owner, two words"),
        pytest.param(View("shop native"), ["db"], id="all words must be there"),
        pytest.param(View("!shop"), ["web"], id="without"),
        pytest.param(View("!"), ["web", "api", "checkout", "db"], id="without nothing"),
        pytest.param(View("-f scko"), ["checkout"], id="letters in order, over namespace/name"),
        pytest.param(View("-f "), ["web", "api", "checkout", "db"], id="no letters"),
        pytest.param(View("nowhere"), [], id="nothing"),
        pytest.param(View(risky_only=True), ["checkout"], id="only at risk"),
        pytest.param(View("db", risky_only=True), [], id="only at risk, and a word"),
    ],
)
def test_a_filter_keeps(view: View, seen: list[str]) -> None:
    assert names(view) == seen


@pytest.mark.parametrize(
    ("by", "seen"),
    [
        ("name", ["api", "checkout", "db", "web"]),
        ("namespace", ["web", "api", "checkout", "db"]),
        ("kind", ["web", "api", "checkout", "db"]),
        ("state", ["checkout", "web", "db", "api"]),
        ("problems", ["checkout", "web", "api", "db"]),
        ("owner", ["checkout", "web", "api", "db"]),
    ],
)
def test_sorting(by: SortBy, seen: list[str]) -> None:
    assert names(View(sort=by)) == seen
    assert names(View(sort=by, reverse=True)) == seen[::-1]


def test_a_row_that_comes_again_replaces_the_earlier_one() -> None:
    listing = Listing()
    listing.add([entry_of(r) for r in ROWS])
    listing.add([entry_of(row("api", "classic"))])
    assert [e.row.state for e in listing.visible if e.row.name == "api"] == ["classic"]
    assert (listing.at_risk, listing.counts["none"], len(listing.entries)) == (2, 0, 4)


def test_what_comes_later_is_filtered_and_sorted_in() -> None:
    listing = Listing()
    listing.look(View("shop"))
    for each in ROWS:
        listing.add([entry_of(each)])
    assert [entry.row.name for entry in listing.visible] == ["api", "checkout", "db"]


def test_what_is_gone_is_forgotten() -> None:
    listing = Listing()
    listing.add([entry_of(r) for r in ROWS])
    listing.keep_only(entry_of(r).key for r in ROWS[1:])
    assert [entry.row.name for entry in listing.visible] == ["web", "api", "db"]
    assert listing.at_risk == 0
    assert listing.index_of(entry_of(ROWS[0]).key) is None
