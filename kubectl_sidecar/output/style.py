"""Colour, where there is a terminal that wants it. A style never carries a meaning alone: every sign has a word beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import click

Style = Literal["good", "bad", "warn", "quiet", "strong", "add", "remove", "hunk"]
Paint = Callable[[Style, str], str]

_LOOKS: Mapping[Style, Mapping[str, Any]] = {
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
    "warn": {"fg": "yellow"},
    "quiet": {"dim": True},
    "strong": {"bold": True},
    "add": {"fg": "green"},
    "remove": {"fg": "red"},
    "hunk": {"fg": "cyan"},
}


def plain(style: Style, text: str) -> str:
    """No colour at all."""
    return text


def ansi(style: Style, text: str) -> str:
    """ANSI colours. An empty text stays empty, so that padding does not get codes."""
    return click.style(text, **_LOOKS[style]) if text else text
