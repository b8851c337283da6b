"""The real program on a real (pseudo) terminal: it comes up, is left at once although its server hangs, and gives the terminal
back with the last word below. (Textual draws on stderr, so that is the terminal too.)"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
MAIN = """
import threading
from tests.tui.stage import stage
from kubectl_sidecar.tui.app import run
on = stage()
session = on.app.session
{before}
raise SystemExit(run(cluster=on.cluster, journal=on.journal, index=session.index, clock=on.clock, scope=session.scope))
"""
_BACK = b"\x1b[?1049l"
"""What gives the terminal's own screen back."""
HANGS = "on.cluster.hooks.append(lambda request: threading.Event().wait())"
HANGS_IN_THE_PATCH = """
def hang(request):
    if request.verb == "patch" and not request.dry_run:
        threading.Event().wait()
on.cluster.hooks.append(hang)
"""


@dataclass
class Terminal:
    """The program, what it drew, and its keyboard."""

    process: subprocess.Popen[bytes]
    master: int
    drawn: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        """Collects what is drawn, in a thread."""
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            self.drawn += data

    def until(self, condition: Callable[[], bool], within: float = 30.0) -> float:
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < within, self.drawn[-2000:]
            time.sleep(0.002)
        return time.monotonic() - start

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def sees(self, text: str) -> None:
        self.until(lambda: text.encode() in self.drawn or self.process.poll() is not None)
        assert text.encode() in self.drawn, self.drawn[-2000:].decode()


@contextmanager
def terminal(before: str = "") -> Iterator[Terminal]:
    master, slave = pty.openpty()
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLUMNS": "100",
        "LINES": "30",
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN.format(before=before)],
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


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
def test_the_process_is_gone_at_once_although_the_server_hangs(key: str) -> None:
    with terminal(HANGS) as there:
        there.sees("loading")
        code, said, seconds = leave(there, lambda: there.press(key))
        assert (code, said) == (0, "")
        assert seconds < 1.0  # 0.22 on a machine with nothing else to do


def test_leaving_in_the_patch_is_said_below() -> None:
    with terminal(HANGS_IN_THE_PATCH) as there:
        there.sees("complete")
        there.press("/")
        there.sees("-l label=value")
        there.press("checkout\r")
        there.sees("statefulset/checkout")
        there.press("m")
        there.sees("Verdict")
        there.press("m")
        there.sees("Patch 1")
        there.press("y")
        there.sees("sending the patch")
        code, said, _ = leave(there, lambda: there.press("q"))
        assert code == 0
        assert "is not known" in said
        assert "kubectl sidecar undo" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_as_q_does(number: signal.Signals) -> None:
    with terminal(HANGS) as there:
        there.sees("loading")
        code, said, _ = leave(there, lambda: there.process.send_signal(number))
        assert (code, said) == (0, "")
