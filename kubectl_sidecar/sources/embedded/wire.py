"""What the embedded API server does with single objects and answers, as functions of values: patches, list bodies, continue
tokens, generation and managers. memory.py holds the state."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from kubectl_sidecar.core.kinds import Resource
from kubectl_sidecar.errors import ApiError, Invalid
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.embedded.validation import Fault

TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
    "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with "
    "the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


def copy_of(obj: Mapping[str, Any]) -> Object:
    copied: Object = msgspec.json.decode(msgspec.json.encode(obj))
    return copied


def random_suffix() -> str:
    return "".join("bcdfghjklmnpqrstvwxz2456789"[byte % 27] for byte in uuid.uuid4().bytes[:5])


def qualified(resource: Resource) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def position(obj: Object) -> str:
    metadata = obj["metadata"]
    return f"{metadata.get('namespace') or ''}/{metadata['name']}"


def in_order(table: Mapping[tuple[str, str], Object]) -> tuple[Object, ...]:
    return tuple(sorted(table.values(), key=position))


def write_token(version: int, after: str) -> str:
    data = msgspec.json.encode({"v": "meta.k8s.io/v1", "rv": version, "start": after})
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_token(token: str) -> tuple[int, str]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(found["rv"]), str(found["start"])
    except (binascii.Error, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        said = f"invalid continue token: continue key is not valid: {error}"
        raise Invalid(said, status=400, reason="BadRequest") from error


def as_list(resource: Resource, page: Sequence[Object], meta: Object, *, metadata_only: bool) -> Object:
    if metadata_only:
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        items = [{**partial, "metadata": obj["metadata"]} for obj in page]
        return {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
    items = [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in page]
    return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta, "items": items}


def patched(old: Object, operations: Sequence[Mapping[str, Any]]) -> Object:
    import jsonpatch  # type: ignore[import-untyped,unused-ignore]  # lazy: only a write needs it

    try:
        result = jsonpatch.apply_patch(copy_of(old), [dict(operation) for operation in operations], in_place=True)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, ValueError) as error:
        _reject(error)
    if not isinstance(result, dict) or not isinstance(result.get("metadata"), dict):
        _reject(None)
    written: Object = as_go_writes(result)
    return written


def _reject(error: Exception | None) -> NoReturn:
    said = "the server rejected our request due to an error in our request"
    raise Invalid(said, status=422, reason="Invalid") from error


_MAPS_LEFT_OUT = ("labels", "annotations", "nodeSelector", "matchLabels")


def as_go_writes(value: Any) -> Any:
    """A null is the same as an absent field, and an empty list or map is left out (`omitempty`)."""
    if isinstance(value, dict):
        return {
            key: as_go_writes(item) for key, item in value.items()
            if item is not None and (item != [] or key == "containers") and (item != {} or key not in _MAPS_LEFT_OUT)
        }  # fmt: skip
    return [as_go_writes(item) for item in value] if isinstance(value, list) else value


def undecodable(resource: Resource, said: str) -> ApiError:
    message = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {said}'
    return Invalid(message, status=400, reason="BadRequest")


def fixed_metadata(old: Object, new: Object) -> list[Fault]:
    before, after = old["metadata"].get("uid"), new["metadata"].get("uid")
    return [] if before == after else [Fault("metadata.uid", f'Invalid value: "{after}": field is immutable')]


def with_claims(obj: Object) -> Object:
    """A StatefulSet's claim templates are volumes of its Pods, which the check of mounts must know."""
    spec = obj.get("spec") or {}
    if obj.get("kind") != "StatefulSet" or not spec.get("volumeClaimTemplates"):
        return obj
    claims = [(claim.get("metadata") or {}).get("name") for claim in spec["volumeClaimTemplates"]]
    template = spec.get("template") or {}
    pod_spec = {**(template.get("spec") or {}), "_claims": claims}
    return {**obj, "spec": {**spec, "template": {**template, "spec": pod_spec}}}


def bump_generation(old: Object, new: Object) -> None:
    """A Deployment's generation also counts changes of its annotations (pkg/registry/apps/deployment/strategy.go)."""
    annotated = new.get("kind") == "Deployment" and old["metadata"].get("annotations") != new["metadata"].get(
        "annotations"
    )
    generation = old["metadata"].get("generation") or 1
    new["metadata"]["generation"] = generation + 1 if annotated or old.get("spec") != new.get("spec") else generation


def set_manager(obj: Object, manager: str, stamp: str) -> None:
    entry: Object = {"manager": manager, "operation": "Update", "apiVersion": obj.get("apiVersion"), "time": stamp,
             "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}  # fmt: skip
    others = [e for e in obj["metadata"].get("managedFields") or () if (e.get("manager"), e.get("operation"), e.get("subresource"))
              != (manager, "Update", None)]  # fmt: skip
    obj["metadata"]["managedFields"] = [*others, entry]
