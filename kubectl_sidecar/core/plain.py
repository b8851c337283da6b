"""Reading plain mappings as an API server answers them: whatever is odd there reads as absent, and never raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def get(value: Any, *keys: str) -> Any:
    """A value deep in plain mappings; None where the way ends."""
    for key in keys:
        if not isinstance(value, dict):  # what JSON and YAML give; far faster than asking for a Mapping
            return None
        value = value.get(key)
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """The mapping itself; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings of a list; nothing where it is none."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list | tuple) else iter(())


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; nothing where it is none."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def text(value: Any, *keys: str) -> str:
    """A text deep in plain mappings; '' where there is none."""
    found = get(value, *keys)
    return found if isinstance(found, str) else ""


def name_of(obj: Any) -> str:
    """metadata.name."""
    return text(obj, "metadata", "name")
