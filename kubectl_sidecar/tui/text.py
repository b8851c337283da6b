"""The lines of `output` on a screen: its Paint marks what is to be coloured, `content` turns the marks into Textual's styles on
theme variables. Texts of servers and objects are shown as text only: no markup and no control character of theirs has effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from textual.content import Content

from kubectl_sidecar.output.style import Style

_OPEN, _MIDDLE, _CLOSE = "\x1c", "\x1d", "\x1e"
_MARKED = re.compile(f"{_OPEN}([a-z]+){_MIDDLE}([^{_CLOSE}]*){_CLOSE}")
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "")

LOOKS: Mapping[Style, str] = {
    "good": "$text-success",
    "bad": "$text-error",
    "warn": "$text-warning",
    "quiet": "$foreground-muted",
    "strong": "bold",
    "add": "$text-success",
    "remove": "$text-error",
    "hunk": "$text-primary",
}


def paint(style: Style, text: str) -> str:
    """A Paint for `output`: marks the text with its style."""
    return f"{_OPEN}{style}{_MIDDLE}{clean(text)}{_CLOSE}"


def clean(text: str) -> str:
    """The text without control characters; a tab or a line's end becomes a blank."""
    return re.sub(r"[\t\r\n]+", " ", text).translate(_CONTROLS)


def content(line: str) -> Content:
    """One painted line."""
    parts: list[Content | str | tuple[str, str]] = []
    end = 0
    for match in _MARKED.finditer(line):
        parts.append(clean(line[end : match.start()]))
        look = next((look for style, look in LOOKS.items() if style == match[1]), "")
        parts.append((match[2], look))
        end = match.end()
    parts.append(clean(line[end:]))
    return Content.assemble(*parts)


def contents(lines: Iterable[str]) -> Content:
    """Painted lines, one below the other."""
    return Content("\n").join(content(line) for line in lines)
