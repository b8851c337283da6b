"""The edit language: the only way in which this program changes an object or a file.

An edit is one change at a tuple path, relative to the document that it is applied to; edits apply one after the other, as the
operations of a JSON Patch do (RFC 6902), and each becomes exactly one operation. Three laws hold, and are tested:
`apply` never mutates its input; applying edits and applying their JSON Patch give the same object; the inverse restores it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_sidecar.core.kinds import Path
from kubectl_sidecar.errors import InputError


@dataclass(frozen=True, slots=True)
class Set:
    """Gives a mapping's key a value, new or not; or replaces a list's element."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Takes away a mapping's key or a list's element, which must exist."""

    path: Path


@dataclass(frozen=True, slots=True)
class Insert:
    """Puts a new element into a list before the index that ends the path (the length: at the end)."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Move:
    """Takes the value at `source` away and then inserts it at `target`, which is read after the removal."""

    source: Path
    target: Path


Edit = Set | Remove | Insert | Move


def apply(document: Any, edits: Iterable[Edit]) -> Any:
    """The document with the edits applied in order. What is not on an edited path is shared with the input, not copied.
    Raises InputError when a path does not exist."""
    for edit in edits:
        match edit:
            case Set(path, value):
                document = _put(document, path, value, path, insert=False)
            case Insert(path, value):
                document = _put(document, path, value, path, insert=True)
            case Remove(path):
                document = _take(document, path, path)
            case Move(source, target):
                value = get(document, source)
                taken = _take(document, source, source)
                document = _put(taken, target, value, target, insert=isinstance(target[-1], int))
    return document


def invert(document: Any, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits that lead from `apply(document, edits)` back to `document`."""
    inverse: list[Edit] = []
    for edit in edits:
        inverse.append(_inverse(document, edit))
        document = apply(document, [edit])
    return tuple(reversed(inverse))


def _inverse(document: Any, edit: Edit) -> Edit:
    match edit:
        case Set(path, _):
            try:
                return Set(path, get(document, path))
            except InputError:
                return Remove(path)
        case Insert(path, _):
            return Remove(path)
        case Remove(path):
            value = get(document, path)
            return Insert(path, value) if isinstance(path[-1], int) else Set(path, value)
        case Move(source, target):
            return Move(target, source)


def get(document: Any, path: Path) -> Any:
    """The value at a path. Raises InputError when there is none."""
    for depth, key in enumerate(path):
        document = document[_checked(document, key, path[: depth + 1])]
    return document


def find(document: Any, path: Path) -> Any | None:
    """The value at a path, or None where there is none."""
    try:
        return get(document, path)
    except InputError:
        return None


def json_patch(edits: Iterable[Edit], *, prefix: Path = ()) -> list[dict[str, Any]]:
    """The edits as RFC 6902 operations; `prefix` is where in the object the edited document sits."""
    return [_operation(edit, prefix) for edit in edits]


def guarded_patch(
    edits: Iterable[Edit], *, prefix: Path, resource_version: str, tests: Mapping[Path, Any]
) -> list[dict[str, Any]]:
    """A JSON Patch that applies only to the object as it was read; without a resourceVersion (a dry run needs no lock, and a status
    write meanwhile must not fail it) only to one where the tests hold.

    A stale resourceVersion given by `replace` is answered with a clean 409 Conflict, where a failed `test` of it would be an
    unhelpful 422; `tests` (paths relative to `prefix`) make sure that the indexes still mean the containers that were meant."""
    lock = {"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version}
    return [
        *([lock] if resource_version else []),
        *({"op": "test", "path": pointer((*prefix, *path)), "value": value} for path, value in tests.items()),
        *json_patch(edits, prefix=prefix),
    ]


def pointer(path: Path) -> str:
    """A path as JSON Pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def dotted(path: Path) -> str:
    """A path as a person writes it: `spec.containers[1].name`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else (f".{key}" if text else key)
    return text


def _operation(edit: Edit, prefix: Path) -> dict[str, Any]:
    match edit:
        case Set(path, value):
            # `add` to an object's member replaces it if it is there; a list's element has to be replaced
            return {"op": "replace" if isinstance(path[-1], int) else "add", "path": pointer((*prefix, *path)), "value": value}  # fmt: skip
        case Insert(path, value):
            return {"op": "add", "path": pointer((*prefix, *path)), "value": value}
        case Remove(path):
            return {"op": "remove", "path": pointer((*prefix, *path))}
        case Move(source, target):
            return {"op": "move", "from": pointer((*prefix, *source)), "path": pointer((*prefix, *target))}


def _put(node: Any, path: Path, value: Any, whole: Path, *, insert: bool) -> Any:
    key = path[0]
    if len(path) > 1:
        checked = _checked(node, key, whole[: len(whole) - len(path) + 1])
        copy = _copied(node)
        copy[checked] = _put(node[checked], path[1:], value, whole, insert=insert)
        return copy
    copy = _copied(node)
    if insert:
        if not isinstance(copy, list) or not isinstance(key, int) or not 0 <= key <= len(copy):
            raise InputError(f"the change does not fit: nothing can be inserted at {dotted(whole)}")
        copy.insert(key, value)
    elif isinstance(copy, dict):
        copy[key] = value
    else:
        copy[_checked(copy, key, whole)] = value
    return copy


def _take(node: Any, path: Path, whole: Path) -> Any:
    key = _checked(node, path[0], whole[: len(whole) - len(path) + 1])
    copy = _copied(node)
    if len(path) > 1:
        copy[key] = _take(node[key], path[1:], whole)
    else:
        del copy[key]
    return copy


def _copied(node: Any) -> Any:
    return dict(node) if isinstance(node, Mapping) else list(node) if isinstance(node, list | tuple) else node


def _checked(node: Any, key: str | int, path: Path) -> Any:
    fits = (
        key in node
        if isinstance(node, Mapping)
        else isinstance(node, list | tuple) and isinstance(key, int) and 0 <= key < len(node)
    )
    if not fits:
        raise InputError(f"the change does not fit: there is no {dotted(path)}")
    return key
