"""Every id that can be told has a page, every page an id; and docs/rules is what the pages say."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from kubectl_sidecar.core.plan import Rule
from kubectl_sidecar.core.problems import PROBLEMS
from kubectl_sidecar.core.risks import RISKS
from kubectl_sidecar.core.rules import RULES
from kubectl_sidecar.core.rules.left_out import LEFT_OUT
from tools.rules_docs import FOLDER, rendered


def test_pages_and_ids_are_the_same() -> None:
    assert set(RULES) == {*PROBLEMS, *RISKS}
    assert not set(PROBLEMS) & set(RISKS)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_page_is_whole(rule: Rule) -> None:
    assert rule.kind == ("problem" if rule.id in PROBLEMS else "risk")
    for field in fields(Rule):
        assert getattr(rule, field.name).strip()
    for text in (rule.what, rule.why, rule.see, rule.do):
        assert text.endswith("."), text
    assert "https://" in rule.reference
    assert RULES[rule.id] is rule


@pytest.mark.parametrize(("statement", "reason"), LEFT_OUT, ids=[s[:40] for s, _ in LEFT_OUT])
def test_what_is_left_out_has_a_reason(statement: str, reason: str) -> None:
    assert statement.endswith(".")
    assert reason.endswith(".")


def test_the_docs_are_current() -> None:
    """Remedy: python tools/rules_docs.py"""
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in Path(FOLDER).glob("*.md")}
    assert on_disk == rendered()
