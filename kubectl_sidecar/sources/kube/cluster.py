"""The port `Cluster` on a real API server. See cluster.py for what holds; this module turns its calls into requests, and
answers into objects, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from kubectl_sidecar.core.facts import served_version
from kubectl_sidecar.core.kinds import ACCESS_REVIEWS, Resource
from kubectl_sidecar.errors import BadAnswer, Invalid
from kubectl_sidecar.sources.cluster import FIELD_MANAGER, ListQuery, Object, Written
from kubectl_sidecar.sources.kube.credentials import Login, Terminal
from kubectl_sidecar.sources.kube.faults import UNSURE, Answer, warnings_of
from kubectl_sidecar.sources.kube.transport import Request, Transport

_PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class KubeCluster:
    """A real cluster as one user of one context sees it; made by connect()."""

    def __init__(self, transport: Transport, login: Login, *, context: str, namespace: str, server: str) -> None:
        self._transport, self._login = transport, login
        self._context, self._namespace, self._server = context, namespace, server

    @property
    def context(self) -> str:
        return self._context

    @property
    def namespace(self) -> str:
        return self._namespace

    @property
    def server(self) -> str:
        return self._server

    @property
    def requests(self) -> int:
        return self._transport.requests

    def ask_on(self, terminal: Terminal) -> None:
        """Where a login that runs out later may ask a person: see credentials.py."""
        self._login.ask_on(terminal)

    def close(self) -> None:
        """Closes the idle connections."""
        self._transport.close()

    def version(self) -> str:
        answer = self._transport.send(Request("GET", "/version"))
        version = served_version(self._object(answer))
        if not version:
            raise self._transport.bad_answer(answer, "it names no gitVersion")
        return version

    def list_page(self, resource: Resource, namespace: str | None, query: ListQuery) -> bytes:
        asked = {
            "labelSelector": query.label_selector,
            "fieldSelector": query.field_selector,
            "limit": str(query.limit) if query.limit else "",
            "continue": query.continue_token,
        }
        accept = _PARTIAL if query.metadata_only else "application/json"
        words = urlencode({key: value for key, value in asked.items() if value})
        answer = self._transport.send(Request("GET", _path(resource, namespace), words, accept=accept))
        # Not parsed here: core.decode does that once, lean. But a page of HTML, half of one or `{"error": …}`, which would read
        # as an empty list, must not get there.
        if not answer.json or answer.body[:1] != b"{" or answer.body.rstrip()[-1:] != b"}":
            raise self._transport.bad_answer(answer, "it is not a whole JSON object" if answer.json else "")
        kinds = (f"{resource.kind}List", *(("PartialObjectMetadataList",) if query.metadata_only else ()))
        if _kind_of(answer.body) not in kinds:
            raise self._transport.bad_answer(answer, f"it is not a list of {resource.plural}")
        return answer.body

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        answer = self._transport.send(Request("GET", _path(resource, namespace, name)))
        return self._object(answer, resource)

    def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        operations: Sequence[Mapping[str, Any]],
        *,
        dry_run: bool,
        field_manager: str = FIELD_MANAGER,
    ) -> Written:
        request = Request(
            "PATCH",
            _path(resource, namespace, name),
            _write_query(dry_run, field_manager),
            content_type="application/json-patch+json",
            body=msgspec.json.encode(list(operations)),
            changes=not dry_run,
        )
        return self._written(request, resource)

    def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Mapping[str, Any],
        *,
        dry_run: bool,
        field_manager: str = FIELD_MANAGER,
    ) -> Written:
        request = Request(
            "POST",
            _path(resource, namespace),
            _write_query(dry_run, field_manager),
            content_type="application/json",
            body=msgspec.json.encode(body),
            changes=not dry_run and resource != ACCESS_REVIEWS,  # a review is a question
        )
        return self._written(request, resource)

    def _written(self, request: Request, resource: Resource) -> Written:
        try:
            answer = self._transport.send(request)
            return Written(self._object(answer, resource), warnings_of(answer))
        except BadAnswer as error:
            if not request.changes:
                raise
            raise BadAnswer(f"{error}. {UNSURE}") from error

    def _object(self, answer: Answer, resource: Resource | None = None) -> Object:
        try:
            found = msgspec.json.decode(answer.body) if answer.json else None
        except msgspec.DecodeError as error:
            raise self._transport.bad_answer(answer, "it is not whole JSON") from error
        if not isinstance(found, dict):
            raise self._transport.bad_answer(answer, "" if not answer.json else "it is not a JSON object")
        if resource and (found.get("kind") != resource.kind or found.get("apiVersion") != resource.api_version):
            raise self._transport.bad_answer(answer, f"it is not a {resource.kind} of {resource.api_version}")
        return found


class _Kind(msgspec.Struct):
    kind: str = ""


def _kind_of(body: bytes) -> str:
    """The kind of an object. An API server writes it first; elsewhere it is looked for."""
    if first := re.match(rb'\{\s*"kind"\s*:\s*"(\w+)"', body):
        return first[1].decode()
    try:
        return msgspec.json.decode(body, type=_Kind).kind
    except msgspec.DecodeError:
        return ""


def _write_query(dry_run: bool, field_manager: str) -> str:
    return urlencode(
        {"fieldValidation": "Strict", "fieldManager": field_manager, **({"dryRun": "All"} if dry_run else {})}
    )


def _path(resource: Resource, namespace: str | None, name: str | None = None) -> str:
    parts = ["apis", resource.group, resource.version] if resource.group else ["api", resource.version]
    if resource.namespaced and namespace is not None:
        parts += ["namespaces", _segment(namespace, "namespace")]
    parts.append(resource.plural)
    if name is not None:
        parts.append(_segment(name, f"name of a {resource.kind}"))
    return "/" + "/".join(parts)


def _segment(text: str, what: str) -> str:
    """One part of a path. An empty one, or dots, would ask for something else than was meant."""
    if not text or text in (".", "..") or re.search(r"[/%]", text):
        raise Invalid(f'"{text}" cannot be the {what}', status=400, reason="BadRequest")
    return quote(text, safe="")
