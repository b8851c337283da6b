"""What some rule wanted to know and could not. Only what could change this plan's judgement is named: nobody needs to hear
that NetworkPolicies could not be read when the helper has no named port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.pod.reach import port_names, served
from kubectl_sidecar.core.risks.context import Context
from kubectl_sidecar.core.risks.rollout import claims_wanted


def unknowns(context: Context) -> tuple[str, ...]:
    """One sentence for each fact that is not known and that a rule looks at for this plan."""
    found = []
    for fact, (what, wanted) in _WANTED.items():
        value: Any = getattr(context.facts, fact)
        if isinstance(value, Unknown) and wanted(context):
            found.append(f"{what}: not known, because {value.reason}")
    return tuple(found)


def _always(context: Context) -> bool:
    return bool(context.relocations)


def _in_cluster(context: Context) -> bool:
    return bool(context.relocations) and not context.facts.from_files


def _ports(context: Context) -> bool:
    return any(served(c) for c in context.moved.values())


def _named(context: Context) -> bool:
    return any(port_names(c) for c in context.moved.values())


def _raised(context: Context) -> bool:
    return bool(context.raised)


def _scaled(context: Context) -> bool:
    return bool(context.relocations) and context.workload.kind.name in (
        "Deployment",
        "StatefulSet",
        "ReplicaSet",
        "ReplicationController",
    )


def _scalable(context: Context) -> bool:
    return _in_cluster(context) and not context.is_job and context.workload.kind.name != "Pod"


_WANTED: Mapping[str, tuple[str, Callable[[Context], bool]]] = {
    "server": ("the API server's version", _always),
    "nodes": ("the nodes' versions", _in_cluster),
    "services": ("Services", _ports),
    "network_policies": ("NetworkPolicies", _named),
    "hpas": ("HorizontalPodAutoscalers", _scaled),
    "vpas": ("VerticalPodAutoscalers", _scalable),
    "pdbs": ("PodDisruptionBudgets", _scaled),
    "quotas": ("ResourceQuotas", _raised),
    "limit_ranges": ("LimitRanges", _raised),
    "namespace": ("the namespace's labels", _in_cluster),
    "pods": ("the live Pods", _scalable),
    "claims": ("PersistentVolumeClaims", claims_wanted),
}
"""Field of Facts -> what it is called, and when it matters."""
