"""A program on a pseudo-terminal: what it draws, its keyboard, and how it is left."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.terminal import Drawn

HERE = Path(__file__).parents[2]
CONTROL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
_BACK = b"\x1b[?1049l"
"""What gives the terminal's own screen back."""


class Terminal(Drawn):
    """The program, what it drew, and its keyboard."""

    def until(self, condition: Callable[[], bool], within: float = 30.0) -> float:
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < within, self.drawn[-2000:]
            time.sleep(0.002)
        return time.monotonic() - start

    def sees(self, text: str) -> None:
        self.until(lambda: text.encode() in self.drawn or self.process.poll() is not None)
        assert text.encode() in self.drawn, self.drawn[-2000:].decode()


@contextmanager
def terminal(code: str) -> Iterator[Terminal]:
    """Runs Python code on a terminal of 100 by 30, which it controls (ctrl-c is a signal where the terminal makes it one)."""
    master, slave = pty.openpty()
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLUMNS": "100",
        "LINES": "30",
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROL + code],
        stdin=slave, stdout=slave, stderr=slave, cwd=HERE, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    there = Terminal(process, master)
    try:
        yield there
    finally:
        process.kill()
        process.wait()
        os.close(master)


def leave(there: Terminal, how: Callable[[], object]) -> tuple[int, str, float]:
    """Exit code, what is said once the terminal is back, and seconds until the process was gone."""
    how()
    seconds = there.until(lambda: there.process.poll() is not None)
    there.until(lambda: _BACK in there.drawn)
    there.reader.join(10)
    said = bytes(there.drawn).rpartition(_BACK)[2].decode()
    return there.process.returncode, re.sub(r"\x1b\[[?>=<0-9;]*[a-zA-Z]|\r", "", said).strip(), seconds
