"""Risks of the rollout: whether the change reaches the Pods, and what happens to the service meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.plain import get, items, name_of, texts
from kubectl_sidecar.core.plan import Risk
from kubectl_sidecar.core.risks.context import Context


def _strategy(context: Context) -> str:
    return (context.workload.strategy.type if context.workload.strategy else None) or ""


def _replicas(context: Context) -> int:
    return 1 if context.workload.replicas is None else context.workload.replicas


def _rolls(context: Context) -> bool:
    return context.workload.kind.effect == "rollout" and bool(context.relocations)


def rollout_on_delete(context: Context) -> Iterator[Risk]:
    if _rolls(context) and _strategy(context) == "OnDelete":
        yield Risk(
            "rollout-on-delete",
            "caution",
            "",
            "its update strategy is OnDelete: no Pod changes until you delete it, and old and new Pods run side by side until then",
            "Delete the Pods one by one and look at each new one.",
        )


def rollout_partition(context: Context) -> Iterator[Risk]:
    rolling = context.workload.strategy.rolling_update if context.workload.strategy else None
    partition = rolling.partition if rolling else None
    if _rolls(context) and partition:
        yield Risk(
            "rollout-partition",
            "caution",
            "",
            f"its partition is {partition}: Pods with a lower ordinal keep the classic form",
            "Lower the partition step by step.",
        )


def rollout_paused(context: Context) -> Iterator[Risk]:
    if _rolls(context) and context.workload.paused:
        yield Risk(
            "rollout-paused",
            "caution",
            "",
            "it is paused: nothing happens until it is resumed, and then together with whatever else was changed meanwhile",
            "Resume it first (kubectl rollout resume).",
        )


def only_new_pods(context: Context) -> Iterator[Risk]:
    if context.workload.kind.effect == "new-pods" and context.relocations:
        yield Risk(
            "only-new-pods",
            "caution",
            "",
            f"a {context.workload.kind.name} does not replace its Pods: those that run now keep the classic form",
            "Delete them one by one when the new form has proved itself.",
        )


def single_replica_gap(context: Context) -> Iterator[Risk]:
    """All old Pods may go before a new one is there: with one replica, with Recreate, with maxUnavailable 100%."""
    kind, replicas = context.workload.kind.name, _replicas(context)
    if not _rolls(context) or kind == "DaemonSet" or context.workload.paused or _strategy(context) == "OnDelete":
        return
    if replicas and _all_away(context, replicas):
        which = "its only Pod is" if replicas == 1 else f"all its {replicas} Pods are"
        instead = ", or use RollingUpdate with maxUnavailable 0" if kind == "Deployment" else ""
        yield Risk(
            "single-replica-gap",
            "caution",
            "",
            f"{which} stopped before a new one is ready: the service is away until then, and stays away if none ever is",
            f"Pick a quiet moment{instead}.",
        )


def _all_away(context: Context, replicas: int) -> bool:
    """pkg/controller/deployment/util/deployment_util.go, ResolveFenceposts: shares of Pods that go are rounded down, of those
    that come on top up; where both are 0, one goes."""
    if context.workload.kind.name == "StatefulSet":
        return replicas == 1
    if _strategy(context) == "Recreate":
        return True
    rolling = context.workload.strategy.rolling_update if context.workload.strategy else None
    away, more = (rolling.max_unavailable, rolling.max_surge) if rolling else (None, None)
    goes = share("25%" if away is None else away, replicas, up=False)
    comes = share("25%" if more is None else more, replicas, up=True)
    return max(goes, 0 if comes else 1) >= replicas


def share(value: int | str, of: int, *, up: bool) -> int:
    """A number of Pods, or a percentage of the replicas."""
    if isinstance(value, int):
        return min(value, of)
    digits = value.rstrip("%")
    percent = int(digits) if digits.isascii() and digits.isdecimal() else 0
    return min((percent * of + 99) // 100 if up else percent * of // 100, of)


def rwo_volume(context: Context) -> Iterator[Risk]:
    """A volume that one node can hold, and a rolling update that starts the new Pod while the old one has it."""
    if context.workload.kind.name != "Deployment" or not _rolls(context) or _all_away(context, _replicas(context)):
        return
    rolling = context.workload.strategy.rolling_update if context.workload.strategy else None
    if isinstance(context.facts.claims, Unknown) or (rolling is not None and rolling.max_surge in (0, "0%")):
        return
    mounted = {v.persistent_volume_claim.claim_name for v in context.after.volumes or () if v.persistent_volume_claim}
    for claim in filter(context.is_near, context.facts.claims):
        modes = texts(get(claim, "spec", "accessModes"))
        if name_of(claim) in mounted and modes and set(modes) <= {"ReadWriteOnce", "ReadWriteOncePod"}:
            yield Risk(
                "rwo-volume",
                "caution",
                "",
                f"claim {name_of(claim)} is {modes[0]}: on another node the new Pod waits for the volume until the "
                "old one is gone, which waits for the new one",
                "Use the strategy Recreate, or maxSurge 0, for the migration.",
            )


def claims_wanted(context: Context) -> bool:
    """Whether a rule would look at claims."""
    return (
        context.workload.kind.name == "Deployment"
        and _strategy(context) != "Recreate"
        and any(v.persistent_volume_claim for v in context.after.volumes or ())
    )


def progress_deadline(context: Context) -> Iterator[Risk]:
    """The start gates of the helpers come on top of the app's own start."""
    if context.workload.kind.name != "Deployment" or not context.relocations:
        return
    named = context.workload.progress_deadline_seconds
    deadline = 600 if named is None else named
    gates = 0
    for container in context.moved.values():
        probe = container.startup_probe
        if probe is not None:
            gates += (probe.initial_delay_seconds or 0) + (probe.period_seconds or 10) * (probe.failure_threshold or 3)
    if deadline < max(gates, 30):
        yield Risk(
            "progress-deadline",
            "caution",
            "",
            f"progressDeadlineSeconds is {deadline}, and the helpers now start before the app"
            + (f" (their startupProbes may take {gates} s)" if gates else "")
            + ": a slow start would count as a failed rollout",
            "Raise progressDeadlineSeconds.",
            "progressDeadlineSeconds",
        )


def stuck_ordinal(context: Context) -> Iterator[Risk]:
    """Seen on a real cluster: with OrderedReady, undo changes the object but not the Pod that is stuck; with Parallel the controller
    replaces it by itself."""
    parallel = context.workload.pod_management_policy == "Parallel"
    if (
        context.workload.kind.name == "StatefulSet"
        and not parallel
        and _rolls(context)
        and _strategy(context) != "OnDelete"
    ):
        yield Risk(
            "stuck-ordinal",
            "note",
            "",
            "if a new Pod never gets ready, undo alone does not help: a stuck Pod of a StatefulSet has to be deleted by hand",
            "",
        )


def default_container(context: Context) -> Iterator[Risk]:
    """kubectl takes the annotation, else the first regular container."""
    annotations = context.workload.template.annotations
    first = context.before.main_list[0].name if context.before.main_list else ""
    if (
        first in context.moved
        and "kubectl.kubernetes.io/default-container" not in annotations
        and context.after.main_list
    ):
        yield Risk(
            "default-container",
            "note",
            first,
            f"it is the first container today: kubectl logs and exec without -c take {context.after.main_list[0].name} from now on",
            "",
        )


def index_shift(context: Context) -> Iterator[Risk]:
    before, after = [c.name for c in context.before.main_list], [c.name for c in context.after.main_list]
    shifted = [name for name in after if before.index(name) != after.index(name)] if set(after) <= set(before) else []
    for user, index in _by_index(context):
        if index < len(before) and (index >= len(after) or after[index] != before[index]):
            now = f"is {after[index]} then" if index < len(after) else "is nothing then: the patch fails"
            yield Risk(
                "index-shift",
                "caution",
                before[index],
                f"{user} points at it by its index: containers/{index} {now}",
                "Change the path in the same commit (initContainers and its new index), or patch by name.",
                "spec.containers",
            )
    if shifted:
        yield Risk(
            "index-shift",
            "note",
            "",
            f"{', '.join(shifted)} moves to another index of containers: JSON patches and queries by index (containers/1) then mean another one",
            "Look for them in kustomizations, policies and dashboards.",
        )


_INDEX = re.compile(r"/spec/containers/(\d{1,3})(?!\d)|\.spec\.containers\[(\d{1,3})\]")


def _by_index(context: Context) -> Iterator[tuple[str, int]]:
    """Who points at which index of this workload's containers: JSON patches of kustomizations, ignored differences of Argo CD."""
    for user in () if isinstance(context.facts.pointing, Unknown) else context.facts.pointing:
        entries = (
            *((item, get(item, "target")) for key in ("patches", "patchesJson6902") for item in items(user.get(key))),
            *((item, item) for item in items(get(user, "spec", "ignoreDifferences"))),
        )
        label = " ".join(filter(None, (str(user.get("kind")), name_of(user))))
        seen = {
            (label, int(one or other))
            for item, target in entries
            if _meant(target, context)
            for where in (item.get("patch"), *texts(item.get("jsonPointers")), *texts(item.get("jqPathExpressions")))
            if isinstance(where, str)
            for one, other in _INDEX.findall(where)
        }
        yield from sorted(seen)


def _meant(target: Any, context: Context) -> bool:
    """Whether a target names this workload, as far as it says anything."""
    workload = context.workload
    return get(target, "kind") in (None, workload.kind.name) and get(target, "name") in (None, workload.name)


def ksm_series(context: Context) -> Iterator[Risk]:
    """kube-state-metrics docs/metrics/workload/pod-metrics.md."""
    if context.relocations:
        yield Risk(
            "ksm-series",
            "note",
            ", ".join(context.moved),
            "kube-state-metrics tells of it under kube_pod_init_container_* then",
            "Look at alerts that name it.",
        )
