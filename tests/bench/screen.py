"""Runs a full-screen program on a pseudo-terminal, as somebody with a stopwatch would: when is anything painted, when is the first
row there, when all of them, and how long does it take to quit. Started by cases.py, with `python -I -S`, and alone (see launch.py).

It understands no terminal codes but takes them out, so what it looks for must be written in one piece, as cells of a table are.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable

COLUMNS, ROWS = 120, 40
_CODES = re.compile(
    rb"\x1b(?:\[[0-9;:?<>=!$ ]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[()][A-Z0-9]|[=>78cDEHMNOZ])", re.S
)
_CUT = re.compile(rb"\x1b[^\x1b]{0,60}\Z", re.S)
"""What may be the begin of a code whose end is not there yet."""
_PRINTED = re.compile(rb"[A-Za-z0-9]")


def start(argv: list[str], environ: dict[str, str]) -> tuple[int, int]:
    """The process and the master side of its terminal."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execve(argv[0], argv, environ)
        finally:
            os._exit(127)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    return pid, master


def watch(master: int, begin: float, until: dict[str, Callable[[bytes], object]], *, limit: float) -> dict[str, float]:
    """Seconds since `begin` when each condition was first true of all the text that was written, codes taken out."""
    drawn, found = bytearray(), dict[str, float]()
    while len(found) < len(until) and time.perf_counter() - begin < limit:
        data = read(master, 0.5)
        if data is None:
            break
        if not data:
            continue
        at = time.perf_counter() - begin
        drawn += data
        text = _CUT.sub(b"", _CODES.sub(b"", bytes(drawn)))
        for name, holds in until.items():
            if name not in found and holds(text):
                found[name] = at
        # a painted screen is at most some 100 KB
        del drawn[: max(0, len(drawn) - 400_000)]
    return found


def read(master: int, wait: float) -> bytes | None:
    """What the program wrote; nothing within `wait` seconds is b"", its end None."""
    if not select.select([master], [], [], wait)[0]:
        return b""
    try:
        return os.read(master, 1 << 16) or None
    except OSError:
        return None


def quit_with(pid: int, master: int, keys: bytes, *, limit: float) -> tuple[float, int, float, float]:
    """Types the keys. Seconds until the process ended, its exit code, CPU seconds, peak memory in bytes."""
    begin = time.perf_counter()
    os.write(master, keys)
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        if time.perf_counter() - begin > limit:
            os.kill(pid, signal.SIGKILL)
        read(master, 0.002)
    seconds = time.perf_counter() - begin
    return seconds, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main() -> None:
    task = json.load(sys.stdin)
    row, complete = re.compile(task["row"].encode()), task["complete"].encode()
    begin = time.perf_counter()
    pid, master = start(task["argv"], task["environ"])
    conditions: dict[str, Callable[[bytes], object]] = {"paint": _PRINTED.search, "row": row.search}
    if complete:
        conditions["complete"] = lambda text: complete in text
    found = watch(master, begin, conditions, limit=task["limit"])
    seconds, code, cpu, peak = quit_with(pid, master, b"q", limit=10)
    print(json.dumps({**found, "quit": seconds, "code": code, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    main()
