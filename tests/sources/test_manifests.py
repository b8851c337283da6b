"""Files are read as kubectl reads them, and say where each object stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubectl_sidecar.errors import InputError
from kubectl_sidecar.sources.manifests import Manifest, Unreadable, parse, read


def values(text: str) -> dict[str, Any]:
    (manifest,) = parse(text.encode(), "x.yaml")
    assert isinstance(manifest, Manifest)
    return dict(manifest.value)


# What kubectl's own parser makes of each scalar (compared with the real kubectl in tests/cluster/test_manifests_kubectl.py)
SCALARS: dict[str, Any] = {
    "22:22": "22:22",
    "0777": 511,
    "0o17": 15,
    "0x1F": 31,
    "1_000": 1000,
    "1e3": 1000.0,
    "1.5": 1.5,
    ".5": 0.5,
    "2001-01-01": "2001-01-01",
    "2001-01-01T00:00:00Z": "2001-01-01T00:00:00Z",
    "yes": True,
    "on": True,
    "off": False,
    "n": False,
    "true": True,
    "True": True,
    "~": None,
    "null": None,
    "": None,
    "-": "-",
    "1.2.3": "1.2.3",
    "100m": "100m",
    "089": 89.0,
    "'yes'": "yes",
    '"0777"': "0777",
    "v1": "v1",
    "=": "=",
}


@pytest.mark.parametrize(("text", "value"), SCALARS.items(), ids=[f"<{text}>" for text in SCALARS])
def test_scalars_resolve_as_kubectls_parser_resolves_them(text: str, value: Any) -> None:
    found = values(f"a: {text}\n")["a"] if text != "-" else values("a: '-'\n")["a"]
    assert (found, type(found)) == (value, type(value))


def test_documents_count_as_the_stream_counts_and_items_of_a_list_have_an_index() -> None:
    text = "---\n# nothing\n---\nkind: A\n---\nkind: List\nitems: [{kind: B}, 5, {kind: C}]\n---\n- a\n---\nkind: D\n"
    found = [(m.document, m.item, m.value["kind"]) for m in parse(text.encode(), "f") if isinstance(m, Manifest)]
    assert found == [(1, None, "A"), (2, 0, "B"), (2, 2, "C"), (4, None, "D")]


def test_anchors_aliases_and_merges() -> None:
    assert values("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n") == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}


FAULTS = {
    "a bracket that is never closed": ("a: [1\nb: 2\n", r"f:2: not valid YAML"),
    "a tab": ("a:\n\tb: 1\n", r"f:2: not valid YAML"),
    "not text at all": ("\x00\x01", r"f.*not valid YAML"),
    "an unknown tag": ("a: !vault x\n", r"f:1: not valid YAML"),
    "a template that was not rendered": ("a: {{ .Values.x }}\n", r"f:1: not valid YAML"),
}


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=FAULTS)
def test_what_does_not_parse_is_said_with_file_and_line(text: str, said: str) -> None:
    first = next(parse(text.encode(), "f"))
    assert isinstance(first, Unreadable)
    with pytest.raises(InputError, match=said):
        raise first.error


def test_what_stands_before_a_fault_is_kept() -> None:
    found = list(parse(b"kind: A\n---\nkind: [\n", "f"))
    assert [type(item).__name__ for item in found] == ["Unreadable", "Manifest"]


def test_a_directory_is_read_as_kubectl_reads_it(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.json", "notes.txt", "sub/d.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"kind": "A"}')
    assert [Path(m.file).name for m in read([str(tmp_path)])] == ["a.yml", "b.yaml", "c.json"]
    assert [Path(m.file).name for m in read([str(tmp_path)], recursive=True)] == ["a.yml", "b.yaml", "c.json", "d.yaml"]


def test_a_path_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match=r'"nowhere\.yaml" does not exist'):
        list(read(["nowhere.yaml"]))


def test_one_file_that_does_not_parse_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.yaml").write_text("kind: B")
    assert [type(item).__name__ for item in read([str(tmp_path)])] == ["Unreadable", "Manifest"]
