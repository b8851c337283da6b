"""Rules of evidence about how containers behave: what a Job waits for, what live Pods did, and the weak habits of manifests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from kubectl_sidecar.core.classification.scene import Scene, Seen
from kubectl_sidecar.core.recipes.globs import parse_image
from kubectl_sidecar.core.workload import Container, Quantity


def job_service(scene: Scene) -> None:
    """A Job is done when its work ends. Beside the container that carries the Job's name, one that listens never ends by
    itself, and one without command and arguments runs its image's service: helpers of the work."""
    if not scene.is_job:
        return
    named = [s for s in scene.all if "named-like-workload" in s.told]
    if len(named) == 1 and _one_shot(named[0]):
        for seen in scene.others(named[0]):
            if _listens(seen):
                seen.add(
                    "job-service",
                    f"listens on a port beside {named[0].name}, the Job's work",
                    "medium",
                    "sidecar",
                    seen.path,
                )
            elif not seen.words and not seen.has_high:
                seen.add(
                    "job-service",
                    f"runs its image's default beside {named[0].name}, the Job's work",
                    "low",
                    "sidecar",
                    seen.path,
                )
        return
    servers = [s for s in scene.all if _listens(s)]
    workers = [s for s in scene.all if _one_shot(s) and s.words and s not in servers]
    if servers and len(workers) == 1 and len(servers) + 1 == len(scene.all):
        for seen in servers:
            seen.add(
                "job-service",
                f"listens on a port beside {workers[0].name}, the Job's work",
                "medium",
                "sidecar",
                seen.path,
            )


def _listens(seen: Seen) -> bool:
    c = seen.container
    return bool(c.ports or c.readiness_probe or c.liveness_probe or c.startup_probe)


def _one_shot(seen: Seen) -> bool:
    return not _listens(seen)


def past_of_job(scene: Scene) -> None:
    """Live Pods of a Job: what ended with 0 while another runs on was the work; what runs on was the helper."""
    if not scene.is_job:
        return
    names = {s.name: s for s in scene.all}
    for past in scene.around.pasts:
        ended = [names[p.name] for p in past if p.exit_code == 0 and p.name in names]
        running = [names[p.name] for p in past if p.running and p.name in names]
        if ended and running:
            for seen in ended:
                seen.add(
                    "job-ended",
                    f"ended with exit code 0 while {running[0].name} runs on",
                    "high",
                    "main",
                    "status.containerStatuses",
                )
            for seen in running:
                seen.add(
                    "job-runs-on", f"runs on after {ended[0].name} ended", "high", "sidecar", "status.containerStatuses"
                )
            return


def restarts(scene: Scene) -> None:
    """Live Pods in which exactly one container was restarted, and its present run began after the others were up: it could
    not live without them."""
    if not scene.around.pasts:
        return
    names = {s.name: s for s in scene.all}
    for past in scene.around.pasts:
        known = [p for p in past if p.name in names and p.started_at is not None]
        again = [p for p in known if p.restarts > 0]
        if len(again) != 1 or len(known) < 2:
            continue
        one, rest = again[0], [p for p in known if p.name != again[0].name]
        if all((one.started_at or 0) >= (p.started_at or 0) for p in rest) and not names[one.name].has_high:
            text = f"was restarted {one.restarts} times and came up after the others"
            names[one.name].add("restarted", text, "low", "main", "status.containerStatuses")
            return


def _open(seen: Seen) -> bool:
    """Whether nothing strong explains this container yet."""
    return not seen.has_high and not seen.family_hit and "called-sidecar" not in seen.told


def list_order(scene: Scene) -> None:
    """People write the main container first, and kubectl takes the first as default. Injectors and known helpers break the
    habit, so it says nothing about them where anything shows another main, nor where an annotation names it."""
    first = scene.all[0]
    if scene.default is None and (_open(first) or scene.only_looks):
        first.add("list-order", "first in the list", "low", "main", first.path)


METRICS_PORTS = frozenset({15090, 2020, 8888, *range(9090, 9501)})


def ports_and_probes(scene: Scene) -> None:
    """The only container with a port for users, or with a readiness probe, is likelier the main. A port for
    metrics alone adds to other signs of an exporter; workers have one as well."""
    if scene.is_job:  # there a port is what helpers have
        return
    serving = [s for s in scene.all if _user_ports(s.container)]
    if len(serving) == 1 and _open(serving[0]):
        serving[0].add(
            "ports", "the only one with a port that is not for metrics", "low", "main", f"{serving[0].path}.ports"
        )
    for seen in scene.all:
        if seen.side and seen.container.ports and serving and not _user_ports(seen.container):
            seen.add("metrics-port", "has only a port for metrics", "low", "sidecar", f"{seen.path}.ports")
    probed = [s for s in scene.all if s.container.readiness_probe]
    if len(probed) == 1 and _open(probed[0]):
        probed[0].add(
            "probes", "the only one with a readiness probe", "low", "main", f"{probed[0].path}.readinessProbe"
        )


def _user_ports(container: Container) -> bool:
    ports = container.ports
    return bool(ports) and any(
        p.container_port not in METRICS_PORTS and "metrics" not in (p.name or "") for p in ports or ()
    )


def requests(scene: Scene) -> None:
    """Three quarters or more of what the containers request, or a device, is for the main. Only where all say what they need."""
    for seen in scene.all:
        resources = seen.container.resources
        if resources and resources.limits and not seen.has_high and _has_device(resources.limits):
            seen.add("device", "asks for a device or huge pages", "medium", "main", f"{seen.path}.resources")
    requested = [s.container.resources.requests if s.container.resources else None for s in scene.all]
    if not all(requested):
        return
    for key in ("cpu", "memory"):
        asked = [_request(r, key) for r in requested if r]
        if all(asked) and max(asked) >= 0.75 * sum(asked):
            seen = scene.all[asked.index(max(asked))]
            if _open(seen) and "requests" not in seen.told:
                seen.add("requests", f"requests most of the {key}", "low", "main", f"{seen.path}.resources")


def _has_device(limits: Mapping[str, Quantity | None]) -> bool:
    return any("/" in key or key.startswith("hugepages-") for key in limits if key not in _PLAIN)


_PLAIN = ("cpu", "memory")


def _request(requested: Mapping[str, Quantity | None], key: str) -> float:
    quantity = requested.get(key)
    return 0.0 if quantity is None else _amount(quantity)


_SUFFIXES = {
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}


def _amount(quantity: Quantity) -> float:
    """A Kubernetes quantity as far as a comparison needs it; 0 for what is none."""
    if not isinstance(quantity, str):
        return float(quantity) if 0 < quantity < 1e18 else 0.0
    return _amount_of(quantity[:32])


@lru_cache(maxsize=1024)
def _amount_of(text: str) -> float:
    for suffix in (text[-2:], text[-1:]):
        if suffix in _SUFFIXES:
            number, factor = text[: -len(suffix)], _SUFFIXES[suffix]
            break
    else:
        number, factor = text, 1.0
    return float(number) * factor if number.replace(".", "", 1).isdecimal() and number.isascii() else 0.0


def idle(scene: Scene) -> None:
    """A container that only sleeps is there for `exec`; it is nobody's main while another does something."""
    asleep = [s for s in scene.all if s.words and s.idle]
    if asleep and len(asleep) < len(scene.all):
        for seen in asleep:
            seen.add("idle", "only sleeps", "low", "sidecar", f"{seen.path}.command")


def privileges(scene: Scene) -> None:
    """The only container that may change the network, or is privileged, often tunnels or mounts for the others. Drivers and
    agents have privileges too, so this only adds to other signs."""
    if scene.kind == "DaemonSet":
        return
    strong = [s for s in scene.all if s.container.security_context and _privileged(s.container)]
    if len(strong) == 1 and strong[0].side:
        strong[0].add(
            "privileges", "the only one with privileges", "low", "sidecar", f"{strong[0].path}.securityContext"
        )


def _privileged(container: Container) -> bool:
    context = container.security_context
    if context is None:
        return False
    added = (context.capabilities.add if context.capabilities else None) or ()
    return bool(context.privileged) or "NET_ADMIN" in added


def probe_by_other(scene: Scene) -> None:
    """A liveness probe that another container's port answers: that one tells of the probed one's health."""
    for seen in scene.all:
        probe = seen.container.liveness_probe
        port = probe.http_get.port if probe and probe.http_get else None
        if not isinstance(port, int) or port in seen.ports:
            continue
        owners = [o for o in scene.others(seen) if port in o.ports]
        if len(owners) == 1 and "answers-probe" not in owners[0].told:
            owners[0].add(
                "answers-probe",
                f"answers the liveness probe of {seen.name}",
                "low",
                "sidecar",
                f"{owners[0].path}.ports",
            )


def signals_others(scene: Scene) -> None:
    """With one process namespace, a container that sends signals to processes of another is a helper (reload, stop)."""
    if not scene.workload.spec.share_process_namespace:
        return
    for seen in scene.all:
        if any(f"{tool} " in seen.text for tool in ("pkill", "killall", "kill")) and not seen.has_high:
            seen.add(
                "signals", "sends signals to another container's processes", "low", "sidecar", f"{seen.path}.command"
            )


def same_image(scene: Scene) -> None:
    """Containers of one image beside each other are parts of one program, none the helper of another unless it is called so."""
    images: dict[str, list[Seen]] = {}
    possible = [s for s in scene.all if s.container.image and not s.side]
    if len({s.image for s in possible}) == len(possible):  # a different last segment is a different image
        return
    for seen in possible:
        if seen.container.image:
            images.setdefault(parse_image(seen.container.image).path, []).append(seen)
    for group in images.values():
        for seen in group if len(group) > 1 else ():
            other = next(o for o in group if o is not seen)
            seen.add("same-image", f"runs the same image as {other.name}", "medium", "peer", f"{seen.path}.image")


BEHAVIOUR_RULES: Mapping[str, Callable[[Scene], None]] = {
    "job-service": job_service,
    "job-ended": past_of_job,
    "restarted": restarts,
}
HABITS: Mapping[str, Callable[[Scene], None]] = {
    "list-order": list_order,
    "ports": ports_and_probes,
    "requests": requests,
    "idle": idle,
    "privileges": privileges,
    "answers-probe": probe_by_other,
    "signals": signals_others,
    "same-image": same_image,
}
"""Weak habits, asked only where a doubt is left; see evidence.py."""
