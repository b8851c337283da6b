"""Long lines of a pane go on below their own beginning."""

from __future__ import annotations

import pytest

from kubectl_sidecar.tui.text import content, paint
from kubectl_sidecar.tui.widgets.pane import hung


@pytest.mark.parametrize(
    ("line", "width", "parts"),
    [
        ("short", 20, ["short"]),
        ("", 20, [""]),
        ("  aaa bbb ccc ddd eee fff", 20, ["  aaa bbb ccc", "      ddd eee fff"]),
        ("aaa bbb ccc ddd eee fff", 20, ["aaa bbb ccc ddd", "    eee fff"]),
        (f"  {paint('bad', 'aaa bbb')} ccc ddd eee fff", 20, ["  aaa bbb ccc", "      ddd eee fff"]),
        ("            deep in, no room is left for it", 20, ["            deep in, no room is left for it"]),
        ("  not measured yet, so that it stays as it is", 0, ["  not measured yet, so that it stays as it is"]),
    ],
    ids=["short", "empty", "indented", "flush", "coloured", "deep", "no width yet"],
)
def test_a_long_line_hangs(line: str, width: int, parts: list[str]) -> None:
    assert [part.plain.rstrip() for part in hung(content(line), width)] == parts
