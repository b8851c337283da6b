"""What the archive's program runs: first whether the archive is whole, then the command line.

`contents` lists every file of the archive with its size. A file that is missing or cut would otherwise be a strange error
much later, or, for a recipe, no error at all: a sidecar that nobody finds."""

from __future__ import annotations

import gc
import os
import sys

CONTENTS = "contents"
BUG = 70  # kubectl_sidecar.cli.exits.Exit.BUG, which may be what cannot be imported
DAMAGED = 5
ASK_ONLY = ("--help", "-h", "version")


def damage(folder: str) -> str:
    """A sentence about the first file that is not there as it was built, or "" where all are. `folder` has `contents`,
    whose lines are sizes in bytes and paths."""
    try:
        with open(os.path.join(folder, CONTENTS), encoding="utf-8") as file:
            lines = file.read().splitlines()
        whole = lines.pop() == "end"
    except (OSError, IndexError):
        whole = False
    if not whole:
        return _sentence(os.path.join(folder, CONTENTS), "is missing or cut")
    for line in lines:
        size, _, path = line.partition(" ")
        path = os.path.join(folder, path)
        try:
            found = os.stat(path).st_size
        except OSError as error:
            return _sentence(path, f"cannot be read ({error.strerror})")
        if found != int(size):
            return _sentence(path, f"has {found} bytes of {size}")
    return ""


def _sentence(path: str, what: str) -> str:
    return (
        f"error: kubectl sidecar is not completely unpacked: {path} {what}. "
        "Install it again: kubectl krew uninstall sidecar, then kubectl krew install sidecar; or unpack the archive anew"
    )


def _stop_if_damaged() -> None:
    if found := damage(sys._MEIPASS):  # type: ignore[attr-defined]  # where PyInstaller's program has its files
        sys.stderr.write(f"{found}\n")
        sys.stderr.flush()
        os._exit(DAMAGED)  # at once: a thread or an exit handler might be what is broken


def start() -> None:
    """Runs the command line and ends the process."""
    # Help tells nothing that a missing file could make false, and comes at once; looking at all files takes some milliseconds.
    if len(sys.argv) > 1 and sys.argv[1] not in ASK_ONLY:
        _stop_if_damaged()
    try:
        gc.disable()  # nothing of what is imported becomes garbage
        from kubectl_sidecar.cli.exits import leave
        from kubectl_sidecar.cli.main import call

        gc.enable()
        code = call()
    except Exception:
        _stop_if_damaged()
        raise
    if code == BUG:
        _stop_if_damaged()
    leave(code)


if __name__ == "__main__":
    start()
