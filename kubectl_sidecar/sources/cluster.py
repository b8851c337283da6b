"""The port: the one narrow door to a cluster, and the values that pass through it. Two implementations stand behind it,
kube.py (a real API server) and memory.py (an API server in memory), and one contract suite holds both to the same answers.

Every method may be called from several threads at once, and raises only errors of kubectl_sidecar.errors (Unreachable,
Unauthorized, Forbidden, NotFound, Conflict, Expired, Invalid, TooManyRequests, ServerFailure, BadAnswer, CredentialsError).
Objects go in and out as plain mappings, so that no field is lost; pages of lists as bytes, so that they can be decoded lean."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from kubectl_sidecar.core.kinds import Resource

FIELD_MANAGER = "kubectl-sidecar"

Object = dict[str, Any]
"""A Kubernetes object as plain mapping: what json.loads gives."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is narrowed to. `limit` items a page; `metadata_only` asks for PartialObjectMetadata."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    metadata_only: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """The server's answer to a write or a dry run: the object as it would be or is, and its Warning headers' texts."""

    object: Object
    warnings: tuple[str, ...] = ()


class Cluster(Protocol):
    """A cluster as one user of one context sees it."""

    @property
    def context(self) -> str:
        """The context's name, for people; never empty (`in-cluster`, `demo`)."""

    @property
    def namespace(self) -> str:
        """The context's namespace, `default` where it names none."""

    @property
    def server(self) -> str:
        """The server's address, for people and for the journal."""

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""

    def version(self) -> str:
        """The server's gitVersion, as in `v1.33.4-eks-1a2b3c`; where it plays an older version, that one: `v1.32.0`."""

    def list_page(self, resource: Resource, namespace: str | None, query: ListQuery) -> bytes:
        """One page of a list as JSON bytes; `namespace=None` means all namespaces."""

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """One object with apiVersion and kind. Raises NotFound."""

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
        """Applies an RFC 6902 JSON Patch, always with fieldValidation=Strict. Raises Conflict, Invalid, NotFound."""

    def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Mapping[str, Any],
        *,
        dry_run: bool,
        field_manager: str = FIELD_MANAGER,
    ) -> Written:
        """Creates an object (or a review), always with fieldValidation=Strict."""


class Clock(Protocol):
    """Time, handed in: tests and the embedded cluster advance it themselves."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; only differences mean anything."""

    def now(self) -> datetime:
        """The wall clock, in UTC, with time zone."""

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Waits that long, or until `stop` is set; says whether it is set."""
