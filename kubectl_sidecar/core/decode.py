"""From the wire to the typed views of workload.py: a page of a list (bytes), or one object (bytes or a plain mapping).

A page is decoded lean: of a Pod template with one container and no other place where a sidecar could be, only names and
images are read, because no such workload can have a sidecar. An item that does not fit becomes a `Broken`; the rest of its
page is kept. Measured on 10,000 Deployments (61 MB) in `make bench`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any, Generic, TypeVar

import msgspec

from kubectl_sidecar.core.kinds import Kind
from kubectl_sidecar.core.workload import (
    Broken,
    ClaimTemplate,
    Container,
    JobSpec,
    Metadata,
    PodFailurePolicy,
    PodSpec,
    PodTemplate,
    Strategy,
    Workload,
    _Base,
)
from kubectl_sidecar.errors import DecodeError

SpecT = TypeVar("SpecT")

_HEAD_BYTES = 8192


class _Template(_Base, Generic[SpecT], frozen=True):
    """`SpecT` is `PodSpec | None`, or a draft of it."""

    metadata: Metadata | None = None
    spec: SpecT = None  # type: ignore[assignment]


class _JobBody(_Base, Generic[SpecT], frozen=True):
    template: _Template[SpecT] | None = None
    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    pod_failure_policy: PodFailurePolicy | None = None


class _JobTemplate(_Base, Generic[SpecT], frozen=True):
    spec: _JobBody[SpecT] | None = None


class _Body(_Base, Generic[SpecT], frozen=True):
    """The spec of every kind but Pod: the union of their fields."""

    template: _Template[SpecT] | None = None
    job_template: _JobTemplate[SpecT] | None = None
    replicas: int | None = None
    paused: bool | None = None
    suspend: bool | None = None
    schedule: str | None = None
    strategy: Strategy | None = None
    update_strategy: Strategy | None = None
    selector: dict[str, Any] | None = None
    progress_deadline_seconds: int | None = None
    min_ready_seconds: int | None = None
    pod_management_policy: str | None = None
    volume_claim_templates: tuple[ClaimTemplate, ...] | None = None
    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    pod_failure_policy: PodFailurePolicy | None = None


class _Item(_Base, Generic[SpecT], frozen=True):
    metadata: Metadata | None = None
    spec: _Body[SpecT] | None = None
    api_version: str | None = None


class _PodItem(_Base, Generic[SpecT], frozen=True):
    metadata: Metadata | None = None
    spec: SpecT = None  # type: ignore[assignment]
    api_version: str | None = None


class _ListMeta(_Base, frozen=True):
    continue_: str | None = msgspec.field(default=None, name="continue")
    resource_version: str | None = None


class _List(_Base, Generic[SpecT], frozen=True):
    metadata: _ListMeta | None = None
    items: tuple[SpecT, ...] | None = None


class _Stub(_Base, frozen=True):
    name: str | None = None
    image: str | None = None
    restart_policy: str | None = None


Texts = tuple[msgspec.Raw, ...] | None
_Draft: Any = msgspec.defstruct(
    "_Draft",
    [
        (f.name, Texts if f.name in ("containers", "init_containers") else f.type, f.default)
        for f in msgspec.structs.fields(PodSpec)
    ],
    bases=(_Base,),
    frozen=True,
)
"""A PodSpec whose containers are still text; the other fields, in the same order, are read."""

_SHARED = 2_048


class Shared:
    """Containers that were read before, by their text: a cluster runs few distinct helpers, each very often, so most are read
    once and are there once. One for a whole scan; bounded; safe to use from several threads."""

    def __init__(self) -> None:
        self._read: Callable[[bytes], Container] = lru_cache(_SHARED)(_decoder(Container))

    def container(self, text: msgspec.Raw) -> Container:
        """The container of this text. Raises msgspec's ValidationError."""
        return self._read(bytes(text))


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its items in the server's order, decoded one by one as they are taken (so that a large page is never there twice),
    once; and the token with which the next page is asked for (or None)."""

    items: Iterator[Workload | Broken]
    continue_token: str | None


@dataclass(frozen=True, slots=True)
class MetadataPage:
    """A page of PartialObjectMetadata."""

    items: tuple[Metadata, ...]
    continue_token: str | None


class _Partial(_Base, frozen=True):
    metadata: Metadata | None = None


def decode_page(kind: Kind, data: bytes, shared: Shared | None = None) -> Page:
    """The items of one page of a list of `kind`. Raises DecodeError only when the page itself is not a list."""
    lean = partial(_lean_spec, shared=shared or Shared())
    decoder = _decoder(_List[_PodItem[_Draft | None]] if _is_pod(kind) else _List[_Item[_Draft | None]])
    try:
        page = decoder(data)
        items = (_guarded(kind, item, lean) for item in page.items or ())
    except msgspec.ValidationError:
        raws: Any = _json(_List[msgspec.Raw], data)
        page, items = raws, (_item_alone(kind, raw) for raw in raws.items or ())
    except msgspec.DecodeError as error:
        raise DecodeError(f"not the JSON that an API server answers ({error})") from error
    meta = page.metadata or _ListMeta()
    return Page(items, meta.continue_ or None)


def continue_token(data: bytes) -> str | None:
    """The token of the next page, read off the head of a page where an API server writes it, so that the next page can be asked
    for before this one is decoded; None where there is none. Raises DecodeError when the page is no list."""
    end = data.find(b'"items":', 0, _HEAD_BYTES)
    head = data[:end].rstrip(b" \n,") + b"}" if end > 0 and b'"metadata":' in data[:end] else data
    meta: _ListMeta = _json(_List[msgspec.Raw], head).metadata or _ListMeta()
    return meta.continue_ or None


def decode_metadata_page(data: bytes) -> MetadataPage:
    """The items of a PartialObjectMetadataList. Raises DecodeError when it is none."""
    page: Any = _json(_List[_Partial], data)
    items = tuple(item.metadata or Metadata() for item in page.items or ())
    return MetadataPage(items, (page.metadata.continue_ or None) if page.metadata else None)


def decode_metadata(obj: Mapping[str, Any]) -> Metadata:
    """The metadata of one object as plain mapping. Raises DecodeError with the path of what does not fit."""
    try:
        return msgspec.convert(obj, _Partial).metadata or Metadata()
    except msgspec.ValidationError as error:
        raise _decode_error(error) from error


def decode_object(kind: Kind, obj: Mapping[str, Any]) -> Workload:
    """One object as plain mapping, read in full. Raises DecodeError with the path of what does not fit."""
    shape: Any = _PodItem[PodSpec | None] if _is_pod(kind) else _Item[PodSpec | None]
    try:
        return _workload(kind, msgspec.convert(obj, shape), _identity)
    except msgspec.ValidationError as error:
        raise _decode_error(error) from error


def decode_or_broken(kind: Kind, obj: Mapping[str, Any]) -> Workload | Broken:
    """Like decode_object, but an object that does not fit becomes a Broken row."""
    try:
        return decode_object(kind, obj)
    except DecodeError as error:
        metadata = obj.get("metadata")
        found = metadata if isinstance(metadata, Mapping) else {}
        rest = _rest(kind, obj, error.path)
        return Broken(kind, _text(found.get("namespace")), _text(found.get("name")), str(error), rest)


_FAULTS = 8


def _rest(kind: Kind, obj: Mapping[str, Any], path: str) -> Workload | None:
    """The object without what does not fit, unless that is of its Pod template, or there is too much of it."""
    from kubectl_sidecar.core import edits  # a list hardly ever needs it

    template = ".".join(str(key) for key in kind.template)
    for _ in range(_FAULTS):
        path = path.removesuffix("[...]")  # all labels, where one of them is no text
        if not path or "[" in path or not template or _overlap(path, template):
            return None
        obj = edits.apply(obj, [edits.Remove(tuple(path.split(".")))])
        try:
            return decode_object(kind, obj)
        except DecodeError as error:
            path = error.path
    return None


def _overlap(path: str, other: str) -> bool:
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


def _is_pod(kind: Kind) -> bool:
    return kind.template == ()


@cache
def _decoder(shape: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(shape).decode


def _json(shape: Any, data: bytes | msgspec.Raw) -> Any:
    try:
        return _decoder(shape)(data)
    except msgspec.ValidationError as error:
        raise _decode_error(error) from error
    except msgspec.DecodeError as error:
        raise DecodeError(f"not the JSON that an API server answers ({error})") from error


_AT = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")


def _decode_error(error: msgspec.ValidationError, *, below: str = "") -> DecodeError:
    """msgspec's `Expected `str`, got `int` - at `$.spec.x[0]`` as a sentence with its path first."""
    text = str(error)
    found = _AT.search(text)
    path = found.group(1) if found else ""
    said = text[: found.start()] if found else text
    return DecodeError(said[:1].lower() + said[1:], path=".".join(part for part in (below, path) if part))


def _guarded(kind: Kind, item: Any, lean: Callable[[Any], PodSpec | None]) -> Workload | Broken:
    try:
        return _workload(kind, item, lean)
    except DecodeError as error:
        metadata = item.metadata or Metadata()
        below = ".".join(str(key) for key in kind.pod_spec)
        return Broken(kind, metadata.namespace or "", metadata.name or "", f"{below}.{error}")


def _item_alone(kind: Kind, raw: msgspec.Raw) -> Workload | Broken:
    obj: Any = msgspec.json.decode(raw)
    if not isinstance(obj, dict):
        return Broken(kind, "", "", f"expected an object, got {type(obj).__name__}")
    return decode_or_broken(kind, obj)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _identity(spec: PodSpec | None) -> PodSpec | None:
    return spec


def _lean_spec(draft: Any, *, shared: Shared) -> PodSpec | None:
    """The Pod spec, in full only where a sidecar is possible. Raises DecodeError with the path from the spec on."""
    if draft is None:
        return None
    if len(draft.containers or ()) < 2:
        return PodSpec(
            _each("containers", draft.containers, _stub), _each("initContainers", draft.init_containers, _stub)
        )
    read = shared.container
    regular = _each("containers", draft.containers, read)
    return PodSpec(regular, _each("initContainers", draft.init_containers, read), *msgspec.structs.astuple(draft)[2:])


def _each(field: str, texts: Texts, read: Callable[[msgspec.Raw], Container]) -> tuple[Container, ...] | None:
    if texts is None:
        return None
    found: list[Container] = []
    for text in texts:
        try:
            found.append(read(text))
        except msgspec.ValidationError as error:
            raise _decode_error(error, below=f"{field}[{len(found)}]") from error
    return tuple(found)


def _stub(text: msgspec.Raw) -> Container:
    stub: _Stub = _decoder(_Stub)(text)
    return Container(name=stub.name or "", image=stub.image, restart_policy=stub.restart_policy)


def _workload(kind: Kind, item: Any, spec_of: Callable[[Any], PodSpec | None]) -> Workload:
    metadata = item.metadata or Metadata()
    api_version = item.api_version or kind.resource.api_version
    if _is_pod(kind):
        return Workload(kind, api_version, metadata, PodTemplate(metadata, spec_of(item.spec)))
    body: Any = item.spec or _Body()
    job: Any = (body.job_template.spec if body.job_template else None) if kind.name == "CronJob" else body
    template = (job or _Body()).template or _Template()
    return Workload(
        kind,
        api_version,
        metadata,
        PodTemplate(template.metadata, spec_of(template.spec)),
        replicas=body.replicas,
        paused=body.paused,
        suspended=body.suspend,
        schedule=body.schedule,
        strategy=body.strategy or body.update_strategy,
        selector=body.selector,
        progress_deadline_seconds=body.progress_deadline_seconds,
        min_ready_seconds=body.min_ready_seconds,
        pod_management_policy=body.pod_management_policy,
        claim_templates=tuple((c.metadata or Metadata()).name or "" for c in body.volume_claim_templates or ()),
        job=_job_spec(job) if kind.name in ("CronJob", "Job") and job else None,
    )


def _job_spec(body: Any) -> JobSpec:
    return JobSpec(body.backoff_limit, body.active_deadline_seconds, body.pod_failure_policy)


# msgspec builds what it knows of a type at the type's first use, and two threads that do so at the same time crash the process
# (seen with msgspec 0.22; a test tries it). So it is built here, where the import lock lets only one thread in.
_DECODED: tuple[Any, ...] = (
    _List[_Item[_Draft | None]],
    _List[_PodItem[_Draft | None]],
    _List[msgspec.Raw],
    _List[_Partial],
    _Stub,
    Container,
)
_CONVERTED: tuple[Any, ...] = (_Partial, _Item[PodSpec | None], _PodItem[PodSpec | None], PodTemplate)
for _shape in _DECODED:
    _decoder(_shape)
for _shape in _CONVERTED:
    msgspec.convert({}, _shape)
