"""Sentences are wrapped at a terminal's width, and nothing is lost or changed by that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.output.wrap import wrapped

words = st.lists(st.text("abcé:", min_size=1, max_size=12), min_size=1, max_size=40)


@given(words, st.integers(0, 6), st.integers(40, 100))
def test_no_line_is_wider_and_no_word_is_lost(found: list[str], indent: int, width: int) -> None:
    line = " " * indent + " ".join(found)
    lines = list(wrapped([line], width))
    assert all(len(part) <= width for part in lines)
    assert " ".join(lines).split() == found


@given(words)
def test_without_a_terminal_a_line_is_as_it_is(found: list[str]) -> None:
    line = "  " + " ".join(found)
    assert list(wrapped([line], None)) == [line]


def test_colour_codes_take_no_room_and_a_long_line_goes_on_below_its_text() -> None:
    line = "  \x1b[31mred\x1b[0m " + "word " * 8
    assert list(wrapped([line.rstrip()], 46)) == ["  \x1b[31mred\x1b[0m " + ("word " * 8).rstrip()]
    assert list(wrapped([line + "more"], 46)) == ["  \x1b[31mred\x1b[0m " + ("word " * 8).rstrip(), "      more"]
