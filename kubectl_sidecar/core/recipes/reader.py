"""A recipe's document becomes a Recipe, or a RecipeError that begins with the file and the path of the fault.

The dataclasses of recipe.py are the vocabulary: what is read, and the schema for editors, follow from their fields and types,
so the three cannot drift apart. Strict: an unknown field, a wrong type or a value that could have no effect is refused. An
unknown major version is refused; of a newer minor version the fields that are not known here are left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from kubectl_sidecar.core.recipes.recipe import Match, Recipe
from kubectl_sidecar.errors import RecipeError

MAJOR, MINOR = 1, 0
VERSION_KEY = "schema"
ALL = "*"
"""In `unconfirmed`: every value of `match`."""

PROBES: Mapping[str, frozenset[str]] = {
    "httpGet": frozenset(("path", "port", "scheme")),
    "tcpSocket": frozenset(("port",)),
    "exec": frozenset(("command",)),
    "grpc": frozenset(("port", "service")),
}


def from_dict(data: Mapping[str, Any], *, origin: str) -> Recipe:
    """One recipe from its parsed document. `origin` is the file's name, for errors and `recipes show`."""
    try:
        if not isinstance(data, Mapping):
            raise _Fault("", f"expected fields of a recipe, got {_kind(data)}")
        lenient = _check_version(data)
        body = {key: value for key, value in data.items() if key != VERSION_KEY}
        recipe: Recipe = _read(Recipe, body, "", lenient=lenient, given={"origin": origin})
        return _checked(recipe)
    except _Fault as fault:
        where = f"{origin}: {fault.path}" if fault.path else origin
        raise RecipeError(f"{where}: {fault.text}") from None


class _Fault(Exception):
    def __init__(self, path: str, text: str) -> None:
        super().__init__(path, text)
        self.path = path
        self.text = text


def _check_version(data: Mapping[str, Any]) -> bool:
    """Whether the recipe is of a newer minor version, whose additions are not known here."""
    value = data.get(VERSION_KEY)
    if value is None:
        raise _Fault(VERSION_KEY, f'is missing; write {VERSION_KEY}: "{MAJOR}.{MINOR}"')
    if not isinstance(value, str):
        raise _Fault(VERSION_KEY, f'expected a text as "{MAJOR}.{MINOR}" (in quotes), got {_kind(value)}')
    major, dot, minor = value.partition(".")
    if not (dot and major.isdecimal() and minor.isdecimal()):
        raise _Fault(VERSION_KEY, f'"{value[:20]}" is no version; write "{MAJOR}.{MINOR}"')
    if int(major) != MAJOR:
        raise _Fault(
            VERSION_KEY, f"version {value[:20]} is not known here, only {MAJOR}.x; update the tool or the recipe"
        )
    return int(minor) > MINOR


def _read(kind: Any, value: Any, path: str, *, lenient: bool, given: Mapping[str, Any] | None = None) -> Any:
    """A value of a field's type. `given` are fields of a dataclass that are not in the document."""
    if is_dataclass(kind):
        return _read_class(kind, value, path, lenient=lenient, given=given or {})
    origin, args = get_origin(kind), get_args(kind)
    if origin is UnionType:
        inner = next(a for a in args if a is not NoneType)
        return _read(inner, value, path, lenient=lenient)
    if origin is Literal:
        if value not in args or not isinstance(value, str):
            raise _Fault(path, f"expected one of {', '.join(args)}, got {_shown(value)}{_meant(value, args)}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise _Fault(path, f"expected a list, got {_kind(value)}")
        return tuple(_read(args[0], item, f"{path}[{i}]", lenient=lenient) for i, item in enumerate(value))
    if origin is dict:
        return _read_probe(value, path)
    if kind is str:
        return _read_text(value, path)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _Fault(path, f"expected {_TYPES[kind]}, got {_kind(value)}")
    return value


def _read_class(kind: Any, value: Any, path: str, *, lenient: bool, given: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        raise _Fault(path, f"expected fields, got {_kind(value)}")
    hints = _hints(kind)
    known = [f for f in fields(kind) if f.name not in given]
    names = [f.name for f in known]
    for key in value:
        if key not in names and not lenient:
            choices = [*names, VERSION_KEY] if kind is Recipe else names
            raise _Fault(_under(path, str(key)), f"is not a field of a recipe{_meant(key, choices)}")
    found = dict(given)
    for f in known:
        if f.name in value:
            found[f.name] = _read(hints[f.name], value[f.name], _under(path, f.name), lenient=lenient)
        elif f.default is MISSING and f.default_factory is MISSING:
            raise _Fault(_under(path, f.name), "is missing")
    return kind(**found)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        hint = " (put it in quotes)" if isinstance(value, bool | int | float) else ""
        raise _Fault(path, f"expected a text, got {_kind(value)}{hint}")
    if not value.strip():
        raise _Fault(path, "is empty; leave it out or say something")
    if any(ord(c) < 32 and c != "\n" for c in value):
        raise _Fault(path, "holds a control character")
    return value.strip("\n")


def _read_probe(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _Fault(path, f"expected a probe as Kubernetes has it, got {_kind(value)}")
    if len(value) != 1 or next(iter(value)) not in PROBES:
        raise _Fault(path, f"expected exactly one of {', '.join(PROBES)} (timings are not part of a recipe)")
    name, body = next(iter(value.items()))
    at = f"{path}.{name}"
    if not isinstance(body, Mapping):
        raise _Fault(at, f"expected fields, got {_kind(body)}")
    for key in body:
        if key not in PROBES[name]:
            raise _Fault(f"{at}.{key}", f"is not a field of {name}{_meant(key, PROBES[name])}")
    if name == "exec":
        command = body.get("command")
        if not (isinstance(command, list) and command and all(isinstance(word, str) for word in command)):
            raise _Fault(f"{at}.command", "expected a list of words")
        return {name: dict(body)}
    port = body.get("port")
    named = isinstance(port, str) and port and name != "grpc"
    if not named and not (isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536):
        raise _Fault(f"{at}.port", f"expected a port from 1 to 65535, got {_shown(port)}")
    for key in ("path", "scheme", "service"):
        if key in body:
            _read_text(body[key], f"{at}.{key}")
    if not body.get("path", "/").startswith("/"):
        raise _Fault(f"{at}.path", 'expected a path that begins with "/"')
    if body.get("scheme", "HTTP") not in ("HTTP", "HTTPS"):
        raise _Fault(f"{at}.scheme", f"expected HTTP or HTTPS, got {_shown(body['scheme'])}")
    return {name: dict(body)}


def _checked(recipe: Recipe) -> Recipe:
    """What the types cannot say: combinations that would have no effect, or a dangerous one."""
    match = recipe.match
    if not (match.images or match.names or match.command):
        raise _Fault("match", "says nothing to find it by; give images, names or command")
    if recipe.generic and not (match.command or match.args or match.env or match.ports or match.mounts):
        raise _Fault("generic", "a generic image proves nothing; give match.command, args, env, ports or mounts")
    if recipe.movable == "yes" and recipe.reason:
        raise _Fault("reason", "has no effect while it is movable; leave it out, or set movable")
    if recipe.movable != "yes" and not recipe.reason:
        raise _Fault("reason", f"is missing; say why it is movable: {recipe.movable} and what to do instead")
    for i, path in enumerate(recipe.quit_endpoints):
        if not path.startswith("/"):
            raise _Fault(f"quit_endpoints[{i}]", 'expected a path that begins with "/"')
    for name in ("match", "unless"):
        _check_match(getattr(recipe, name), name)
    for name in ("one_shot", "needs_app", "wrappers"):
        _check_condition(getattr(recipe, name), name)
    if recipe.startup_probe:
        _check_condition(recipe.startup_probe.requires, "startup_probe.requires")
        for i, pattern in enumerate(recipe.startup_probe.port_from):
            if pattern.count("*") != 1:
                raise _Fault(f"startup_probe.port_from[{i}]", 'expected one "*", where the port stands')
    return _with_unconfirmed(recipe)


def _check_condition(match: Match, path: str) -> None:
    """A condition on how a container of this family is configured; which program it is, `match` says."""
    for group in ("images", "names"):
        if getattr(match, group):
            raise _Fault(f"{path}.{group}", "has no effect here; give command, args, env, ports or mounts")
    _check_match(match, path)


def _check_match(match: Match, path: str) -> None:
    for i, port in enumerate(match.ports):
        if not 0 < port < 65536:
            raise _Fault(f"{path}.ports[{i}]", f"expected a port from 1 to 65535, got {port}")
    for group in ("images", "names", "command", "args", "env", "mounts"):
        for i, pattern in enumerate(getattr(match, group)):
            if not pattern.strip("*?"):
                raise _Fault(f"{path}.{group}[{i}]", f'"{pattern}" fits everything; say what makes it this family')


def _with_unconfirmed(recipe: Recipe) -> Recipe:
    """`unconfirmed` names values of `match`; a misspelt one would silently count as confirmed."""
    match = recipe.match
    values = (*match.images, *match.names, *match.command, *match.args, *match.env, *match.mounts)
    if recipe.unconfirmed == (ALL,):
        return replace(recipe, unconfirmed=values)
    for i, value in enumerate(recipe.unconfirmed):
        if value not in values:
            raise _Fault(f"unconfirmed[{i}]", f'"{value}" is no value of match{_meant(value, values)}')
    return recipe


_TYPES: Mapping[Any, str] = {str: "a text", bool: "true or false", int: "a whole number"}


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "fields" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def _shown(value: Any) -> str:
    return f'"{value[:60]}"' if isinstance(value, str) else _kind(value)


def _meant(value: Any, choices: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(str(value)[:60], list(choices), 1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
