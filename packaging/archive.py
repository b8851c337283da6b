"""Packs a folder as krew takes it, the same bytes each time: entries in a fixed order, owned by nobody in particular, of one
time, and in a gzip without name and time. Directories and regular files only: krew refuses an archive with a link."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
from pathlib import Path


def pack(folder: Path, target: Path, *, time: int, last: str) -> str:
    """Packs `folder`, under its own name, into the .tar.gz `target`; returns the sha256, which is also written beside it.

    `last` is the file that comes last: where unpacking stops halfway, there is no program that runs without its parts.
    Links are followed: what they point to is packed in their place.
    """
    entries = sorted(folder.rglob("*"), key=lambda path: (path == folder / last, path.relative_to(folder).as_posix()))
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path in [folder, *entries]:
            entry = tarfile.TarInfo(path.relative_to(folder.parent).as_posix())
            entry.mtime = time
            if path.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
                continue
            entry.size = path.stat().st_size
            entry.mode = 0o755 if path == folder / last else 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)
    with target.open("rb") as packed:
        digest = hashlib.file_digest(packed, "sha256").hexdigest()
    # the form that `sha256sum --check` takes
    Path(f"{target}.sha256").write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    return digest


def unpack(source: Path, folder: Path) -> None:
    """Unpacks an archive of ours anew into `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(source) as tar:
        tar.extractall(folder, filter="data")
