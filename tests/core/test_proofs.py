"""docs/proofs.md is whole: each id that can be told says where it was shown, by tests that there are, or why it was not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kubectl_sidecar.core.problems import PROBLEMS
from kubectl_sidecar.core.risks import RISKS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "proofs.md"
WHERE = {"node", "server", "sources"}


def rows() -> dict[str, tuple[set[str], str]]:
    """The table of every id: id -> where it was shown, and by what or why not."""
    section = PAGE.read_text(encoding="utf-8").partition("## Every id\n")[2].partition("\n## ")[0]
    found: dict[str, tuple[set[str], str]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "id":
            assert len(cells) == 3, line
            assert cells[0] not in found, f"{cells[0]} stands there twice"
            found[cells[0]] = ({word.strip() for word in cells[1].split(",")}, cells[2])
    return found


def named_in(text: str) -> set[str]:
    return set(re.findall(r"\btest_\w+\b(?!\.py)", text))


def defined(folder: str) -> set[str]:
    return {
        name
        for file in (ROOT / "tests" / folder).glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }


TESTS = {"node": defined("node"), "server": defined("cluster")}


def test_every_id_stands_in_the_table() -> None:
    assert set(rows()) == {*PROBLEMS, *RISKS}


@pytest.mark.parametrize("id", [*PROBLEMS, *RISKS])
def test_what_is_said_to_be_shown_has_a_test_of_that_kind(id: str) -> None:
    where, how = rows()[id]
    assert where <= WHERE
    assert how
    shown = where & set(TESTS)
    for kind in shown:
        # what a test of the node asserts of the API server counts as well: a real one is there too
        assert named_in(how) & (TESTS[kind] | (TESTS["node"] if "node" in shown else set())), f"no test of {kind}"
    if not shown:
        assert not named_in(how) & (TESTS["node"] | TESTS["server"]), "there are tests, so something is shown"


def test_every_test_that_the_page_names_exists() -> None:
    assert named_in(PAGE.read_text(encoding="utf-8")) <= TESTS["node"] | TESTS["server"]
