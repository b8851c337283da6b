"""Label and field selectors in the API's query form, with the API server's own words for what it cannot read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kubectl_sidecar.core.kinds import Resource
from kubectl_sidecar.errors import Invalid

Match = Callable[[Mapping[str, Any]], bool]

_SET = re.compile(r"^(?P<key>[^\s!=,()]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=,()]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^\s!=,()]*)$")
_EXISTS = re.compile(r"^(?P<not>!?)\s*(?P<key>[^\s!=,()]+)$")
_SUPPORTED: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase"),
    "Event": ("involvedObject.kind", "involvedObject.name", "involvedObject.uid", "reason", "type"),
    "Job": ("status.successful",),
    "ReplicaSet": ("status.replicas",),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
}


def label_match(selector: str) -> Match:
    """Whether an object's labels fit a selector: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas."""
    tests = [_requirement(term.strip()) for term in re.split(r",(?![^(]*\))", selector)] if selector.strip() else []
    return lambda obj: all(test((obj.get("metadata") or {}).get("labels") or {}) for test in tests)


def _requirement(term: str) -> Match:
    if found := _SET.match(term):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        wanted = found["operator"] == "in"
        return lambda labels: (labels.get(key) in values) if wanted else (labels.get(key) not in values)
    if found := _EQUAL.match(term):
        key, value, equal = found["key"], found["value"], found["operator"] != "!="
        return lambda labels: (key in labels and labels[key] == value) if equal else labels.get(key) != value
    if found := _EXISTS.match(term):
        key, present = found["key"], not found["not"]
        return lambda labels: (key in labels) is present
    raise _bad(_fault(term))


def _fault(term: str) -> str:
    words = re.findall(r"[!=]=?|[()]|[^\s!=()]+", term)
    if len(words) > 1 and words[1] not in ("=", "==", "!=", "in", "notin"):
        return f"unable to parse requirement: found '{words[1]}', expected: in, notin, =, ==, !=, gt, lt"
    odd = words[2] if len(words) > 2 else words[0] if words else ""
    return f"unable to parse requirement: found '{odd}', expected: identifier"


def field_match(selector: str, resource: Resource) -> Match:
    """Whether an object fits a field selector: `path=value`, `path!=value`, joined by commas, of the fields that the kind has."""
    tests = [_field(term.strip(), resource) for term in selector.split(",") if term.strip()]
    return lambda obj: all(test(obj) for test in tests)


def _field(term: str, resource: Resource) -> Match:
    found = re.match(r"^(?P<path>[^!=]+)(?P<operator>==|=|!=)(?P<value>.*)$", term)
    if not found:
        raise _bad(f"invalid selector: '{term}'; can't understand '{term}'")
    path, value, equal = found["path"], found["value"], found["operator"] != "!="
    if path not in ("metadata.name", "metadata.namespace", *_SUPPORTED.get(resource.kind, ())):
        if resource.group in ("", "batch"):
            raise _bad(f"field label not supported: {path}")
        raise _bad(f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"')
    return lambda obj: (_at(obj, path) == value) is equal


def _at(obj: Mapping[str, Any], path: str) -> str:
    value: Any = obj
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def _bad(message: str) -> Invalid:
    return Invalid(message, status=400, reason="BadRequest")
