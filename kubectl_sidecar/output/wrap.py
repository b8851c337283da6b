"""Prose at the width of a terminal: lines break between words and go on below their own text, colour codes not counted. Without
a terminal nothing is wrapped, so that other programs can read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_CODE = re.compile(r"\x1b\[[0-9;]*m")
_LEAST = 40
"""Narrower than this nothing is wrapped: it would only get longer."""


def wrapped(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """The lines, none wider than `width` columns as far as words allow; all as they are where there is no width."""
    for line in lines:
        if width is None or width < _LEAST or _length(line) <= width:
            yield line
        else:
            yield from _broken(line, width)


def _length(text: str) -> int:
    return len(_CODE.sub("", text))


def _broken(line: str, width: int) -> Iterator[str]:
    body = line.lstrip(" ")
    indent = " " * (len(line) - len(body))
    text = indent
    for word in body.split(" "):
        if _length(text) + _length(word) > width and text.strip():
            yield text.rstrip()
            text = f"{indent}    "
        text += f"{word} "
    yield text.rstrip()
