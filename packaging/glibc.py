"""Which glibc the programs and libraries of a folder need at least, read from their ELF version tables by readelf.

`python packaging/glibc.py [--at-most X.Y] FOLDER` prints it; newer than X.Y is exit code 1 with the files that are to blame."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

Version = tuple[int, int]
_NEEDED = re.compile(r"Name: GLIBC_(\d+)\.(\d+)")


def is_elf(path: Path) -> bool:
    """Whether the file is an ELF program or library."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def needs(path: Path) -> Version:
    """The newest glibc of which the ELF file needs a symbol; (0, 0) for one that needs none."""
    shown = subprocess.run(["readelf", "--version-info", "--wide", path], capture_output=True, text=True, check=True)
    return max(((int(major), int(minor)) for major, minor in _NEEDED.findall(shown.stdout)), default=(0, 0))


def floors(folder: Path) -> dict[Path, Version]:
    """What each ELF file of the folder needs."""
    return {path: needs(path) for path in sorted(folder.rglob("*")) if is_elf(path)}


def floor(folder: Path) -> Version:
    """What the whole folder needs at least."""
    return max(floors(folder).values())


def text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description="Print the glibc that a folder's programs need at least.")
    parser.add_argument("--at-most", metavar="X.Y", help="fail where it is newer")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    found = floors(options.folder)
    if not found:
        raise SystemExit(f"glibc: {options.folder} has no ELF file")
    sys.stdout.write(f"{text(max(found.values()))}\n")
    if options.at_most is None:
        return 0
    major, _, minor = options.at_most.partition(".")
    newer = {path: version for path, version in found.items() if version > (int(major), int(minor))}
    for path, version in newer.items():
        sys.stderr.write(f"glibc: {path} needs {text(version)}, newer than {options.at_most}\n")
    return 1 if newer else 0


if __name__ == "__main__":
    raise SystemExit(main())
