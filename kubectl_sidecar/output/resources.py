"""What a workload asks for before and after a migration, by the scheduler's formula: per Pod, and for all its Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kubectl_sidecar.actions.migrate import Prepared
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.quantities import format_quantity


def pods_of(prepared: Prepared) -> int | None:
    """How many Pods the workload has when all is well; None where that is no fixed number (a Job's, a CronJob's, a Pod)."""
    workload = prepared.plan.workload
    match workload.kind.name:
        case "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController":
            return 1 if workload.replicas is None else workload.replicas
        case "DaemonSet":
            desired = edits.find(prepared.obj, ("status", "desiredNumberScheduled"))
            return desired if isinstance(desired, int) else None
        case _:
            return None


def quantities(amounts: Mapping[str, float], count: int = 1) -> dict[str, str]:
    """Amounts as Kubernetes writes them, for `count` Pods."""
    return {name: format_quantity(name, amount * count) for name, amount in sorted(amounts.items())}


def resource_lines(prepared: Prepared) -> Iterator[str]:
    """Requests and limits, before → after, and the QoS class."""
    before, after = prepared.plan.usage_before, prepared.plan.usage_after
    count = pods_of(prepared)
    many = [(count, f"{count} Pods")] if count is not None and count > 1 else []
    for title, old, new in (("requests", before.requests, after.requests), ("limits", before.limits, after.limits)):
        if not old and not new:
            yield f"  {title:<9} none"
            continue
        for pods, label in ((1, "per Pod"), *many):
            head = title if pods == 1 else ""
            yield f"  {head:<9} {label:<8} {_change(quantities(old, pods), quantities(new, pods))}"
    same = "unchanged" if before.qos == after.qos else f"→ {after.qos}"
    yield f"  {'QoS':<9} {before.qos}{',' if before.qos == after.qos else ''} {same}"


def _change(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    names = sorted({*old, *new})
    if old == new:
        return ", ".join(f"{name} {old[name]}" for name in names) + ", unchanged"
    return ", ".join(f"{name} {old.get(name, 'none')} → {new.get(name, 'none')}" for name in names)
