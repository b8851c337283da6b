"""Manifests from files, directories and standard input, as plain mappings with their place (file, document, item).

Scalars resolve as kubectl's parser (sigs.k8s.io/yaml) resolves them, which is neither YAML 1.1 nor 1.2 to the letter: `22:22`
and dates are texts, `0777` is octal, `yes` and `on` are booleans, `1e3` is a number. Documents count from 0 as the YAML stream
counts them, empty ones included."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kubectl_sidecar.errors import InputError

SUFFIXES = (".yaml", ".yml", ".json")
"""What kubectl reads in a directory."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object. `item` is its index where it was an element of a List."""

    file: str
    document: int
    item: int | None
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read or parsed, with the sentence that says why."""

    file: str
    error: InputError


def read(paths: Iterable[str], *, recursive: bool = False) -> Iterator[Manifest | Unreadable]:
    """All objects of the files, in order; `-` is standard input. A path that does not exist raises InputError; a file that
    does not parse is one Unreadable, and the others are read all the same."""
    for name in paths:
        if name == "-":
            yield from parse(sys.stdin.buffer.read(), "-")
            continue
        path = Path(name)
        if not path.exists():
            raise InputError(f'the path "{name}" does not exist')
        for file in _files(path, recursive=recursive):
            try:
                data = file.read_bytes()
            except OSError as error:
                yield Unreadable(str(file), InputError(f"{file}: cannot be read: {error.strerror}"))
                continue
            yield from parse(data, str(file))


def parse(data: bytes, file: str) -> Iterator[Manifest | Unreadable]:
    """The objects of one YAML or JSON stream."""
    import yaml

    manifests: list[Manifest] = []
    try:
        for number, document in enumerate(yaml.load_all(data, Loader=_loader())):
            manifests.extend(_objects(document, file, number))
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        yield Unreadable(
            file, InputError(f"{file}{line}: not valid YAML: {error.problem or error.context or 'it does not parse'}")
        )
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        yield Unreadable(
            file,
            InputError(f"{file}: not valid YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}"),
        )
    yield from manifests


def _files(path: Path, *, recursive: bool) -> Iterator[Path]:
    if path.is_file() or not path.is_dir():
        yield path
        return
    found = path.rglob("*") if recursive else path.iterdir()
    yield from sorted(file for file in found if file.suffix in SUFFIXES and file.is_file())


def _objects(document: Any, file: str, number: int) -> Iterator[Manifest]:
    if not isinstance(document, Mapping):
        return
    items = document.get("items")
    if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                yield Manifest(file, number, index, item)
        return
    yield Manifest(file, number, None, document)


@cache
def _loader() -> Any:
    """A safe loader (libyaml where it is there) whose plain scalars resolve as kubectl's parser does it."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - yaml's own interface

    # source: go.yaml.in/yaml/v2 resolve.go, as used by sigs.k8s.io/yaml
    booleans = r"^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$"
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(booleans), list("yYtToOnNfF"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
    integers = r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|(?:0|[1-9][0-9_]*))$"
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(integers), list("-+0123456789"))
    floats = r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(floats), list("-+0123456789."))
    Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^(?:<<)$"), ["<"])
    Loader.add_constructor(
        "tag:yaml.org,2002:bool", lambda self, node: node.value[:2].lower() in ("y", "ye", "tr", "on")
    )
    Loader.add_constructor("tag:yaml.org,2002:int", lambda self, node: _integer(node.value))
    return Loader


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if digits.startswith(("0b", "0x", "0o")):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if len(digits) > 1 and digits.startswith("0") else 10)
