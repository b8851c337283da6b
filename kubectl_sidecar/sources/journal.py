"""The journal on disk: one JSON file per record under the user's state directory, so that a record can be read, copied and
deleted with ordinary tools. A write is on the disk (fsync of file and directory) before it returns; files are 0600, the
directory 0700, because a template may hold values that are nobody else's business."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import msgspec

from kubectl_sidecar.core.journal import RECORD_VERSION, Record
from kubectl_sidecar.errors import InputError

_NAME = re.compile(r"[^A-Za-z0-9._-]")


class FileJournal:
    """Records under `directory`, which is made at the first write."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, record: Record) -> None:
        """Writes or replaces the record, atomically. Raises InputError when the directory cannot be written."""
        path = self.directory / f"{_NAME.sub('_', record.id)}.json"
        data = msgspec.json.format(msgspec.json.encode(record), indent=1)
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.directory, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._sync_directory()
        except OSError as error:
            raise InputError(
                f"the record for undo cannot be written to {self.directory} ({error.strerror}); without it nothing is patched. "
                "Set XDG_STATE_HOME to a directory that you may write"
            ) from error

    def records(self) -> tuple[Record, ...]:
        """All records that can be read, newest first; a file that is half-written or of a newer version is passed over."""
        found: list[Record] = []
        for path in sorted(self.directory.glob("*.json"), reverse=True):
            try:
                record = msgspec.json.decode(path.read_bytes(), type=Record)
            except (OSError, msgspec.DecodeError):
                continue
            if record.version == RECORD_VERSION:
                found.append(record)
        return tuple(found)

    def _sync_directory(self) -> None:
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class MemoryJournal:
    """Records that live as long as the process: for the embedded cluster, whose changes do the same."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def write(self, record: Record) -> None:
        self._records[record.id] = record

    def records(self) -> tuple[Record, ...]:
        return tuple(sorted(self._records.values(), key=lambda r: r.id, reverse=True))
