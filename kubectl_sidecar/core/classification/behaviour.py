"""Rules of evidence about how containers behave: what a Job waits for, what live Pods did, and the weak habits of manifests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubectl_sidecar.core.classification.findings import Weight
from kubectl_sidecar.core.classification.names import beside_main, company, exists_for, sole_main
from kubectl_sidecar.core.classification.scene import Scene, Seen


def job_service(scene: Scene) -> None:
    """A Job is done when its work ends. Beside the container that carries the Job's name, one that listens never ends by
    itself, and one without command and arguments runs its image's service: helpers of the work."""
    if not scene.is_job:
        return
    named = [s for s in scene.all if "named-like-workload" in s.told]
    if len(named) == 1 and not _listens(named[0]):
        for seen in scene.others(named[0]):
            if _listens(seen):
                _serves_job(seen, "listens on a port", "medium", named[0])
            elif not seen.traits.has_words and not seen.has_high:
                _serves_job(seen, "runs its image's default", "low", named[0])
        return
    servers = [s for s in scene.all if _listens(s)]
    workers = [s for s in scene.all if not _listens(s) and s.traits.has_words]
    if servers and len(workers) == 1 and len(servers) + 1 == len(scene.all):
        for seen in servers:
            _serves_job(seen, "listens on a port", "medium", workers[0])


def _serves_job(seen: Seen, what: str, weight: Weight, worker: Seen) -> None:
    seen.add("job-service", f"{what} beside ", weight, "sidecar", whom=worker, after=", the Job's work")


def _listens(seen: Seen) -> bool:
    return bool(seen.traits.fittings.declared) or seen.traits.fittings.has_probe


def past_of_job(scene: Scene) -> None:
    """Live Pods of a Job: what ended with 0 while another runs on was the work; what runs on was the helper."""
    if not scene.is_job:
        return
    for past in scene.around.pasts:
        names = dict(zip(scene.names, scene.all, strict=True))
        ended = [names[p.name] for p in past if p.exit_code == 0 and p.name in names]
        running = [names[p.name] for p in past if p.running and p.name in names]
        if ended and running:
            for seen in ended:
                text = "ended with exit code 0 while "
                seen.add("job-ended", text, "high", "main", whom=running[0], after=" runs on", path=_STATUSES)
            for seen in running:
                seen.add(
                    "job-runs-on", "runs on after ", "high", "sidecar", whom=ended[0], after=" ended", path=_STATUSES
                )
            return


_STATUSES = "status.containerStatuses"


def restarts(scene: Scene) -> None:
    """Live Pods in which exactly one container was restarted, and its present run began after the others were up: it could
    not live without them."""
    if not scene.around.pasts:
        return
    names = dict(zip(scene.names, scene.all, strict=True))
    for past in scene.around.pasts:
        known = [p for p in past if p.name in names and p.started_at is not None]
        again = [p for p in known if p.restarts > 0]
        if len(again) != 1 or len(known) < 2:
            continue
        one, rest = again[0], [p for p in known if p.name != again[0].name]
        if all((one.started_at or 0) >= (p.started_at or 0) for p in rest) and not names[one.name].has_high:
            text = f"was restarted {one.restarts} times and came up after the others"
            names[one.name].add("restarted", text, "low", "main", path=_STATUSES)
            return


def _open(seen: Seen) -> bool:
    """Whether nothing strong explains this container yet."""
    return not seen.has_high and not seen.family_hit and "called-sidecar" not in seen.told


def list_order(scene: Scene) -> None:
    """People write the main container first, and kubectl takes the first as default. Injectors and known helpers break the
    habit, so it says nothing about them where anything shows another main, nor where an annotation or the workload's name
    names it."""
    first = scene.all[0]
    named = scene.shape.default is not None and not scene.all[scene.shape.default[0]].injected
    named = named or any(exists_for(s) or "named-like-workload" in s.told for s in scene.others(first))
    if not named and (_open(first) or scene.only_looks):
        first.add("list-order", "first in the list", "low", "main")


def ports_and_probes(scene: Scene) -> None:
    """The only container with a port for users, or with a readiness probe, is likelier the main, unless another one has the
    workload's name: then it may as well stand in front of that one. A port for metrics alone adds to other signs of an exporter;
    workers have one as well."""
    if scene.is_job:  # there a port is what helpers have
        return
    known = [s for s in scene.all if exists_for(s)]
    serving = [s for s in scene.all if s.traits.fittings.user_port]
    if len(serving) == 1 and _open(serving[0]) and (not known or serving[0] in known):
        serving[0].add("ports", "the only one with a port that is not for metrics", "low", "main", "ports")
    for seen in scene.all:
        if seen.side and seen.traits.fittings.declared and serving and not seen.traits.fittings.user_port:
            seen.add("metrics-port", "has only a port for metrics", "low", "sidecar", "ports")
    probed = [s for s in scene.all if s.traits.fittings.has_readiness]
    if len(probed) == 1 and _open(probed[0]) and (not known or probed[0] in known):
        probed[0].add("probes", "the only one with a readiness probe", "low", "main", "readinessProbe")


def requests(scene: Scene) -> None:
    """Three quarters or more of what the containers request, or a device, is for the main. Only where all say what they need."""
    for seen in scene.all:
        if seen.traits.device and not seen.has_high:
            seen.add("device", "asks for a device or huge pages", "medium", "main", "resources")
    for key, index in scene.shape.heaviest:
        seen = scene.all[index]
        if _open(seen) and "requests" not in seen.told:
            seen.add("requests", f"requests most of the {key}", "low", "main", "resources")


def idle(scene: Scene) -> None:
    """A container that only sleeps is there for `exec`; it is nobody's main while another does something."""
    asleep = [s for s in scene.all if s.idle]
    if asleep and len(asleep) < len(scene.all):
        for seen in asleep:
            seen.add("idle", "only sleeps", "low", "sidecar", "command")


def privileges(scene: Scene) -> None:
    """The only container that may change the network, or is privileged, often tunnels or mounts for the others. Drivers and
    agents have privileges too, so this only adds to other signs."""
    if scene.shape.kind == "DaemonSet":
        return
    strong = [s for s in scene.all if s.traits.fittings.privilege]
    if len(strong) == 1 and strong[0].side:
        strong[0].add("privileges", "the only one with privileges", "low", "sidecar", "securityContext")


def probe_by_other(scene: Scene) -> None:
    """A liveness probe that another container's port answers: that one tells of the probed one's health."""
    for seen in scene.all:
        port = seen.traits.fittings.health_port
        if port is None or port in seen.traits.ports:
            continue
        owners = [o for o in scene.others(seen) if port in o.traits.ports]
        if len(owners) == 1 and "answers-probe" not in owners[0].told:
            owners[0].add("answers-probe", "answers the liveness probe of ", "low", "sidecar", "ports", whom=seen)


def signals_others(scene: Scene) -> None:
    """With one process namespace, a container that sends signals to processes of another is a helper (reload, stop)."""
    if not scene.shape.share_process_namespace:
        return
    for seen in scene.all:
        if seen.traits.signals and not seen.has_high:
            seen.add("signals", "sends signals to another container's processes", "low", "sidecar", "command")


def same_image(scene: Scene) -> None:
    """Containers of one image beside each other are parts of one program, none the helper of another unless it is called so."""
    if not scene.shape.twins:
        return
    groups: dict[int, list[Seen]] = {}
    for seen, first in zip(scene.all, scene.shape.twins, strict=True):
        if not seen.side:
            groups.setdefault(first, []).append(seen)
    for group in groups.values():
        for seen in group if len(group) > 1 else ():
            other = next(o for o in group if o is not seen)
            seen.add("same-image", "runs the same image as ", "medium", "peer", "image", whom=other)


def chore(scene: Scene) -> None:
    """A line of shell in an endless loop with a sleep (copy, clean up, set again) that serves nobody, beside the one container
    that the workload exists for, is a chore for it. A loop over that container's own program is a part of it, as a scheduler;
    one in a DaemonSet may do its chore for the node."""
    if scene.shape.kind == "DaemonSet":
        return
    loops = [s for s in scene.all if s.traits.chore and not (s.idle or s.has_high or _listens(s))]
    main = sole_main(scene) if loops else None
    if main is None:
        return
    for seen in loops:
        if not scene.same_image(seen, main):
            seen.add("chore", "repeats commands of a shell, with a sleep between", "medium", "sidecar", "command")


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
    "chore": chore,
    "beside-main": beside_main,
    "company": company,
}
"""Weak habits, asked only where a doubt is left; see evidence.py."""
