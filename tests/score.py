"""Measures the classifier against a corpus of labelled manifests: `make score CORPUS=DIR`.

DIR holds files/, labels.jsonl and score.py, which reads one JSON line per container on stdin and prints the report. Nothing
of the corpus is part of this repository, and the score is no test: it is measured, the rules are not fitted to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.decode import decode_or_broken
from kubectl_sidecar.core.kinds import of_object
from kubectl_sidecar.core.workload import Broken
from kubectl_sidecar.sources.recipes import packaged


def objects(file: Path) -> Iterator[tuple[int, int | None, dict[str, Any]]]:
    """Each object of a file: (document counted from 0, item of a List or None, object). Unreadable files have none."""
    try:
        documents = list(yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        print(f"{file}: not read: {error}".splitlines()[0], file=sys.stderr)
        return
    for number, document in enumerate(documents):
        if not isinstance(document, dict):
            continue
        items = document.get("items")
        if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
            yield from ((number, i, item) for i, item in enumerate(items) if isinstance(item, dict))
        else:
            yield number, None, document


def judged(file: Path, index: RecipeIndex) -> Iterator[tuple[int, int | None, dict[str, Any], Finding]]:
    """What the classifier says of each container in a file."""
    for number, item, obj in objects(file):
        kind = (
            of_object(obj)
            or of_object({**obj, "apiVersion": "apps/v1"})
            or of_object({**obj, "apiVersion": "batch/v1"})
        )
        workload = decode_or_broken(kind, obj) if kind else None
        if isinstance(workload, Broken):
            workload = workload.rest
        if workload is None:
            continue
        for finding in classify(workload, index):
            yield number, item, obj, finding


def lines(corpus: Path, index: RecipeIndex) -> Iterator[str]:
    for file in sorted((corpus / "files").rglob("*")):
        if not file.is_file():
            continue
        for number, item, obj, finding in judged(file, index):
            yield json.dumps({
                "file": f"files/{file.relative_to(corpus / 'files').as_posix()}", "doc_index": number, "item_index": item,
                "kind": obj.get("kind"), "name": (obj.get("metadata") or {}).get("name"), "container": finding.name,
                "list": finding.list, "index": finding.index, "role": finding.role, "confidence": finding.confidence,
                "family": finding.family, "evidence": [e.text for e in finding.evidence], "against": [e.text for e in finding.against],
            })  # fmt: skip


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: python -m tests.score CORPUS [options of its score.py]", file=sys.stderr)
        return 2
    corpus = Path(arguments[0])
    index = RecipeIndex(packaged())
    text = "\n".join(lines(corpus, index))
    if "--lines" in arguments:
        print(text)
        return 0
    return subprocess.run(
        [sys.executable, str(corpus / "score.py"), *arguments[1:]], input=text, text=True, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
