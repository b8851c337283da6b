"""The laws of the edit language: nothing is mutated, a JSON Patch does the same, the inverse restores, the rest stays equal."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core.edits import (
    Edit,
    Insert,
    Move,
    Remove,
    Set,
    apply,
    dotted,
    get,
    guarded_patch,
    invert,
    json_patch,
)
from kubectl_sidecar.core.kinds import Path
from kubectl_sidecar.errors import InputError

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
keys = st.text(st.sampled_from("ab/~.é"), min_size=1, max_size=3)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=12
).filter(lambda value: isinstance(value, dict))


def paths(document: Any, path: Path = ()) -> list[Path]:
    """The paths of all values below the root."""
    found: list[Path] = [path] if path else []
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        found += paths(value, (*path, key))
    return found


@st.composite
def edited(draw: st.DrawFn) -> tuple[Any, tuple[Edit, ...]]:
    """A document and edits that fit it, each drawn against what the earlier ones left."""
    document = draw(documents)
    now = document
    edits: list[Edit] = []
    for _ in range(draw(st.integers(0, 4))):
        edit = draw(st.one_of(_changes(now)))
        now = apply(now, [edit])
        edits.append(edit)
    return document, tuple(edits)


def _changes(document: Any) -> list[st.SearchStrategy[Any]]:
    there = paths(document)
    containers: list[Path] = [(), *(p for p in there if isinstance(get(document, p), dict))]
    lists = [p for p in there if isinstance(get(document, p), list)]
    options: list[st.SearchStrategy[Any]] = [
        st.builds(lambda p, k, v: Set((*p, k), v), st.sampled_from(containers), keys, scalars)
    ]
    if there:
        options.append(st.builds(Set, st.sampled_from(there), scalars))
        options.append(st.builds(Remove, st.sampled_from(there)))
    if lists:
        options.append(
            st.sampled_from(lists).flatmap(
                lambda p: st.builds(lambda i, v: Insert((*p, i), v), st.integers(0, len(get(document, p))), scalars)
            )
        )
    moves = [(a, (*b, "moved")) for a in there for b in containers if b[: len(a)] != a]
    # a target below the source's own list would be read after the removal, with other indexes
    moves = [(a, b) for a, b in moves if not (isinstance(a[-1], int) and b[: len(a) - 1] == a[:-1]) and b != a]
    moves = [(a, b) for a, b in moves if b not in there]
    if moves:
        options.append(st.sampled_from(moves).map(lambda pair: Move(*pair)))
    return options


@given(edited())
def test_a_json_patch_gives_the_same_object(case: tuple[Any, tuple[Edit, ...]]) -> None:
    document, edits = case
    assert jsonpatch.apply_patch(copy.deepcopy(document), json_patch(edits)) == apply(document, edits)


@given(edited())
def test_the_input_is_never_mutated(case: tuple[Any, tuple[Edit, ...]]) -> None:
    document, edits = case
    before = copy.deepcopy(document)
    invert(document, edits)
    apply(document, edits)
    assert document == before


@given(edited())
def test_the_inverse_restores(case: tuple[Any, tuple[Edit, ...]]) -> None:
    document, edits = case
    assert apply(apply(document, edits), invert(document, edits)) == document


def test_what_no_edit_names_is_shared_and_not_copied() -> None:
    document: dict[str, Any] = {"a": {"b": [1]}, "c": {"d": 2}}
    assert apply(document, [Set(("a", "x"), 1)])["c"] is document["c"]


def test_a_container_moves_from_one_list_to_the_other() -> None:
    template = {"spec": {"containers": [{"name": "app"}, {"name": "proxy"}]}}
    edits: list[Edit] = [
        Set(("spec", "initContainers"), []),
        Move(("spec", "containers", 1), ("spec", "initContainers", 0)),
        Set(("spec", "initContainers", 0, "restartPolicy"), "Always"),
    ]
    assert apply(template, edits) == {
        "spec": {"containers": [{"name": "app"}], "initContainers": [{"name": "proxy", "restartPolicy": "Always"}]}
    }


BAD = {
    "missing key": (Remove(("a",)), "there is no a"),
    "index beyond the end": (Set(("l", 5), 1), r"there is no l\[5\]"),
    "insert into a mapping": (Insert(("m", 0), 1), r"nothing can be inserted at m\[0\]"),
    "below a scalar": (Set(("s", "x", "y"), 1), r"there is no s\.x"),
    "move of nothing": (Move(("m", "x"), ("m", "y")), r"there is no m\.x"),
}


@pytest.mark.parametrize(("edit", "said"), BAD.values(), ids=BAD)
def test_an_edit_that_does_not_fit_is_refused_with_its_path(edit: Edit, said: str) -> None:
    with pytest.raises(InputError, match=said):
        apply({"l": [1], "m": {}, "s": "text"}, [edit])


def test_a_guarded_patch_locks_first_and_tests_what_was_meant() -> None:
    patch = guarded_patch(
        [Remove(("spec", "x"))],
        prefix=("spec", "template"),
        resource_version="7",
        tests={("spec", "containers", 1, "name"): "p"},
    )
    assert patch == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "test", "path": "/spec/template/spec/containers/1/name", "value": "p"},
        {"op": "remove", "path": "/spec/template/spec/x"},
    ]


def test_paths_are_written_as_a_person_writes_them() -> None:
    assert dotted(("spec", "containers", 1, "name")) == "spec.containers[1].name"
