"""Risks of resources: what the Pod asks for, who limits it, and who scales it. Placed after the plain init containers a helper
never changes what the Pod asks for; placed before one, it adds to that one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.plain import get, items, mapping, name_of, text
from kubectl_sidecar.core.plan import Risk
from kubectl_sidecar.core.pod.resources import is_native, sums
from kubectl_sidecar.core.pod.surroundings import hpas_of, pdbs_of, vpas_of
from kubectl_sidecar.core.quantities import format_quantity, parse_quantity
from kubectl_sidecar.core.risks.context import Context
from kubectl_sidecar.core.risks.rollout import share


def more_resources(context: Context) -> Iterator[Risk]:
    changes = context.raised
    if changes:
        text = ", ".join(
            f"{which} {name} {format_quantity(name, old)} → {format_quantity(name, new)}"
            for which, name, old, new in changes
        )
        early = [c.name for c in context.sidecars if c.name in context.moved and _before_plain(context, c.name)]
        yield Risk(
            "more-resources",
            "caution",
            ", ".join(early),
            f"before a plain init container the helper runs beside it, so each Pod asks for more: {text}",
            "Place it after the init containers, if none of them needs it.",
        )


def _before_plain(context: Context, name: str) -> bool:
    order = context.after.init_list
    at = next(i for i, c in enumerate(order) if c.name == name)
    return any(not is_native(c) for c in order[at + 1 :])


def quota_exceeded(context: Context) -> Iterator[Risk]:
    if isinstance(context.facts.quotas, Unknown):
        return
    for which, name, old, new in context.raised:
        for quota in filter(context.is_near, context.facts.quotas):
            key = f"{which}.{name}" if which == "limits" or name not in _hard(quota) else name
            hard, used = (
                parse_quantity(_hard(quota).get(key)),
                parse_quantity(mapping(get(quota, "status", "used")).get(key)),
            )
            if hard is None:
                continue
            if used is None:
                text = _all_pods(context, name, old, new, hard)
            else:
                text = f"leaves {format_quantity(name, max(hard - used, 0))}" if used + new > hard >= used + old else ""
            if text:
                yield Risk(
                    "quota-exceeded",
                    "caution",
                    ", ".join(context.moved),
                    f"ResourceQuota {name_of(quota)} {text} of {key}, and a new Pod asks for {format_quantity(name, new)}",
                    "Place the helper after the init containers, or raise the quota.",
                )


def _all_pods(context: Context, name: str, old: float, new: float, hard: float) -> str:
    """A quota in a file has no status: there the workload's own Pods are all that is known to count."""
    replicas = 1 if context.workload.replicas is None else context.workload.replicas
    exceeds = context.facts.from_files and replicas * new > hard >= replicas * old
    return f"allows all its Pods together {format_quantity(name, hard)}" if exceeds else ""


def _hard(quota: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(get(quota, "spec", "hard"))


def limit_range(context: Context) -> Iterator[Risk]:
    if isinstance(context.facts.limit_ranges, Unknown):
        return
    for which, name, _, new in context.raised:
        for limits in filter(context.is_near, context.facts.limit_ranges):
            for item in items(get(limits, "spec", "limits")):
                most = parse_quantity(mapping(item.get("max")).get(name)) if item.get("type") == "Pod" else None
                if most is not None and new > most and which == "limits":
                    yield Risk(
                        "limit-range",
                        "blocker",
                        ", ".join(context.moved),
                        f"LimitRange {name_of(limits)} allows a Pod {format_quantity(name, most)} of {name}, and it "
                        f"would have {format_quantity(name, new)}: no Pod would be admitted",
                        "Place the helper after the init containers.",
                    )


def pod_level_resources(context: Context) -> Iterator[Risk]:
    """The aggregate of the containers has to fit into the Pod's own (pkg/apis/core/validation, from 1.34)."""
    pod = context.after.resources
    if pod is None:
        return
    before, after = sums(context.before, "requests"), sums(context.after, "requests")
    for which, given in (("requests", pod.requests), ("limits", pod.limits)):
        for name, value in (given or {}).items():
            most = parse_quantity(value)
            if most is not None and after.get(name, 0.0) > most + 1e-9 >= before.get(name, 0.0):
                yield Risk(
                    "pod-level-resources",
                    "blocker",
                    ", ".join(context.moved),
                    f"the containers would ask for {format_quantity(name, after[name])} of {name}, more than the "
                    f"Pod's own {which} of {format_quantity(name, most)}: the API server refuses it",
                    "Place the helper after the init containers.",
                    f"resources.{which}",
                )


def vpa(context: Context) -> Iterator[Risk]:
    """kubernetes/autoscaler: the recommender drops samples of init containers (enhancement 8905 is to change that)."""
    found = vpas_of(context.workload, context.facts)
    if isinstance(found, Unknown):
        return
    for obj in found:
        off = get(obj, "spec", "updatePolicy", "updateMode") == "Off"
        yield Risk(
            "vpa",
            "note" if off else "caution",
            ", ".join(context.moved),
            f"VerticalPodAutoscaler {name_of(obj)} does not look at native sidecars (up to 1.7 at least): their "
            "requests stay as written, and a containerPolicy for them does nothing",
            "Set the helper's requests by hand.",
        )


def hpa(context: Context) -> Iterator[Risk]:
    """pkg/controller/podautoscaler/replica_calculator.go sums regular containers and sidecars since 1.29."""
    found = hpas_of(context.workload, context.facts)
    if isinstance(found, Unknown):
        return
    for obj in found:
        for metric in items(get(obj, "spec", "metrics")):
            name = text(metric, "containerResource", "container")
            if name in context.moved:
                yield Risk(
                    "hpa",
                    "note",
                    name,
                    f"HorizontalPodAutoscaler {name_of(obj)} scales by its usage; it is found among native sidecars "
                    "too, if the metrics server reports it",
                    "Look at the HPA's current metrics after the rollout.",
                )


def pdb(context: Context) -> Iterator[Risk]:
    """A rollout asks no disruption budget; it matters where the budget allows fewer than the rollout takes away."""
    found = pdbs_of(context.workload, context.facts)
    workload, kind = context.workload, context.workload.kind
    replicas = 1 if workload.replicas is None else workload.replicas
    if isinstance(found, Unknown) or kind.effect != "rollout" or not replicas or kind.name == "DaemonSet":
        return
    takes = share(_max_unavailable(context), replicas, up=False)
    for obj in found:
        allowed = _allowed(mapping(get(obj, "spec")), replicas)
        if allowed is not None and takes > allowed:
            yield Risk(
                "pdb",
                "note",
                "",
                f"the rollout takes up to {takes} of {replicas} Pods away at once, where PodDisruptionBudget "
                f"{name_of(obj)} allows {allowed}: rollouts do not ask it",
                "Lower maxUnavailable for the migration.",
            )


def _max_unavailable(context: Context) -> int | str:
    strategy = context.workload.strategy
    if context.workload.kind.name == "StatefulSet":
        return 1
    if strategy is not None and strategy.type == "Recreate":
        return "100%"
    rolling = strategy.rolling_update if strategy else None
    return "25%" if rolling is None or rolling.max_unavailable is None else rolling.max_unavailable


def _allowed(spec: Mapping[str, Any], replicas: int) -> int | None:
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if isinstance(most, int | str):
        return share(most, replicas, up=True)
    if isinstance(least, int | str):
        return max(replicas - share(least, replicas, up=True), 0)
    return None
