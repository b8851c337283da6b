"""Effective requests and limits of a Pod, by the scheduler's formula, and its QoS class.

Formula: Kubernetes staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests, PodLimits):
effective = max(max over init containers i of (own(i) + sidecars listed before i), regular + all sidecars) + overhead;
Pod-level requests or limits replace the value before the overhead. QoS: pkg/apis/core/v1/helper/qos/qos.go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kubectl_sidecar.core.quantities import parse_quantity
from kubectl_sidecar.core.workload import Container, PodSpec, Quantity, Resources

Qos = Literal["Guaranteed", "Burstable", "BestEffort"]
Which = Literal["requests", "limits"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one Pod asks for: resource name -> amount (cores for cpu, bytes for memory, plain numbers else)."""

    requests: dict[str, float]
    limits: dict[str, float]
    qos: Qos


class _Asked(NamedTuple):
    """What one container, or the Pod level, asks for. A limit without a request is a request too, as the API server defaults it."""

    requests: Mapping[str, float]
    limits: Mapping[str, float]


_NOTHING = _Asked({}, {})


def usage(spec: PodSpec) -> Usage:
    """What one Pod of this spec asks for; what is no quantity is left out."""
    inits = [(is_native(c), _asked(c.resources)) for c in spec.init_list]
    mains = [_asked(c.resources) for c in spec.main_list]
    requests = _peak(((native, each.requests) for native, each in inits), (each.requests for each in mains))
    limits = _peak(((native, each.limits) for native, each in inits), (each.limits for each in mains))
    pod_level = _asked(spec.resources)
    _replace(requests, pod_level.requests)
    _replace(limits, pod_level.limits)
    overhead = _numbers(spec.overhead)
    _add(requests, overhead)
    _add(limits, {name: amount for name, amount in overhead.items() if name in limits})  # limits only what is limited
    qos = _qos([pod_level] if pod_level is not _NOTHING else [*mains, *(each for _, each in inits)])
    return Usage(requests, limits, qos)


def is_native(container: Container) -> bool:
    """Of an entry of initContainers: whether it is a native sidecar."""
    return container.restart_policy == "Always"


def own(container: Container | None, which: Which) -> Mapping[str, float]:
    """One container's requests or limits."""
    asked = _asked(container.resources if container else None)
    return asked.requests if which == "requests" else asked.limits


def sums(spec: PodSpec, which: Which) -> dict[str, float]:
    """The containers' share of the formula, before Pod-level resources and overhead."""
    return _peak(((is_native(c), own(c, which)) for c in spec.init_list), (own(c, which) for c in spec.main_list))


def _asked(resources: Resources | None) -> _Asked:
    if resources is None or not (resources.requests or resources.limits):
        return _NOTHING
    limits = _numbers(resources.limits)
    return _Asked({**limits, **_numbers(resources.requests)}, limits)


def _numbers(amounts: Mapping[str, Quantity | None] | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in (amounts or {}).items():
        amount = parse_quantity(value)
        if amount is not None:
            found[name] = amount
    return found


def _peak(inits: Iterable[tuple[bool, Mapping[str, float]]], mains: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The most that is asked for at one time. `inits` says of each entry whether it is a native sidecar, which keeps running."""
    running: dict[str, float] = {}
    peak: dict[str, float] = {}
    for native, amounts in inits:
        if native:
            _add(running, amounts)
            _raise(peak, running)
        else:
            _raise(peak, {name: round(running.get(name, 0.0) + amount, 9) for name, amount in amounts.items()})
    for amounts in mains:
        _add(running, amounts)
    _raise(peak, running)
    return peak


def _add(total: dict[str, float], amounts: Mapping[str, float]) -> None:
    for name, amount in amounts.items():
        total[name] = round(total.get(name, 0.0) + amount, 9)


def _raise(peak: dict[str, float], amounts: Mapping[str, float]) -> None:
    for name, amount in amounts.items():
        peak[name] = max(peak.get(name, 0.0), amount)


def _replace(total: dict[str, float], pod_level: Mapping[str, float]) -> None:
    """Pod-level amounts count instead of the containers'."""
    total.update({k: v for k, v in pod_level.items() if k in ("cpu", "memory") or k.startswith("hugepages-")})


def _qos(holders: Sequence[_Asked]) -> Qos:
    requests = [_counted(each.requests) for each in holders]
    limits = [_counted(each.limits) for each in holders]
    if not any(requests) and not any(limits):
        return "BestEffort"
    full = all(len(limit) == 2 for limit in limits)
    return "Guaranteed" if full and requests == limits else "Burstable"


def _counted(amounts: Mapping[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in amounts.items() if name in ("cpu", "memory") and amount > 0}
