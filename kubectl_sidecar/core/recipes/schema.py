"""The JSON Schema of a recipe, for editors. It is made of the same dataclasses that the reader goes by, so it cannot say
anything else; `python -m kubectl_sidecar.core.recipes.schema` prints the text of migrations/schema.json."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from kubectl_sidecar.core.recipes.reader import MAJOR, MINOR, PROBES, VERSION_KEY
from kubectl_sidecar.core.recipes.recipe import Recipe

_TEXT = {"type": "string", "minLength": 1}
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


def recipe_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one recipe's document."""
    definitions: dict[str, Any] = {}
    root = _object(Recipe, definitions, given=("origin",))
    version = {
        "type": "string",
        "pattern": rf"^{MAJOR}\.[0-9]+$",
        "description": f'The version of the vocabulary, in quotes: "{MAJOR}.{MINOR}".',
    }
    root["properties"] = {VERSION_KEY: version, **root["properties"]}
    root["required"] = [VERSION_KEY, *root["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Recipe of kubectl sidecar",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as it is committed."""
    return msgspec.json.format(msgspec.json.encode(recipe_schema()), indent=2).decode() + "\n"


def _object(kind: Any, definitions: dict[str, Any], given: tuple[str, ...] = ()) -> dict[str, Any]:
    hints = get_type_hints(kind)
    mine = [f for f in fields(kind) if f.name not in given]
    required = [f.name for f in mine if f.default is MISSING and f.default_factory is MISSING]
    return {
        "description": inspect.getdoc(kind) or "",
        "type": "object",
        "properties": {f.name: _value(hints[f.name], definitions) for f in mine},
        "required": required,
        "additionalProperties": False,
    }


def _value(kind: Any, definitions: dict[str, Any]) -> Mapping[str, Any]:
    origin, args = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        name = kind.__name__ if isinstance(kind, type) else type(kind).__name__
        if name not in definitions:
            definitions[name] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{name}"}
    if origin is UnionType:
        return _value(next(a for a in args if a is not NoneType), definitions)
    if origin is Literal:
        return {"enum": list(args)}
    if origin is tuple:
        return {"type": "array", "items": _value(args[0], definitions)}
    if origin is dict:
        definitions["Probe"] = _probe()
        return {"$ref": "#/$defs/Probe"}
    plain: dict[Any, dict[str, Any]] = {str: _TEXT, bool: {"type": "boolean"}, int: _PORT}
    return plain[kind]


def _probe() -> dict[str, Any]:
    types: dict[str, Any] = {
        "port": {"anyOf": [_PORT, _TEXT]},
        "command": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "path": {"type": "string", "pattern": "^/"},
        "scheme": {"enum": ["HTTP", "HTTPS"]},
        "service": _TEXT,
    }
    kinds = {
        name: {
            "type": "object",
            "properties": {key: types[key] for key in sorted(keys)},
            "required": ["command" if name == "exec" else "port"],
            "additionalProperties": False,
        }
        for name, keys in PROBES.items()
    }
    return {
        "description": "A probe in Kubernetes' form, without timings.",
        "type": "object",
        "properties": kinds,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


if __name__ == "__main__":
    print(schema_text(), end="")  # noqa: T201
