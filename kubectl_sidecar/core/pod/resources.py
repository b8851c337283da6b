"""Effective requests and limits of a Pod, by the scheduler's formula, and its QoS class.

Formula: Kubernetes staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests, PodLimits):
effective = max(max over init containers i of (own(i) + sidecars listed before i), regular + all sidecars) + overhead;
Pod-level requests or limits replace the value before the overhead. QoS: pkg/apis/core/v1/helper/qos/qos.go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_sidecar.core.workload import Container, PodSpec, Quantity, Resources

Qos = Literal["Guaranteed", "Burstable", "BestEffort"]
Which = Literal["requests", "limits"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one Pod asks for: resource name -> amount (cores for cpu, bytes for memory, plain numbers else)."""

    requests: dict[str, float]
    limits: dict[str, float]
    qos: Qos


_QUANTITY = re.compile(
    r"([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII
)
_FACTORS: Mapping[str, float] = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def parse_quantity(value: Any) -> float | None:
    """A quantity as Kubernetes writes it (`100m`, `1.5Gi`, `1e3`, `2`) as a number; None for what is none.
    Grammar: staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    found = _QUANTITY.fullmatch(value.strip()[:64])
    if found is None:
        return None
    exponent = found[2]
    return float(found[1]) * (10.0 ** int(exponent) if exponent else _FACTORS[found[3] or ""])


def format_quantity(resource: str, amount: float) -> str:
    """An amount as a person writes it: `300m` and `2` for cpu, `320Mi` for memory and storage, a plain number else."""
    if resource.rpartition(".")[2] == "cpu":
        milli = round(amount * 1000, 3)
        return f"{milli / 1000:g}" if milli % 1000 == 0 else f"{milli:g}m"
    if resource.rpartition(".")[2].startswith(("memory", "ephemeral-storage", "storage", "hugepages-")):
        for unit in ("Ti", "Gi", "Mi", "T", "G", "M", "Ki"):
            scaled = amount / _FACTORS[unit]
            if scaled >= 1 and round(scaled, 2) == scaled:
                return f"{scaled:.12g}{unit}"
        if amount >= _FACTORS["Mi"]:
            return f"{amount / _FACTORS['Mi']:.1f}Mi"
    return f"{amount:.12g}"


def usage(spec: PodSpec) -> Usage:
    """What one Pod of this spec asks for; what is no quantity is left out."""
    return Usage(_effective(spec, "requests"), _effective(spec, "limits"), _qos(spec))


def is_native(container: Container) -> bool:
    """Of an entry of initContainers: whether it is a native sidecar."""
    return container.restart_policy == "Always"


def own(container: Container | None, which: Which) -> dict[str, float]:
    """One container's requests or limits. A limit without a request is a request too, as the API server defaults it."""
    resources = container.resources if container else None
    return _amounts(resources, which)


def _amounts(resources: Resources | None, which: Which) -> dict[str, float]:
    if resources is None:
        return {}
    asked = _numbers(resources.requests if which == "requests" else resources.limits)
    return {**_numbers(resources.limits), **asked} if which == "requests" else asked


def _numbers(amounts: Mapping[str, Quantity | None] | None) -> dict[str, float]:
    parsed = {name: parse_quantity(value) for name, value in (amounts or {}).items()}
    return {name: amount for name, amount in parsed.items() if amount is not None}


def _effective(spec: PodSpec, which: Which) -> dict[str, float]:
    total = sums(spec, which)
    pod_level = _amounts(spec.resources, which)
    total.update({k: v for k, v in pod_level.items() if k in ("cpu", "memory") or k.startswith("hugepages-")})
    for name, amount in _numbers(spec.overhead).items():
        if which == "requests" or name in total:  # an overhead limits only what is limited
            total[name] = total.get(name, 0.0) + amount
    return total


def sums(spec: PodSpec, which: Which) -> dict[str, float]:
    """The containers' share of the formula, before Pod-level resources and overhead."""
    running: dict[str, float] = {}
    peak: dict[str, float] = {}
    for container in spec.init_list:
        amounts = own(container, which)
        if is_native(container):
            _add(running, amounts)
            _raise(peak, running)
        else:
            at_once = dict(running)
            _add(at_once, amounts)
            _raise(peak, {name: at_once[name] for name in amounts})
    _add_all(running, (own(c, which) for c in spec.main_list))
    _raise(peak, running)
    return peak


def _add(total: dict[str, float], amounts: Mapping[str, float]) -> None:
    for name, amount in amounts.items():
        total[name] = round(total.get(name, 0.0) + amount, 9)


def _add_all(total: dict[str, float], each: Iterable[Mapping[str, float]]) -> None:
    for amounts in each:
        _add(total, amounts)


def _raise(peak: dict[str, float], amounts: Mapping[str, float]) -> None:
    for name, amount in amounts.items():
        peak[name] = max(peak.get(name, 0.0), amount)


def _qos(spec: PodSpec) -> Qos:
    pod_level = spec.resources
    holders = [pod_level] if pod_level and (pod_level.requests or pod_level.limits) else None
    resources: list[Resources | None] = (
        [*holders] if holders else [c.resources for c in (*spec.main_list, *spec.init_list)]
    )
    requests = [_counted(_amounts(r, "requests")) for r in resources]
    limits = [_counted(_amounts(r, "limits")) for r in resources]
    if not any(requests) and not any(limits):
        return "BestEffort"
    full = all(set(limit) == {"cpu", "memory"} for limit in limits)
    return "Guaranteed" if full and requests == limits else "Burstable"


def _counted(amounts: Mapping[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in amounts.items() if name in ("cpu", "memory") and amount > 0}
