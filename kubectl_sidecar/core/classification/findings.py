"""What is found out about the containers of a workload: roles with evidence, confidence, and the state in one word; and what
may be known of the workload's surroundings when they are judged. Values only; classify.py makes them.

Evidence and Finding are msgspec Structs because a scan of a large cluster makes hundreds of thousands of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from kubectl_sidecar.core.facts import Facts, Unknown
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import PodTemplate, Workload

Role = Literal["main", "sidecar", "peer", "unknown", "native-sidecar", "init"]
Confidence = Literal["certain", "likely", "possible"]
Weight = Literal["decisive", "high", "medium", "low"]
Override = Literal["sidecar", "main", "leave"]
OVERRIDE_PREFIX = "kubectl-sidecar/"
"""Annotation on the Pod template: `kubectl-sidecar/<container>: sidecar|main|leave`."""
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Annotation by which kubectl knows the main container; https://kubernetes.io/docs/reference/labels-annotations-taints/"""
State = Literal["classic", "mixed", "native", "injected", "unsure", "none", "broken"]


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One observed fact. `speaks_for` is the role that it supports; `path` the field it was read from, as a person writes it
    (`containers[1].image`, `metadata.annotations[kubectl.kubernetes.io/default-container]`). `text` quotes only the part that
    matched, never a value of the environment but for host:port, and no user info of URLs."""

    rule: str
    text: str
    weight: Weight
    speaks_for: Role
    path: str = ""
    whom: int | None = None
    """Where not None, the text goes on with the name of the container of that index, and then with `after`. Only Finding's
    `facts` have it; who reads `evidence` and `against` meets whole texts."""
    after: str = ""

    def naming(self, names: Sequence[str]) -> Evidence:
        """The same with its whole text."""
        if self.whom is None:
            return self
        text = f"{self.text}{names[self.whom][:63]}{self.after}"
        return Evidence(self.rule, text, self.weight, self.speaks_for, self.path)


class Finding(msgspec.Struct, frozen=True, gc=False):
    """What one container is. `confidence` speaks of its role. `injected` is about this occurrence, never about the family."""

    name: str
    list: Literal["containers", "initContainers"]
    index: int
    role: Role
    confidence: Confidence
    recipe: Recipe | None = None
    injected: bool = False
    facts: tuple[Evidence, ...] = ()
    contrary: tuple[Evidence, ...] = ()
    unheard: str = ""
    """What the user decided and could not be followed, as sentences."""
    override: Override | None = None
    """What the user decided for it (flag or annotation), if anything."""
    names: tuple[str, ...] = ()
    """Of all of `containers`: the texts of facts are made only when somebody reads them."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What speaks for the role."""
        return tuple([fact.naming(self.names) for fact in self.facts])

    @property
    def against(self) -> tuple[Evidence, ...]:
        """What speaks for another one."""
        return tuple([fact.naming(self.names) for fact in self.contrary])

    @property
    def would_raise(self) -> str:
        """What would raise the confidence, as an advice (an annotation to set, a flag to give); empty when certain. First what
        could not be followed of such advice."""
        return f"{self.unheard} {'' if self.confidence == 'certain' else self._advice()}".strip()

    def _advice(self) -> str:
        if self.role == "main":
            return f"annotation {DEFAULT_CONTAINER}: {self.name} on the Pod template"
        own = f"annotation {OVERRIDE_PREFIX}{self.name}"
        if self.role == "sidecar":
            return f"{own}: sidecar on the Pod template, or --container {self.name}=sidecar"
        return f"{own}: sidecar, main or leave on the Pod template"

    @property
    def family(self) -> str:
        return self.recipe.family if self.recipe else ""

    @property
    def is_classic(self) -> bool:
        """A sidecar without ordering guarantees, whoever has to change it."""
        return self.role == "sidecar" and self.list == "containers"


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """A Service whose selector matches the workload's Pods: its name and the target ports, by number or by name."""

    name: str
    targets: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class End:
    """How a run of a container ended. Times are seconds since the epoch; `reason` is the kubelet's word (Error, OOMKilled)."""

    exit_code: int
    reason: str = ""
    started_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerPast:
    """What one container of a live Pod did. Times are seconds since the epoch (status times are whole seconds)."""

    name: str
    restarts: int = 0
    started_at: int | None = None
    running: bool = False
    exit_code: int | None = None
    """Of the container's end, if it ended and was not started again."""
    end: End | None = None
    """That end."""
    last: End | None = None
    """How the run before the present one ended; the kubelet keeps only this one."""
    stopping: bool = False
    """Whether its Pod is being deleted."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a workload, all optional. `services`: None where it was not or could not be read. `pod`: one live
    Pod of it, to compare with the template. `pasts`: what the containers of live Pods did, one tuple per Pod."""

    services: tuple[ServicePorts, ...] | None = None
    pod: PodTemplate | None = None
    pasts: tuple[tuple[ContainerPast, ...], ...] = ()

    @classmethod
    def of(cls, workload: Workload, facts: Facts) -> Surroundings:
        """From what was read for one workload. Of several live Pods, the one started last serves for the comparison: it is
        the likeliest to come from the present template."""
        services = None
        if not isinstance(facts.services, Unknown):
            services = tuple(_ports(s) for s in facts.services if _selects(s, workload.template.labels))
        pods = () if isinstance(facts.pods, Unknown) else facts.pods
        newest = max(pods, key=lambda p: _text(p, "metadata", "creationTimestamp"), default=None)
        return cls(services, _template(newest), pasts_of(facts))


def pasts_of(facts: Facts) -> tuple[tuple[ContainerPast, ...], ...]:
    """What the containers of the live Pods did, init containers included, a tuple per Pod; none where they are not known."""
    return () if isinstance(facts.pods, Unknown) else tuple(_pasts(pod) for pod in facts.pods)


def _selects(service: Mapping[str, Any], labels: Mapping[str, str | None]) -> bool:
    selector = _get(service, "spec", "selector")
    return isinstance(selector, Mapping) and bool(selector) and all(labels.get(k) == v for k, v in selector.items())


def _ports(service: Mapping[str, Any]) -> ServicePorts:
    ports = _get(service, "spec", "ports")
    found = (
        [p.get("targetPort", p.get("port")) for p in ports if isinstance(p, Mapping)] if isinstance(ports, list) else []
    )
    return ServicePorts(_text(service, "metadata", "name"), tuple(p for p in found if isinstance(p, int | str)))


def _template(pod: Mapping[str, Any] | None) -> PodTemplate | None:
    try:
        return msgspec.convert(pod, PodTemplate) if pod is not None else None
    except msgspec.ValidationError:
        return None  # an odd Pod is no ground to judge by; the template alone still is


def _pasts(pod: Mapping[str, Any]) -> tuple[ContainerPast, ...]:
    stopping = bool(_text(pod, "metadata", "deletionTimestamp"))
    found = [_get(pod, "status", key) for key in ("containerStatuses", "initContainerStatuses")]
    return tuple(
        _past(s, stopping)
        for statuses in found
        if isinstance(statuses, list)
        for s in statuses
        if isinstance(s, Mapping)
    )


def _past(status: Mapping[str, Any], stopping: bool) -> ContainerPast:
    state = _get(status, "state")
    running = _get(status, "state", "running")
    ended = _get(status, "state", "terminated")
    restarts, code = status.get("restartCount"), _get(status, "state", "terminated", "exitCode")
    started = _get(running if isinstance(running, Mapping) else ended, "startedAt")
    return ContainerPast(
        name=_text(status, "name"),
        restarts=restarts if isinstance(restarts, int) else 0,
        started_at=_seconds(started),
        running=isinstance(state, Mapping) and isinstance(running, Mapping),
        exit_code=code if isinstance(code, int) else None,
        end=_end(ended),
        last=_end(_get(status, "lastState", "terminated")),
        stopping=stopping,
    )


def _end(terminated: object) -> End | None:
    code = _get(terminated, "exitCode")
    if not isinstance(code, int):
        return None
    times = (_seconds(_get(terminated, key)) for key in ("startedAt", "finishedAt"))
    return End(code, _text(terminated, "reason")[:64], *times)


def _seconds(text: object) -> int | None:
    try:
        return int(msgspec.convert(text, datetime).timestamp()) if isinstance(text, str) else None
    except msgspec.ValidationError:
        return None


def _get(value: Any, *keys: str) -> Any:
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _text(value: Any, *keys: str) -> str:
    found = _get(value, *keys)
    return found if isinstance(found, str) else ""


def state_of(findings: Iterable[Finding]) -> State:
    """The state of a workload in one word `unsure` only where some container may be a sidecar and none is
    known to be one: a person has to say."""
    movable = injected = native = doubtful = False
    for f in findings:
        role = f.role
        if role == "native-sidecar":
            native = True
        elif f.list != "containers":
            continue
        elif role == "sidecar" and f.confidence != "possible":
            injected = injected or f.injected
            movable = movable or not f.injected
        elif role == "sidecar" or role == "unknown":
            doubtful = True
    if movable:
        return "mixed" if native else "classic"
    if injected:
        return "injected"
    if doubtful:
        return "unsure"
    return "native" if native else "none"
