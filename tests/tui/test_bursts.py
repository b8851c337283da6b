"""Keys that arrive all at once, as a slow line or a paste brings them: each counts where the one before it has led to.

On a pseudo-terminal, with one write for all keys: the pilot waits after each key and would see nothing of this."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tui.terminal import Terminal, terminal

ESC = "\x1b"
LIST = {"screen": "WorkloadsScreen", "filter": "", "typing": False, "at": "api", "marked": 0, "copied": "", "plans": []}
BURSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a filter of letters that are keys": ("/checkout", {"filter": "checkout", "typing": True, "at": "checkout"}),
    "enter, then a key of the list": (
        "/checkout\rm",
        {"filter": "checkout", "at": "checkout", "screen": "PlanScreen", "plans": ["checkout"]},
    ),
    "a pasted filter": (f"/{ESC}[200~checkout{ESC}[201~\rc", {"filter": "checkout", "at": "checkout", "copied": "checkout"}),
    "esc in the filter, then a key": (f"/check{ESC}jc", {"at": "db", "copied": "db"}),
    "esc in the filter, then a filter": (f"/check{ESC}/db", {"filter": "db", "typing": True, "at": "db"}),
    "esc on a filter that holds": (f"/db\r{ESC}/api\r", {"filter": "api"}),
    "down, then a plan": ("jm", {"at": "db", "screen": "PlanScreen", "plans": ["db"]}),
    "marks, then a plan": (
        "j j  m",
        {"at": "report", "marked": 3, "screen": "PlanScreen", "plans": ["db", "search", "checkout"]},
    ),
    "details and back": (f"d{ESC}jc", {"at": "db", "copied": "db"}),
    "details, then the plan": ("jdm", {"at": "db", "screen": "PlanScreen", "plans": ["db"]}),
    "help and back": (f"?{ESC}/api", {"filter": "api", "typing": True}),
    "q closes the help only": ("?qjc", {"at": "db", "copied": "db"}),
    "a plan and back": (f"m{ESC}/c", {"filter": "c", "typing": True}),
    "an arrow is no esc": (f"/db\r{ESC}{ESC}[B{ESC}OBc", {"at": "plain", "copied": "plain"}),
}  # fmt: skip


def told(file: Path) -> dict[str, Any]:
    """What is seen now."""
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def comes_to(there: Terminal, file: Path, expected: dict[str, Any]) -> None:
    """Waits until this is seen, or says what is seen instead."""
    try:
        there.until(lambda: expected.items() <= told(file).items(), within=10)
    except AssertionError:
        seen = told(file)
        assert {key: seen.get(key) for key in expected} == expected


@pytest.mark.parametrize(("keys", "changed"), BURSTS.values(), ids=BURSTS)
def test_each_key_counts_where_the_one_before_has_led_to(keys: str, changed: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "seen"
    with terminal(f"from tests.tui.watched import run; run({str(file)!r})") as there:
        comes_to(there, file, {**LIST, "rows": 6, "loaded": True})
        there.type(keys)
        comes_to(there, file, LIST | changed)


def test_a_yes_counts_only_after_the_question_and_a_no_always(tmp_path: Path) -> None:
    file = tmp_path / "seen"
    with terminal(f"from tests.tui.watched import run; run({str(file)!r})") as there:
        comes_to(there, file, {**LIST, "rows": 6, "loaded": True})
        there.type("/checkout\rm")
        comes_to(there, file, {"screen": "PlanScreen", "ready": True})
        there.type(f"my\t\rn{ESC}c")
        comes_to(there, file, {"screen": "WorkloadsScreen", "copied": "checkout", "written": 0})
        there.type("m")
        comes_to(there, file, {"screen": "PlanScreen", "ready": True})
        there.type("my")
        comes_to(there, file, {"screen": "ConfirmScreen", "focus": "no", "written": 0})
        there.type("y")
        comes_to(there, file, {"screen": "ProgressScreen", "written": 1})
