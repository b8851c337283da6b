"""Starting and ending the programs of a test cluster.

Every program is in a session of its own, so Ctrl-C in the terminal reaches pytest alone and the order of the end is ours; and
it dies with pytest's main thread (PR_SET_PDEATHSIG), however that ends. A test's cluster is thrown away: the end is SIGKILL.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class NotUp(Exception):
    """A cluster that did not come up: a sentence, with the last lines of the log that tells why."""


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on now; nobody keeps them free until they are used."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def bound_to_us() -> list[str]:
    """What to put before a command so that it dies with the thread that starts it; nothing where Linux' setpriv is not."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


@contextmanager
def running(
    command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the command until the block ends; its output goes to `log`."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*bound_to_us(), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=log.parent,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def eventually(probe: Callable[[], T], *, what: str, timeout: float = 60, every: float = 0.1) -> T:
    """The first truthy answer of `probe`, asked again and again for at most `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"Not within {timeout:g} s: {what}. Last answer: {answer!r}")
        time.sleep(every)


def steadily(probe: Callable[[], object], *, seconds: float, what: str, every: float = 0.25) -> None:
    """Asserts that `probe` is truthy now and each time it is asked in the next `seconds`."""
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < seconds:
        answer = probe()
        assert answer, f"No longer true after {passed:.1f} s: {what}. Last answer: {answer!r}"
        time.sleep(every)


def tail(log: Path, *, lines: int = 4) -> str:
    """The last lines of a log file, for an error message."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join([f"{log}:", *text.splitlines()[-lines:]])
