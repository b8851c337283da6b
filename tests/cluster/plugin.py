"""The plugin as a user calls it: `kubectl sidecar …` through the real kubectl, with or without a terminal.

kubectl finds `kubectl-sidecar` on a PATH of the test's own and becomes it (it replaces its process), so an exit code and a
Ctrl-C are the plugin's. Home and state are the test's own folders: no kubeconfig, cache or record of whoever runs the tests.
"""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.processes import bound_to_us
from tests.terminal import Drawn

_CONTROLLING = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Makes the pseudo-terminal the session's own, so that Ctrl-C on it is a SIGINT."""
_CODES = re.compile(r"\x1b\[[?>=<0-9;]*[a-zA-Z]")
QUESTION = "[y/N] "


@dataclass(frozen=True)
class Ran:
    """How a command ended. On a terminal `out` has both streams, without colours."""

    code: int
    out: str
    err: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one line that says what was wrong."""
        (line,) = self.err.strip().splitlines()
        return line


@dataclass
class Terminal(Drawn):
    """A command on a pseudo-terminal."""

    looked: int = 0
    """How much of `drawn` was already looked at by `until`."""

    def until(self, text: str, *, within: float = 60.0) -> str:
        """Waits until `text` comes (after what an earlier call waited for); what was written up to its end."""
        wanted, end = text.encode(), time.monotonic() + within
        while (found := self.drawn.find(wanted, self.looked)) < 0:
            over = self.process.poll() is not None and not self.reader.is_alive()
            if over and self.drawn.find(wanted, self.looked) < 0:
                raise AssertionError(f"ended with {self.process.returncode} and without {text!r}: {self.text[-3000:]}")
            assert time.monotonic() < end, f"not within {within:g} s: {text!r} in {self.text[-3000:]}"
            time.sleep(0.005)
        begin, self.looked = self.looked, found + len(wanted)
        return _clean(bytes(self.drawn[begin : self.looked]))

    def end(self, *, within: float = 90.0) -> Ran:
        """Waits for the end of the command."""
        code = self.process.wait(within)
        self.reader.join(10)
        return Ran(code, self.text)

    @property
    def text(self) -> str:
        return _clean(bytes(self.drawn))


def _clean(data: bytes) -> str:
    return _CODES.sub("", data.decode(errors="replace")).replace("\r\n", "\n")


@dataclass(frozen=True)
class Plugin:
    """`kubectl sidecar` with the kubeconfig `kubeconfig` (None: none at all) in a folder of its own."""

    folder: Path
    kubeconfig: Path | None
    path: str
    command: tuple[str, ...] = ("kubectl", "sidecar")

    @property
    def journal(self) -> Path:
        return self.folder / "state" / "kubectl-sidecar" / "journal"

    @property
    def records(self) -> list[dict[str, Any]]:
        """What the plugin recorded, oldest first."""
        return [json.loads(file.read_text()) for file in sorted(self.journal.glob("*.json"))]

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        config = {"KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig else {}
        return {
            "PATH": self.path,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **config,
            **more,
        }

    def run(
        self, *words: str, input: str | None = None, env: Mapping[str, str] | None = None, timeout: float = 100
    ) -> Ran:
        """Without a terminal: stdin is `input`, or nothing."""
        done = subprocess.run(
            [*bound_to_us(), *self.command, *words],
            **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}),
            capture_output=True,
            text=True,
            check=False,
            env=self.environ(env or {}),
            cwd=self.folder,
            timeout=timeout,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str, input: str | None = None) -> str:
        """The output of a command that must succeed."""
        ran = self.run(*words, input=input)
        assert ran.code == 0, f"exit code {ran.code}\n{ran.out}\n{ran.err}"
        return ran.out

    @contextmanager
    def terminal(
        self, *words: str, env: Mapping[str, str] | None = None, size: tuple[int, int] = (40, 160)
    ) -> Iterator[Terminal]:
        """On a pseudo-terminal of `size` rows and columns."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        process = subprocess.Popen(
            [*bound_to_us(), sys.executable, "-c", _CONTROLLING, *self.command, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self.environ(env or {}),
            cwd=self.folder,
            start_new_session=True,
        )
        os.close(slave)
        there = Terminal(process, master)
        try:
            yield there
        finally:
            process.kill()
            process.wait()
            there.reader.join(10)
            os.close(master)

    def answer(self, *words: str, answers: Sequence[str]) -> Ran:
        """On a terminal, with each question answered in its turn; all answers must have been asked for."""
        with self.terminal(*words) as there:
            for answer in answers:
                there.until(QUESTION)
                there.type(f"{answer}\n")
            return there.end()


def install(folder: Path, kubectl: Path | None) -> str:
    """A PATH with the real kubectl (unless None) and, beside it, the plugin of the environment that runs the tests."""
    entry = Path(sys.executable).parent / "kubectl-sidecar"
    assert entry.exists(), f"{entry} is not there: install the package into the environment of the tests"
    (folder / "bin").mkdir()
    if kubectl:
        (folder / "bin" / "kubectl").symlink_to(kubectl.absolute())
    (folder / "bin" / "kubectl-sidecar").symlink_to(entry)
    return f"{folder / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"


def plugin_in(folder: Path, *, kubectl: Path, kubeconfig: Path | None) -> Plugin:
    """The plugin with its own home in the folder."""
    return Plugin(folder, kubeconfig, install(folder, kubectl))


def alone_in(folder: Path, *, kubeconfig: Path | None = None) -> Plugin:
    """The plugin's own program without kubectl, where no cluster is needed."""
    return Plugin(folder, kubeconfig, install(folder, None), ("kubectl-sidecar",))
