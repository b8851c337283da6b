"""A Pod template before and after, as a diff that a person can read: YAML in the fields' own order, `restartPolicy` right
below the name of a container, and only what changed with a few lines around it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from kubectl_sidecar.output.style import Paint, Style

LineKind = Literal["header", "hunk", "add", "remove", "context"]

_STYLES: Mapping[LineKind, Style] = {
    "header": "strong",
    "hunk": "hunk",
    "add": "add",
    "remove": "remove",
    "context": "quiet",
}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff, with its sign in front (`+`, `-`, blank)."""

    kind: LineKind
    text: str


def template_diff(
    before: Mapping[str, Any], after: Mapping[str, Any], *, title_before: str, title_after: str, context: int = 3
) -> tuple[DiffLine, ...]:
    """The unified diff of two Pod templates; empty when they are equal."""
    old, new = yaml_lines(before), yaml_lines(after)
    return tuple(_lines(old, new, title_before, title_after, context))


def painted(lines: tuple[DiffLine, ...], paint: Paint) -> Iterator[str]:
    """The diff's lines in colour."""
    return (paint(_STYLES[line.kind], line.text) for line in lines)


def yaml_lines(value: Mapping[str, Any]) -> list[str]:
    """A template as YAML lines, in the order that the diff uses."""
    return to_yaml(_ordered(value)).splitlines()


def to_yaml(value: Any) -> str:
    """Plain values as YAML, keys in their own order; texts that kubectl's parser would take for something else are quoted."""
    import yaml

    text: str = yaml.dump(
        value, Dumper=_dumper(), sort_keys=False, default_flow_style=False, allow_unicode=True, width=1_000
    )
    return text


@cache
def _dumper() -> Any:
    """A safe dumper (libyaml where it is there). `y`, `1e3` and `0o7` are plain texts to its own resolver and are not to
    kubectl's (go.yaml.in/yaml/v2 resolve.go); no anchors, which a patch tool may not know."""
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN"))
    floats = r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"
    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(floats), list("-+.0123456789"))
    Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?0o[0-7_]+$"), list("-+0"))
    return Dumper


def _lines(old: list[str], new: list[str], title_before: str, title_after: str, context: int) -> Iterator[DiffLine]:
    for text in difflib.unified_diff(old, new, title_before, title_after, lineterm="", n=context):
        if text.startswith(("--- ", "+++ ")):
            yield DiffLine("header", text)
        elif text.startswith("@@"):
            yield DiffLine("hunk", text)
        elif text.startswith("+"):
            yield DiffLine("add", text)
        elif text.startswith("-"):
            yield DiffLine("remove", text)
        else:
            yield DiffLine("context", text)


def _ordered(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template with initContainers before containers (they start first) and restartPolicy below each name."""
    result = dict(template)
    spec = template.get("spec")
    if isinstance(spec, Mapping):
        lists = {key: [_container(c) for c in spec[key]] for key in ("initContainers", "containers") if isinstance(spec.get(key), list)}  # fmt: skip
        rest = {key: value for key, value in spec.items() if key not in lists}
        result["spec"] = {**lists, **rest}
    return result


def _container(container: Any) -> Any:
    if not isinstance(container, Mapping):
        return container
    first = [key for key in ("name", "restartPolicy", "image") if key in container]
    return {**{key: container[key] for key in first}, **{k: v for k, v in container.items() if k not in first}}
