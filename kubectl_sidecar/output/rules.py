"""The pages of problems and risks, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from kubectl_sidecar.core.plan import Rule
from kubectl_sidecar.output.table import table

_WIDTH = 80


def index_lines(rules: Iterable[Rule]) -> Iterator[str]:
    """All ids with their titles."""
    return table(("ID", "KIND", "TITLE"), [(rule.id, rule.kind, rule.title) for rule in rules])


def page(rule: Rule) -> Iterator[str]:
    """One page, wrapped at 80 columns."""
    yield f"{rule.id}: {rule.title} ({rule.kind})"
    parts = (
        ("What it is", rule.what),
        ("Why it matters", rule.why),
        ("How to see it", rule.see),
        ("What to do", rule.do),
    )
    for title, text in parts:
        yield ""
        yield title
        yield from textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    yield ""
    yield f"Reference: {rule.reference}"
