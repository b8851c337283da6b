"""The journal survives what a disk can do, is nobody else's to read, and never loses a record to another."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kubectl_sidecar.core.journal import Record
from kubectl_sidecar.errors import InputError
from kubectl_sidecar.sources.journal import FileJournal, MemoryJournal


def a_record(id: str = "20260101T000000-deployment-shop", **changes: str) -> Record:
    fields: dict[str, Any] = {"time": "2026-01-01T00:00:00+00:00", "context": "c", "server": "https://s", "api_version": "apps/v1",
              "kind": "Deployment", "namespace": "n", "name": "shop", "uid": "1", "tool": "0"}  # fmt: skip
    before = {"spec": {"containers": [{"name": "a"}, {"name": "b", "x-unknown": {"kept": [1.5, None, "é"]}}]}}
    after = {"spec": {"containers": [{"name": "a"}]}}
    return Record(id=id, containers=("b",), before=before, after=after, **{**fields, **changes})


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    FileJournal(tmp_path / "new" / "journal").write(a_record())
    assert FileJournal(tmp_path / "new" / "journal").records() == (a_record(),)


def test_records_are_nobody_elses_to_read(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    journal.write(a_record())
    (file,) = journal.directory.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.directory.stat().st_mode) == 0o700


def test_the_newest_comes_first_and_a_state_replaces_the_earlier_one(tmp_path: Path) -> None:
    for journal in (FileJournal(tmp_path), MemoryJournal()):
        journal.write(a_record("2-b"))
        journal.write(a_record("1-a"))
        journal.write(a_record("2-b").moved_to("applied"))
        assert [(r.id, r.state) for r in journal.records()] == [("2-b", "applied"), ("1-a", "prepared")]


def test_a_name_cannot_leave_the_directory(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    journal.write(a_record("../../evil"))
    assert [p.parent for p in tmp_path.rglob("*.json")] == [tmp_path / "journal"]


def test_half_written_and_foreign_files_hide_no_record(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write(a_record())
    (tmp_path / "9-half.json").write_text('{"id": "9", ')
    (tmp_path / "9-newer.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(a_record(), version=99)))
    (tmp_path / "9-left.part").write_text("x")
    assert journal.records() == (a_record(),)


def test_where_nothing_can_be_written_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="XDG_STATE_HOME"):
        FileJournal(tmp_path / "file" / "journal").write(a_record())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        FileJournal(tmp_path / "journal").write(a_record())


def test_a_directory_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    assert FileJournal(tmp_path / "nothing").records() == ()


STEPS = {
    "prepared": {"applied", "abandoned", "undone"},
    "applied": {"undone"},
    "abandoned": set(),
    "undone": set(),
}


@pytest.mark.parametrize("state", STEPS)
@pytest.mark.parametrize("to", STEPS)
def test_the_states_of_a_record(state: str, to: str) -> None:
    record = msgspec.structs.replace(a_record(), state=state)
    if to in STEPS[state]:
        assert record.moved_to(to).state == to  # type: ignore[arg-type]
    else:
        with pytest.raises(ValueError, match="cannot go"):
            record.moved_to(to)  # type: ignore[arg-type]
