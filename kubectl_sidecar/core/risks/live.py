"""Risks that live Pods show: a helper that cannot start, or does not stay up, from now on takes the app down with it; and
what an injector puts beside the app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.plain import get, items, mapping
from kubectl_sidecar.core.plan import Risk
from kubectl_sidecar.core.recipes.globs import word_set
from kubectl_sidecar.core.recipes.injections import Injections
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.risks.context import Context

_CANNOT_START = word_set(
    "ErrImagePull ImagePullBackOff ErrImageNeverPull InvalidImageName ImageInspectError RegistryUnavailable CreateContainerConfigError "
    "CreateContainerError RunContainerError StartError ContainerCannotRun PreCreateHookError PreStartHookError PostStartHookError"
)

Fate = Literal["cannot-start", "ended", "crashes"]


class _Seen(NamedTuple):
    fate: Fate | None
    text: str
    restarts: int


def _statuses(context: Context, name: str) -> list[_Seen]:
    """How the container fares in each live Pod that has it in the classic form. Pods that are over, or on their way out, say
    nothing of how it starts."""
    if isinstance(context.facts.pods, Unknown):
        return []
    found = []
    for pod in context.facts.pods:
        if get(pod, "metadata", "deletionTimestamp") or get(pod, "status", "phase") in ("Succeeded", "Failed"):
            continue
        for status in items(get(pod, "status", "containerStatuses")):
            if status.get("name") == name:
                found.append(_fate(status))
    return found


def _fate(status: Mapping[str, Any]) -> _Seen:
    count = status.get("restartCount")
    restarts = count if isinstance(count, int) else 0
    waiting, ended = get(status, "state", "waiting", "reason"), get(status, "state", "terminated")
    last = ended or get(status, "lastState", "terminated")
    reason, code = get(last, "reason"), get(last, "exitCode")
    for sign in (waiting, get(ended, "reason"), reason if waiting == "CrashLoopBackOff" else None):
        if isinstance(sign, str) and sign in _CANNOT_START:
            return _Seen("cannot-start", sign, restarts)
    if code == 0 and (ended or waiting == "CrashLoopBackOff"):
        return _Seen("ended", "it ended with exit code 0", restarts)
    if waiting == "CrashLoopBackOff" or (ended and code):
        return _Seen("crashes", f"{waiting or 'ended'} with exit code {code}", restarts)
    return _Seen(None, "", restarts)


def helper_cannot_start(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        seen = _statuses(context, r.finding.name)
        bad = [s for s in seen if s.fate == "cannot-start"]
        if bad:
            yield Risk(
                "helper-cannot-start",
                "blocker" if len(bad) == len(seen) else "caution",
                r.finding.name,
                f"in {len(bad)} of {len(seen)} live Pods it cannot start ({bad[0].text}); today the app runs without "
                "it, from now on it would not start at all",
                "Make the helper start first.",
            )


def helper_crashes(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        seen = _statuses(context, r.finding.name)
        bad = [s for s in seen if s.fate in ("crashes", "ended")]
        if bad:
            yield Risk(
                "helper-crashes",
                "blocker" if len(bad) == len(seen) else "caution",
                r.finding.name,
                f"in {len(bad)} of {len(seen)} live Pods it does not stay up ({bad[0].text}, {bad[0].restarts} restarts); "
                "a sidecar that ends at once keeps the app from ever starting, and one that ends later from being restarted",
                "Make the helper stay up first; one that ends when its work is done is no sidecar.",
            )


def restart_coupling(context: Context) -> Iterator[Risk]:
    """pkg/kubelet/kuberuntime/kuberuntime_container.go: with no regular container running, the last entry has to run first."""
    if not context.relocations:
        return
    names = ", ".join(context.moved)
    flapping = [s.restarts for name in context.moved for s in _statuses(context, name) if s.restarts > 2]
    last = context.after.init_list[-1].name if context.after.init_list else ""
    alone = len(context.after.main_list) == 1 and last in context.moved and context.after.restart_policy != "Never"
    several = len(context.moved) > 1
    which, down = ("one of them", f"{last}, the last of them,") if several else ("its helper", last)
    coupled = f", and a crashed {context.app} is not restarted while {down} is down" if alone else ""
    yield Risk(
        "restart-coupling",
        "caution" if flapping else "note",
        names,
        f"from now on {context.app} does not start when {which} cannot (image, command){coupled}"
        + (f"; in live Pods {which} was restarted up to {max(flapping)} times" if flapping else ""),
        "Find out why it restarts first." if flapping else "",
    )


def mesh_injected(context: Context) -> Iterator[Risk]:
    """A classic mesh proxy is injected among the regular containers: moved helpers start before it, so without the mesh."""
    asked = _mesh_mark(context)
    proxies = _injected(context)
    if any(p == "native" for p in proxies.values()) and "classic" not in proxies.values():
        return
    if not asked:
        return
    classic = [n for n, form in proxies.items() if form == "classic"]
    beside = (
        f"live Pods have {', '.join(classic)} among the regular containers"
        if classic
        else "whether its proxy is a native sidecar is not known"
    )
    yield Risk(
        "mesh-injected",
        "caution",
        ", ".join(context.moved),
        f"a mesh injects its proxy here ({asked}), and {beside}: a helper that starts before the proxy has no network through the mesh at first",
        "Switch the mesh to native sidecars first; give the helper no startupProbe that needs the network.",
    )


def _mesh_mark(context: Context) -> str:
    """The label or annotation by which a mesh is asked for here; none where the template says no."""
    meshes = Injections(recipe for recipe in context.recipes if _takes_all_traffic(recipe))
    template = context.workload.template
    own = {**template.labels, **template.annotations}
    if meshes.refused(own):
        return ""
    for where, marks in (("its template", own), ("its namespace", _namespace_marks(context))):
        asked = meshes.asked(marks)
        if asked:
            return f"{asked} on {where}"
    return ""


def _takes_all_traffic(recipe: Recipe) -> bool:
    """A mesh proxy goes out to the network, and an init container of its own bends the traffic to it."""
    return bool(recipe.companions) and recipe.traffic == "outbound" and recipe.placement.place == "network-proxy"


def _namespace_marks(context: Context) -> dict[str, Any]:
    namespace = context.facts.namespace
    if isinstance(namespace, Unknown):
        return {}
    return {**mapping(get(namespace, "metadata", "labels")), **mapping(get(namespace, "metadata", "annotations"))}


def _injected(context: Context) -> dict[str, Literal["classic", "native"]]:
    """Containers of live Pods that the template has not: what was injected, and in which form."""
    if isinstance(context.facts.pods, Unknown):
        return {}
    known = {c.name for c in (*context.before.main_list, *context.before.init_list)}
    found: dict[str, Literal["classic", "native"]] = {}
    for pod in context.facts.pods:
        for container in items(get(pod, "spec", "containers")):
            found[str(container.get("name"))] = "classic"
        for container in items(get(pod, "spec", "initContainers")):
            if container.get("restartPolicy") == "Always":
                found[str(container.get("name"))] = "native"
    return {name: form for name, form in found.items() if name not in known}
