"""Runs commands one after the other and says what they cost. It is started by measure.py, with `python -I -S`, and alone.

A process of its own, and a small one, because Linux counts the memory of whoever starts a program as that program's own peak
(exec keeps the high-water mark of the address space that it replaces). What is measured thereby has a floor of some 10 MB.
"""

import json
import os
import sys
import time


def run(argv: list[str], environ: dict[str, str], errors: str) -> dict[str, float]:
    """Wall seconds, CPU seconds (user and system, children included) and peak memory in bytes of one command."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
    ]
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
        "code": os.waitstatus_to_exitcode(status),
    }


def main() -> None:
    task = json.load(sys.stdin)
    print(json.dumps([run(argv, task["environ"], task["errors"]) for argv in task["commands"]]))


if __name__ == "__main__":
    main()
