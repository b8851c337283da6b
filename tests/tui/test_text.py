"""Texts of objects and servers are shown as text only."""

from __future__ import annotations

import pytest

from kubectl_sidecar.tui.text import LOOKS, content, paint


def test_painted_parts_get_their_style_and_the_rest_none() -> None:
    line = content(f"  {paint('bad', '!')} start-race")
    assert line.plain == "  ! start-race"
    assert [(s.start, s.end, s.style) for s in line.spans] == [(2, 3, LOOKS["bad"])]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        pytest.param(
            "[bold]x[/bold] [@click=app.quit]y[/]", "[bold]x[/bold] [@click=app.quit]y[/]", id="markup is text"
        ),
        pytest.param("a\x1b[31mred\x1b]52;c;aGk=\x07", "a[31mred]52;c;aGk=", id="no terminal codes"),
        pytest.param("two\nlines\tand\r\ntabs", "two lines and tabs", id="one line stays one line"),
        pytest.param("\x9b31m", "31m", id="8-bit codes"),
    ],
)
def test_nothing_of_theirs_has_effect(text: str, seen: str) -> None:
    assert content(text).plain == seen
    assert content(paint("quiet", text)).plain == seen
