"""An undo as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.actions.migrate import Result
from kubectl_sidecar.actions.undo import PreparedUndo
from kubectl_sidecar.output.diff import DiffLine, template_diff
from kubectl_sidecar.output.style import Paint, Style


def undo_diff(prepared: PreparedUndo) -> tuple[DiffLine, ...]:
    """What undo would change; or, where it refuses, what was changed since the migration."""
    target = prepared.target
    title = f"{target.kind.name} {target.namespace}/{target.name}"
    changed = prepared.outcome == "changed"
    before, after = ("as migrated", "now") if changed else ("now", f"as it was before {prepared.record.time}")
    return template_diff(
        prepared.now, prepared.then, title_before=f"{title} ({before})", title_after=f"{title} ({after})"
    )


def undo_question(prepared: PreparedUndo) -> str:
    """The question before the old template comes back."""
    target, pods = prepared.target, prepared.pods
    replaced = f" ({pods} Pod{'' if pods == 1 else 's'} will be replaced)" if pods else ""
    return f"Restore {target.kind.name} {target.name} in context {prepared.context}, namespace {target.namespace}{replaced}?"


def closing_undo(result: Result, paint: Paint) -> Iterator[str]:
    """How one undo ended."""
    words: dict[str, tuple[Style, str]] = {
        "done": ("good", "restored"),
        "unwatched": ("good", "restored"),
        "failed": ("bad", "restored, but the rollout fails"),
        "changed": ("warn", "not restored"),
        "refused": ("bad", "not restored"),
    }
    style, said = words[result.outcome]
    yield f"{result.target.qualified} {paint(style, said)}: {result.text}"
    if result.outcome == "failed" and result.target.kind.name == "StatefulSet":
        yield "  a Pod that was stuck stays stuck in an ordered StatefulSet: delete it by hand, and it comes back in the old form"
