"""The terminal: what goes to stdout and stderr, in colour or not, and the one question that is ever asked."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from kubectl_sidecar.output.style import Paint, ansi, plain
from kubectl_sidecar.output.wrap import wrapped


@dataclass(frozen=True, slots=True)
class Console:
    """Data goes to `out`, everything for the person at the terminal to `err`."""

    out: TextIO
    err: TextIO
    paint: Paint
    paint_err: Paint
    interactive: bool
    """Whether somebody can answer a question."""
    live: bool
    """Whether a line on stderr may be overwritten."""

    def print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.out.write(line + "\n")

    def prose(self, lines: Iterable[str]) -> None:
        """Like print, but for sentences: on a terminal they are wrapped at its width."""
        self.print(wrapped(lines, shutil.get_terminal_size().columns if self.out.isatty() else None))

    def say(self, text: str) -> None:
        self.out.flush()  # what was printed before is also read before
        self.err.write(text + "\n")
        self.err.flush()

    def progress(self, text: str) -> None:
        """One line that is overwritten by the next; without a terminal each is a line of its own."""
        self.out.flush()
        self.err.write(f"\r\x1b[2K{text}" if self.live else text + "\n")
        self.err.flush()

    def end_progress(self) -> None:
        if self.live:
            self.err.write("\r\x1b[2K")
            self.err.flush()

    def confirm(self, question: str) -> bool:
        """Asks and waits; only y and yes mean yes."""
        self.out.flush()
        self.err.write(f"{question} [y/N] ")
        self.err.flush()
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self.err.write("\n")
        return answer.strip().lower() in ("y", "yes")


def console(color: str) -> Console:
    """The console of this process. `color` is auto, always or never; NO_COLOR and TERM=dumb say never to auto."""
    dumb = os.environ.get("TERM") == "dumb"
    muted = bool(os.environ.get("NO_COLOR")) or dumb

    def paint(stream: TextIO) -> Paint:
        wanted = color == "always" or (color == "auto" and stream.isatty() and not muted)
        return ansi if wanted else plain

    return Console(
        sys.stdout,
        sys.stderr,
        paint(sys.stdout),
        paint(sys.stderr),
        interactive=sys.stdin is not None and sys.stdin.isatty(),
        live=sys.stderr.isatty() and not dumb,
    )
