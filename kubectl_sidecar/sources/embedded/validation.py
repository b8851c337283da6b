"""The API server's rules about objects with a Pod template, as far as a move between containers and initContainers can
touch them. Each fault has the field, the kind of fault and the words that Kubernetes 1.35 answered (pkg/apis/core/validation,
pkg/apis/apps/validation, pkg/apis/batch/validation); servers of other versions differ only where `minor` is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_sidecar.core.kinds import Kind, of_object

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NO_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_NO_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_ONLY_NATIVE = "may not be set for init containers without restartPolicy=Always"
_POD_UPDATE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_STATEFULSET_UPDATE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_STATEFULSET_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)  # fmt: skip
_POLICIES = ("Always", "OnFailure", "Never")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where, and the server's words."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def faults_of(obj: Mapping[str, Any], *, minor: int) -> list[Fault]:
    """What a server of Kubernetes 1.`minor` finds wrong in an object that has its defaults."""
    faults = list(_metadata(obj.get("metadata") or {}))
    kind = of_object(obj)
    if kind is None:
        return faults
    spec: Mapping[str, Any] = obj.get("spec") or {}
    faults += _selector(kind, spec)
    if kind.name == "CronJob":
        faults += _schedule(spec)
    if kind.name == "Deployment":
        faults += _strategy(spec.get("strategy") or {})
    holder: Any = obj
    for key in kind.pod_spec:
        holder = (holder or {}).get(key)
    return faults + list(_PodSpec(holder or {}, ".".join(map(str, kind.pod_spec)), minor).faults(kind))


def update_faults(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Fault]:
    """What may not be changed in an object that is there."""
    before, after = old.get("spec") or {}, new.get("spec") or {}
    kind = str(new.get("kind"))
    if kind == "Pod":
        return _pod_update(before, after)
    if kind == "Job" and before.get("template") != after.get("template"):
        return [_invalid("spec.template", after.get("template"), "field is immutable")]
    if kind in ("Deployment", "DaemonSet", "ReplicaSet", "Job") and before.get("selector") != after.get("selector"):
        return [_invalid("spec.selector", after.get("selector"), "field is immutable")]
    if kind == "StatefulSet":
        changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        if changed - set(_STATEFULSET_MUTABLE):
            return [_forbidden("spec", _STATEFULSET_UPDATE)]
    return []


def _pod_update(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Fault]:
    for key in ("containers", "initContainers"):
        if len(before.get(key) or ()) != len(after.get(key) or ()):
            return [_forbidden(f"spec.{key}", "pod updates may not add or remove containers")]
    return [] if _fixed_part(before) == _fixed_part(after) else [_forbidden("spec", _POD_UPDATE)]


def _fixed_part(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The Pod spec without what may change. spec.nodeName is the scheduler's, which binds by another way."""
    fixed = {k: v for k, v in spec.items() if k not in ("activeDeadlineSeconds", "tolerations", "nodeName")}
    for key in ("containers", "initContainers"):
        fixed[key] = [{k: v for k, v in container.items() if k != "image"} for container in spec.get(key) or ()]
    return fixed


def _metadata(metadata: Mapping[str, Any]) -> Iterator[Fault]:
    name = metadata.get("name")
    if not name and not metadata.get("generateName"):
        yield _required("metadata.name", "name or generateName is required")
    elif name and not _SUBDOMAIN.fullmatch(str(name)):
        yield _invalid("metadata.name", name, _NO_SUBDOMAIN)


def _selector(kind: Kind, spec: Mapping[str, Any]) -> Iterator[Fault]:
    if kind.name not in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"):
        return
    selector: Mapping[str, Any] = spec.get("selector") or {}
    if not selector:
        yield _required("spec.selector", "")
    wanted = selector if kind.name == "ReplicationController" else selector.get("matchLabels") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if not selector or any((labels or {}).get(key) != value for key, value in wanted.items()):
        yield _invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def _strategy(strategy: Mapping[str, Any]) -> Iterator[Fault]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in ("Recreate", "RollingUpdate"):
        shown = f'{{"Type":{_quoted(kind)},"RollingUpdate":{_quoted(rolling)}}}'
        yield Fault("spec.strategy", f'Unsupported value: {shown}: supported values: "Recreate", "RollingUpdate"')
    elif kind == "Recreate" and rolling:
        yield _forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")


def _schedule(spec: Mapping[str, Any]) -> Iterator[Fault]:
    schedule = str(spec.get("schedule") or "")
    words = schedule.split()
    if not schedule:
        yield _required("spec.schedule", "")
    elif len(words) != 5 and not schedule.startswith("@"):
        yield _invalid("spec.schedule", schedule, f"expected exactly 5 fields, found {len(words)}: [{' '.join(words)}]")


class _PodSpec:
    """The checks of one Pod spec at one path, in the order in which the API server makes them."""

    def __init__(self, spec: Mapping[str, Any], path: str, minor: int) -> None:
        self.spec, self.path, self.minor = spec, path, minor
        self.containers: Sequence[Mapping[str, Any]] = spec.get("containers") or ()
        self.inits: Sequence[Mapping[str, Any]] = spec.get("initContainers") or ()
        self.volumes = {str(v.get("name")) for v in spec.get("volumes") or ()}

    def faults(self, kind: Kind) -> Iterator[Fault]:
        yield from _duplicates(
            [v.get("name") for v in self.spec.get("volumes") or ()], f"{self.path}.volumes[{{}}].name"
        )
        if not self.containers:
            yield _required(f"{self.path}.containers", "")
        for index, container in enumerate(self.containers):
            yield from self._container(container, f"{self.path}.containers[{index}]", init=False)
        names = [c.get("name") for c in self.containers]
        yield from _duplicates(names, f"{self.path}.containers[{{}}].name")
        yield from _host_ports(self.containers, f"{self.path}.containers")
        seen = {str(name) for name in names}
        for index, container in enumerate(self.inits):
            where = f"{self.path}.initContainers[{index}]"
            yield from self._container(container, where, init=True)
            name = str(container.get("name") or "")
            if name and name in seen:
                yield _duplicate(f"{where}.name", name)
            seen.add(name)
            yield from _host_ports([container], where, alone=True)
        yield from self._restart_policy(kind)

    def _restart_policy(self, kind: Kind) -> Iterator[Fault]:
        where, policy = f"{self.path}.restartPolicy", self.spec.get("restartPolicy")
        if policy not in _POLICIES:
            yield _unsupported(where, policy, _POLICIES)
        if kind.name in ("Job", "CronJob"):
            if policy == "Always":
                yield _required(where, 'valid values: "OnFailure", "Never"')
        elif kind.name != "Pod" and policy != "Always":
            yield _unsupported(where, policy, ("Always",))

    def _container(self, container: Mapping[str, Any], where: str, *, init: bool) -> Iterator[Fault]:
        name = container.get("name")
        if not name:
            yield _required(f"{where}.name", "")
        elif not _LABEL.fullmatch(str(name)):
            yield _invalid(f"{where}.name", name, _NO_LABEL)
        if not container.get("image"):
            yield _required(f"{where}.image", "")
        yield from self._own_restart_policy(container, where, init=init)
        native = init and container.get("restartPolicy") == "Always"
        if init and not native:
            for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(field):
                    yield _forbidden(f"{where}.{field}", _ONLY_NATIVE)
        else:
            yield from self._probes(container, where)
        ports = container.get("ports") or ()
        yield from _duplicates([p.get("name") for p in ports], f"{where}.ports[{{}}].name")
        yield from self._mounts(container, where)

    def _own_restart_policy(self, container: Mapping[str, Any], where: str, *, init: bool) -> Iterator[Fault]:
        policy = container.get("restartPolicy")
        if init and policy == "Always" and container.get("restartPolicyRules"):
            said = "restartPolicyRules are not allowed for init containers with restart policy Always"
            yield _forbidden(f"{where}.restartPolicyRules", said)
        if policy is None:
            return
        if self.minor < 35:  # 1.34 has the other policies behind an alpha gate
            if not init:
                yield _forbidden(f"{where}.restartPolicy", "may not be set for non-init containers")
            elif policy != "Always":
                yield _unsupported(f"{where}.restartPolicy", policy, ("Always",))
        elif policy not in _POLICIES:
            yield _unsupported(f"{where}.restartPolicy", policy, sorted(_POLICIES, key=lambda p: "ANO".index(p[0])))

    def _probes(self, container: Mapping[str, Any], where: str) -> Iterator[Fault]:
        for field in ("livenessProbe", "readinessProbe", "startupProbe"):
            probe = container.get(field)
            if isinstance(probe, Mapping):
                if not any(probe.get(handler) for handler in ("exec", "httpGet", "tcpSocket", "grpc")):
                    yield _required(f"{where}.{field}", "must specify a handler type")
                if field != "readinessProbe" and probe.get("successThreshold", 1) != 1:
                    yield _invalid(f"{where}.{field}.successThreshold", probe["successThreshold"], "must be 1")
        grace = self.spec.get("terminationGracePeriodSeconds", 30)
        for hook in ("postStart", "preStop"):
            seconds = (((container.get("lifecycle") or {}).get(hook) or {}).get("sleep") or {}).get("seconds")
            if isinstance(seconds, int) and not 0 <= seconds <= grace:
                said = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                yield _invalid(f"{where}.lifecycle.{hook}.sleep", seconds, said)

    def _mounts(self, container: Mapping[str, Any], where: str) -> Iterator[Fault]:
        paths: set[str] = set()
        for index, mount in enumerate(container.get("volumeMounts") or ()):
            here = f"{where}.volumeMounts[{index}]"
            name, path = str(mount.get("name") or ""), str(mount.get("mountPath") or "")
            if not name:
                yield _required(f"{here}.name", "")
            elif name not in self.volumes and not self._claimed(name):
                yield Fault(f"{here}.name", f"Not found: {_quoted(name)}")
            if not path:
                yield _required(f"{here}.mountPath", "")
            elif path in paths:
                yield _invalid(f"{here}.mountPath", path, "must be unique")
            paths.add(path)

    def _claimed(self, name: str) -> bool:
        return name in (self.spec.get("_claims") or ())


def warnings_of(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """What the API server warns of (pkg/api/pod/warnings.go): an environment variable or a port that is defined twice."""
    kind = of_object(obj)
    holder: Any = obj
    for key in kind.pod_spec if kind else ():
        holder = (holder or {}).get(key)
    if kind is None or not holder:
        return ()
    base = ".".join(map(str, kind.pod_spec))
    containers = [
        (f"{base}.{key}[{index}]", container, key == "containers" or container.get("restartPolicy") == "Always")
        for key in ("initContainers", "containers")
        for index, container in enumerate(holder.get(key) or ())
    ]
    return (*(w for where, c, _ in containers for w in _hidden(where, c)), *_port_warnings(containers))


def _hidden(where: str, container: Mapping[str, Any]) -> Iterator[str]:
    seen: set[str] = set()
    for index, variable in enumerate(container.get("env") or ()):
        name = str(variable.get("name"))
        if name in seen:
            yield f'{where}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _port_warnings(containers: Sequence[tuple[str, Mapping[str, Any], bool]]) -> Iterator[str]:
    numbers: dict[tuple[object, object], str] = {}
    names: dict[str, str] = {}
    for where, container, lasting in containers:
        for index, port in enumerate(container.get("ports") or () if lasting else ()):
            here, number, name = (
                f"{where}.ports[{index}]",
                (port.get("containerPort"), port.get("protocol")),
                port.get("name"),
            )
            if number in numbers:
                yield f"{here}: duplicate port definition with {numbers[number]}"
            if name and name in names and not names[name].startswith(f"{where}."):
                first = names[name]
                yield (
                    f'{here}: duplicate port name "{name}" with {first}, '
                    f"services and probes that select ports by name will use {first}"
                )
            numbers.setdefault(number, here)
            if name:
                names.setdefault(str(name), here)


def _duplicates(values: Sequence[Any], field: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value and value in seen:
            yield _duplicate(field.format(index), value)
        if value:
            seen.add(value)


def _host_ports(containers: Sequence[Mapping[str, Any]], where: str, *, alone: bool = False) -> Iterator[Fault]:
    """Host ports that are taken twice; each plain list is checked by itself, an init container against none but itself."""
    seen: set[str] = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', 'TCP')}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if key in seen:
                here = where if alone else f"{where}[{index}]"
                yield _duplicate(f"{here}.ports[{number}].hostPort", key)
            seen.add(key)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=isinstance(value, Mapping))


def _required(field: str, detail: str) -> Fault:
    return Fault(field, f"Required value: {detail}" if detail else "Required value")


def _invalid(field: str, value: Any, detail: str) -> Fault:
    return Fault(field, f"Invalid value: {_quoted(value)}: {detail}")


def _forbidden(field: str, detail: str) -> Fault:
    return Fault(field, f"Forbidden: {detail}")


def _duplicate(field: str, value: Any) -> Fault:
    return Fault(field, f"Duplicate value: {_quoted(value)}")


def _unsupported(field: str, value: Any, supported: Sequence[str]) -> Fault:
    listed = ", ".join(_quoted(word) for word in supported)
    return Fault(field, f"Unsupported value: {_quoted(value)}: supported values: {listed}")
