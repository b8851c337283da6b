"""Renders docs/rules/: a page for each problem and risk from core/rules, their index, and what is left out.

`python tools/rules_docs.py` rewrites the folder; a test says when that was forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kubectl_sidecar.core.plan import Rule
from kubectl_sidecar.core.rules import RULES
from kubectl_sidecar.core.rules.left_out import LEFT_OUT

FOLDER = Path(__file__).parent.parent / "docs" / "rules"


def page(rule: Rule) -> str:
    """One page as Markdown."""
    parts = (
        ("What it is", rule.what),
        ("Why it matters", rule.why),
        ("How to see it", rule.see),
        ("What to do", rule.do),
    )
    body = "\n".join(f"## {title}\n\n{text}\n" for title, text in parts)
    head = f"# {rule.id}: {rule.title}\n\nA {rule.kind}. On the command line: `kubectl sidecar explain {rule.id}`.\n"
    return f"{head}\n{body}\nReference: {rule.reference}\n"


def index(rules: Iterable[Rule]) -> str:
    """The list of all pages."""
    lines = [
        "# Problems and risks",
        "",
        "From the same data as `kubectl sidecar explain`.",
        "",
        "| id | kind | title |",
        "|---|---|---|",
    ]
    lines += [f"| [{rule.id}]({rule.id}.md) | {rule.kind} | {rule.title} |" for rule in rules]
    lines += ["", "What is known and deliberately judged nowhere: [left-out.md](left-out.md)."]
    return "\n".join(lines) + "\n"


def left_out() -> str:
    """What is known and judged nowhere, with the reasons."""
    lines = ["# Deliberately not judged", "", "Known of native sidecars, and no problem or risk here:", ""]
    lines += [f"- {statement} *{reason}*" for statement, reason in LEFT_OUT]
    return "\n".join(lines) + "\n"


def rendered() -> dict[str, str]:
    """File name -> text of the whole folder."""
    return {
        "README.md": index(RULES.values()),
        "left-out.md": left_out(),
        **{f"{rule.id}.md": page(rule) for rule in RULES.values()},
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    pages = rendered()
    for old in FOLDER.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
