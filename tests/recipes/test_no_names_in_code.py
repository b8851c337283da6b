"""Families are known by their recipes alone: no module that judges, plans or edits names one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAMILIES = sorted(path.stem for path in (ROOT / "migrations").glob("*.yaml"))
BRANDS = (
    "istio",
    "linkerd",
    "envoy",
    "fluent",
    "vault",
    "consul",
    "dapr",
    "kuma",
    "datadog",
    "cloudsql",
    "gitsync",
    "oauth2",
    "nginx",
)
FOLDERS = ("core", "actions", "output", "tui", "cli")
ELSEWHERE = ("core/rules",)
"""Pages: their references may be a project's documentation."""
NAME = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, [*FAMILIES, *BRANDS]))})(?![a-z])", re.IGNORECASE)


def modules() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / "kubectl_sidecar" / folder).rglob("*.py")]
    return [p for p in found if not any(f"kubectl_sidecar/{e}/" in p.as_posix() for e in ELSEWHERE)]


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """String constants that are no documentation."""
    documentation = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT / "kubectl_sidecar").as_posix())
def test_a_module_names_no_family(path: Path) -> None:
    named = [(node.lineno, node.value) for node in texts(ast.parse(path.read_text())) if NAME.search(str(node.value))]
    assert not named


def test_a_name_would_be_seen() -> None:
    assert NAME.search("runs istio-proxy")
    assert not NAME.search("invaulted")
