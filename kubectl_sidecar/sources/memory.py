"""An API server in memory behind the port of cluster.py: what `--demo` and most tests run on. It is honest: 403, 404, 409,
410 and 422 come with the words of a real one (the contract suite holds both to the same answers), a dry run stores nothing,
every write has a new resourceVersion, and only a change of what is wanted has a new generation.

Stored objects are never changed, only replaced, so a page or a snapshot may share them. Users come in through the port;
controllers, other users and tests through the second door (`objects`, `put`, `edit`, `remove`), which is not counted,
not authorized and not validated. `hooks` are called first on each request, outside the lock, so that one may raise an
error, block like a server that hangs, or change an object at just that moment."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from kubectl_sidecar.core import kinds
from kubectl_sidecar.core.kinds import KINDS, Resource
from kubectl_sidecar.errors import Conflict, Expired, Forbidden, Invalid, NotFound, ServerFailure
from kubectl_sidecar.sources.cluster import FIELD_MANAGER, ListQuery, Object, Written
from kubectl_sidecar.sources.embedded.defaults import set_defaults
from kubectl_sidecar.sources.embedded.schema import Mistyped, unknown_fields
from kubectl_sidecar.sources.embedded.selectors import field_match, label_match
from kubectl_sidecar.sources.embedded.validation import Fault, faults_of, update_faults, warnings_of
from kubectl_sidecar.sources.embedded.wire import (
    TOO_OLD,
    as_go_writes,
    as_list,
    bump_generation,
    copy_of,
    fixed_metadata,
    in_order,
    patched,
    position,
    qualified,
    random_suffix,
    read_token,
    set_manager,
    undecodable,
    with_claims,
    write_token,
)

PODS = Resource("", "v1", "pods", "Pod")
REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
_SERVED: tuple[Resource, ...] = (
    *(kind.resource for kind in KINDS), kinds.NODES, kinds.NAMESPACES, kinds.SERVICES, kinds.EVENTS, kinds.NETWORK_POLICIES,
    kinds.HPAS, kinds.PDBS, kinds.QUOTAS, kinds.LIMIT_RANGES, kinds.ACCESS_REVIEWS, REVISIONS,
    kinds.MUTATING_WEBHOOKS, kinds.CRDS,
    Resource("", "v1", "configmaps", "ConfigMap"), Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount"),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
)  # fmt: skip
_CUSTOM = (kinds.VPAS, kinds.POD_MONITORS)
"""Served only by a cluster that was given such objects, as without their CustomResourceDefinitions."""
_SNAPSHOTS_KEPT = 64

Rights = Callable[[str, Resource, str | None], bool]
"""(verb, resource, namespace or None for the cluster scope) -> allowed."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a hook sees it. `verb` is the API's: get, list, patch, create, or version."""

    verb: str
    resource: Resource | None = None
    namespace: str | None = None
    name: str = ""
    dry_run: bool = False


Hook = Callable[[Request], None]
Webhook = Callable[[Object], Object | None]
"""Gets a Pod that is about to be created, also in a dry run; answers it changed, or None to leave it. May raise an ApiError."""


class MemoryCluster:
    """See the module. `rights` None allows everything; `user` is who a 403 names; `now` is the server's clock."""

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]] = (),
        *,
        context: str = "demo",
        namespace: str = "default",
        version: str = "v1.35.4",
        rights: Rights | None = None,
        user: str = "demo",
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._context, self._namespace, self._version = context, namespace, version
        self._minor = int(version.split(".")[1].rstrip("+"))
        self._rights, self._user = rights, user
        self._now = now or (lambda: datetime.now(UTC))
        self._lock = threading.RLock()
        self._requests = 0
        self._resource_version = 1
        self._store: dict[Resource, dict[tuple[str, str], Object]] = {resource: {} for resource in _SERVED}
        self._snapshots: OrderedDict[tuple[int, Resource], tuple[Object, ...]] = OrderedDict()
        self.hooks: list[Hook] = []
        self.webhooks: list[Webhook] = []
        for obj in objects:
            self.put(obj)

    @property
    def context(self) -> str:
        return self._context

    @property
    def namespace(self) -> str:
        return self._namespace

    @property
    def server(self) -> str:
        return f"https://{self._context}.memory"

    @property
    def requests(self) -> int:
        return self._requests

    # The port

    def version(self) -> str:
        self._enter(Request("version"))
        return self._version

    def list_page(self, resource: Resource, namespace: str | None, query: ListQuery) -> bytes:
        self._enter(Request("list", resource, namespace))
        labels, fields = label_match(query.label_selector), field_match(query.field_selector, resource)
        with self._lock:
            table = self._table(resource)
            version, after = self._resource_version, ""
            if query.continue_token:
                version, after = read_token(query.continue_token)
            elif query.limit:
                self._take_snapshot(resource)
            stored = self._snapshot(resource, version) if query.continue_token else in_order(table)
        wanted = [
            obj for obj in stored
            if (not namespace or obj["metadata"].get("namespace") == namespace)
            and (not after or position(obj) > after) and labels(obj) and fields(obj)
        ]  # fmt: skip
        page = wanted[: query.limit] if query.limit else wanted
        meta: Object = {"resourceVersion": str(version)}
        if len(page) < len(wanted):
            meta["continue"] = write_token(version, position(page[-1]))
            if not query.label_selector and not query.field_selector:
                meta["remainingItemCount"] = len(wanted) - len(page)
        return msgspec.json.encode(as_list(resource, page, meta, metadata_only=query.metadata_only))

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        self._enter(Request("get", resource, namespace, name))
        with self._lock:
            return copy_of(self._stored(resource, namespace, name))

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
        self._enter(Request("patch", resource, namespace, name, dry_run))
        with self._lock:
            old = self._stored(resource, namespace, name)
            new = patched(old, operations)
            self._strict(new, resource, patch=True)
            self._check_version(resource, old, new)
            if new["metadata"].get("name") != name:
                said = f"the name of the object ({new['metadata'].get('name')}) does not match the name on the URL ({name})"
                raise Invalid(said, status=400, reason="BadRequest")
            self._prepare(new)
            self._refuse(resource, new, [*fixed_metadata(old, new), *faults_of(with_claims(new), minor=self._minor),
                                         *update_faults(old, new)])  # fmt: skip
            warnings = warnings_of(new)
            if new == old:
                return Written(copy_of(old), warnings)
            bump_generation(old, new)
            set_manager(new, field_manager, self._stamp())
            stored = new if dry_run else self._replace(resource, new)
            return Written(copy_of(stored), warnings)

    def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Mapping[str, Any],
        *,
        dry_run: bool,
        field_manager: str = FIELD_MANAGER,
    ) -> Written:
        metadata = body.get("metadata") or {}
        self._enter(Request("create", resource, namespace, str(metadata.get("name") or ""), dry_run))
        if resource == kinds.ACCESS_REVIEWS:
            return Written(self._review(body))
        with self._lock:
            self._table(resource)
            return self._create(resource, namespace, body, dry_run=dry_run, field_manager=field_manager)

    # The second door

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes meanwhile: what a controller does in one go."""
        with self._lock:
            yield

    def objects(self, resource: Resource) -> tuple[Object, ...]:
        """What is stored of a resource, in the order of lists. To read only: they are the stored objects themselves."""
        with self._lock:
            return in_order(self._store.get(resource, {}))

    def put(self, obj: Mapping[str, Any]) -> Object:
        """Stores an object as it is, with its defaults, whether it is there or not; its namespace is made. Returns a copy."""
        with self._lock:
            new = copy_of(obj)
            resource = self._resource_of(new)
            metadata = new.setdefault("metadata", {})
            if resource.namespaced:
                metadata.setdefault("namespace", self._namespace)
                self._make_namespace(metadata["namespace"])
            self._birth(new)
            self._prepare(new)
            return copy_of(self._replace(resource, new))

    def edit(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        change: Callable[[Object], None],
        *,
        manager: str = "",
        status: bool = False,
    ) -> Object:
        """Changes an object as somebody else would (`manager` then names who), and returns a copy. With `status` it is a write
        to a subresource, as a controller makes it: the generation stays."""
        with self._lock:
            old = self._stored(resource, namespace, name)
            new = copy_of(old)
            change(new)
            if new == old:
                return new
            if not status:
                bump_generation(old, new)
            if manager:
                set_manager(new, manager, self._stamp())
            return copy_of(self._replace(resource, new))

    @property
    def minor(self) -> int:
        """The minor version, as in 1.35."""
        return self._minor

    @property
    def resource_version(self) -> int:
        """The version of the last write: the same as before where nothing has changed."""
        return self._resource_version

    def remove(self, resource: Resource, namespace: str | None, name: str) -> None:
        """Removes an object at once; nothing happens if it is gone."""
        with self._lock:
            if self._store[resource].pop((namespace or "", name), None) is not None:
                self._resource_version += 1

    def admit(self, resource: Resource, namespace: str, body: Mapping[str, Any], *, manager: str) -> Object:
        """Creates an object as a controller does: through webhooks and validation, but neither counted nor authorized."""
        with self._lock:
            return self._create(resource, namespace, body, dry_run=False, field_manager=manager).object

    def expire_tokens(self) -> None:
        """Makes every continue token given so far too old, as compaction does on a real server after some minutes."""
        with self._lock:
            self._snapshots.clear()

    # Inside

    def _enter(self, request: Request) -> None:
        with self._lock:
            self._requests += 1
        for hook in tuple(self.hooks):
            hook(request)
        resource = request.resource
        if (
            resource
            and resource != kinds.ACCESS_REVIEWS
            and not self._allowed(request.verb, resource, request.namespace)
        ):
            named = (
                f'{qualified(resource)} "{request.name}"'
                if request.verb != "create" and request.name
                else qualified(resource)
            )
            where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
            raise Forbidden(
                f'{named} is forbidden: User "{self._user}" cannot {request.verb} resource "{resource.plural}" '
                f'in API group "{resource.group}" {where}',
                status=403,
                reason="Forbidden",
            )

    def _allowed(self, verb: str, resource: Resource, namespace: str | None) -> bool:
        return self._rights is None or self._rights(verb, resource, namespace)

    def _review(self, body: Mapping[str, Any]) -> Object:
        review = copy_of(body)
        asked = (review.get("spec") or {}).get("resourceAttributes") or {}
        group, plural = asked.get("group") or "", asked.get("resource") or ""
        known = next((r for r in self._store if (r.group, r.plural) == (group, plural)), None)
        resource = known or Resource(group, asked.get("version") or "", plural, "")
        allowed = self._allowed(asked.get("verb") or "", resource, asked.get("namespace") or None)
        return {**review, "metadata": review.get("metadata") or {}, "status": {"allowed": allowed}}

    def _create(
        self, resource: Resource, namespace: str | None, body: Mapping[str, Any], *, dry_run: bool, field_manager: str
    ) -> Written:
        new: Object = as_go_writes(copy_of(body))
        new.setdefault("apiVersion", resource.api_version)
        new.setdefault("kind", resource.kind)
        self._strict(new, resource, patch=False)
        metadata = new["metadata"] = new.get("metadata") or {}
        if resource.namespaced:
            self._check_namespace(metadata, namespace or "")
        for key in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"):
            metadata.pop(key, None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + random_suffix()
        self._birth(new)
        if resource == PODS:
            new = self._mutated(new)
            metadata = new["metadata"]
        self._prepare(new)
        self._refuse(resource, new, faults_of(with_claims(new), minor=self._minor))
        place = (str(metadata.get("namespace") or ""), str(metadata["name"]))
        if place in self._table(resource):
            raise Conflict(f'{qualified(resource)} "{place[1]}" already exists', status=409, reason="AlreadyExists")
        set_manager(new, field_manager, self._stamp())
        return Written(copy_of(new if dry_run else self._replace(resource, new)), warnings_of(new))

    def _check_namespace(self, metadata: Object, namespace: str) -> None:
        if metadata.get("namespace", namespace) != namespace:
            said = "the namespace of the provided object does not match the namespace sent on the request"
            raise Invalid(said, status=400, reason="BadRequest")
        metadata["namespace"] = namespace
        self._stored(kinds.NAMESPACES, None, namespace)

    def _mutated(self, pod: Object) -> Object:
        set_defaults(pod)
        for webhook in self.webhooks:
            pod = webhook(pod) or pod
        return pod

    def _prepare(self, obj: Object) -> None:
        set_defaults(obj)
        if self._minor < 29:  # the gate SidecarContainers: absent before 1.28, off by default in 1.28
            kind = kinds.of_object(obj)
            spec: Any = obj
            for key in kind.pod_spec if kind else ():
                spec = (spec or {}).get(key)
            for container in (spec or {}).get("initContainers") or () if kind else ():
                container.pop("restartPolicy", None)

    def _birth(self, obj: Object) -> None:
        metadata = obj["metadata"]
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", self._stamp())
        metadata.setdefault("generation", 1)

    def _strict(self, obj: Object, resource: Resource, *, patch: bool) -> None:
        """The decoder: of a body it says 400, of a patched object 422 with the whole object in the message."""
        if not patch and (obj.get("kind") != resource.kind or obj.get("apiVersion") != resource.api_version):
            raise undecodable(
                resource, f'no kind "{obj.get("kind")}" is registered for version "{obj.get("apiVersion")}"'
            )
        try:
            decoded = msgspec.json.decode(msgspec.json.encode(obj, order="sorted")) if patch else obj
            unknown = unknown_fields(decoded, native_sidecars_known=self._minor >= 28)
            said = (
                "strict decoding error: " + ", ".join(f'unknown field "{path}"' for path in unknown) if unknown else ""
            )
        except Mistyped as error:
            said = str(error)
        if not said:
            return
        if not patch:
            raise undecodable(resource, said)
        dumped = msgspec.json.encode(msgspec.json.encode(obj).decode()).decode()
        message = f"Invalid value: {dumped}: {said}"
        raise Invalid(f' "" is invalid: patch: {message}', status=422, reason="Invalid", causes=(("patch", message),))

    def _check_version(self, resource: Resource, old: Object, new: Object) -> None:
        asked = new["metadata"].get("resourceVersion")
        if asked and not str(asked).isdigit():
            raise ServerFailure(f'strconv.ParseUint: parsing "{asked}": invalid syntax', status=500)
        if asked and asked != old["metadata"]["resourceVersion"]:
            raise Conflict(
                f'Operation cannot be fulfilled on {qualified(resource)} "{old["metadata"]["name"]}": the object has been '
                "modified; please apply your changes to the latest version and try again",
                status=409,
                reason="Conflict",
            )
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]

    def _refuse(self, resource: Resource, obj: Object, faults: Sequence[Fault]) -> None:
        if not faults:
            return
        listed = str(faults[0]) if len(faults) == 1 else "[" + ", ".join(map(str, faults)) + "]"
        kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
        raise Invalid(
            f'{kind} "{obj["metadata"].get("name", "")}" is invalid: {listed}',
            status=422,
            reason="Invalid",
            causes=tuple((fault.field, fault.message) for fault in faults),
        )

    def _table(self, resource: Resource) -> dict[tuple[str, str], Object]:
        table = self._store.get(resource)
        if table is None:
            raise NotFound("the server could not find the requested resource", status=404, reason="NotFound")
        return table

    def _stored(self, resource: Resource, namespace: str | None, name: str) -> Object:
        found = self._table(resource).get((namespace or "", name))
        if found is None:
            raise NotFound(f'{qualified(resource)} "{name}" not found', status=404, reason="NotFound")
        return found

    def _replace(self, resource: Resource, obj: Object) -> Object:
        self._resource_version += 1
        metadata = {**obj["metadata"], "resourceVersion": str(self._resource_version)}
        stored = {**obj, "metadata": metadata}
        self._store.setdefault(resource, {})[str(metadata.get("namespace") or ""), str(metadata["name"])] = stored
        return stored

    def _resource_of(self, obj: Object) -> Resource:
        wanted = (obj.get("apiVersion"), obj.get("kind"))
        for resource in (*self._store, *_CUSTOM):
            if (resource.api_version, resource.kind) == wanted:
                return resource
        group, _, version = str(wanted[0]).rpartition("/")
        return Resource(group, version, f"{str(wanted[1]).lower()}s", str(wanted[1]))

    def _make_namespace(self, name: str) -> None:
        if ("", name) not in self._store[kinds.NAMESPACES]:
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def _stamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _take_snapshot(self, resource: Resource) -> None:
        self._snapshots[self._resource_version, resource] = in_order(self._table(resource))
        while len(self._snapshots) > _SNAPSHOTS_KEPT:
            self._snapshots.popitem(last=False)

    def _snapshot(self, resource: Resource, version: int) -> tuple[Object, ...]:
        found = self._snapshots.get((version, resource))
        if found is None:
            raise Expired(TOO_OLD, status=410, reason="Expired")
        return found
