"""The rules of evidence: each a function over a Scene that records what it observed. No rule names a program, an image or a
project (recipes do that), and each is one that a Kubernetes engineer would sign; `RULES` is the whole list, in order.

A first set decides most workloads. The second holds weak habits (list order, ports, probes, requests, …), which say nothing
about a container that a strong fact already explains, so they are asked only where a doubt is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubectl_sidecar.core.classification.behaviour import BEHAVIOUR_RULES
from kubectl_sidecar.core.classification.dials import DIAL_RULES
from kubectl_sidecar.core.classification.findings import Role, Weight
from kubectl_sidecar.core.classification.injection import advice
from kubectl_sidecar.core.classification.names import NAME_RULES, exists_for
from kubectl_sidecar.core.classification.scene import BY_LOOKS, POINTS, Scene, Seen
from kubectl_sidecar.core.classification.volumes import VOLUME_RULES
from kubectl_sidecar.core.recipes.globs import quoted
from kubectl_sidecar.core.recipes.match import Hit

Rule = Callable[[Scene], None]


def family(scene: Scene) -> None:
    """Image, name and command of a known family. Image and name together are strong, an image alone is not: many helpers
    also run as workloads of their own. What was not read in a source never counts for more than `low`."""
    for seen in scene.all:
        hit = seen.hit
        if hit is None or (hit.recipe.role == "peer" and not _partner(scene, seen, hit)):
            continue
        if seen.idle and hit.recipe.match.command and not hit.command:
            continue  # told to sleep, the program that this family is does not run
        role: Role = hit.recipe.role
        sleeps = seen.idle or "sleep" in hit.command or "/dev/null" in hit.command
        weight = _image_weight(hit)
        if sleeps and not hit.named:  # any image can be made to sleep, and stand-ins for an app do it too
            weight = None if not seen.idle and hit.recipe.generic else "low"
        if weight:
            seen.add(
                "family", hit.text, weight if hit.confirmed else "low", role, "image" if hit.image != "no" else "name"
            )
        if (
            hit.command
            and role == "sidecar"
            and (not sleeps or (hit.named and hit.image == "no"))
            and (hit.recipe.generic or hit.image != "full")
        ):
            # Of an image with many uses the command tells the use; else it only says again what program this is.
            strong: Weight = "high" if hit.recipe.generic or hit.named else "medium"
            text = f'{hit.recipe.family}: runs "{hit.command[:80]}"'
            seen.add(
                "family-command",
                text,
                strong if hit.confirmed else "low",
                role,
                "args" if seen.traits.has_args else "command",
            )


def _image_weight(hit: Hit) -> Weight | None:
    if hit.recipe.generic and hit.recipe.role == "sidecar" and not hit.command and hit.image != "no":
        return "low"  # an image with many uses, and nothing that it does tells which
    if hit.image == "full":
        return "high" if hit.named else "medium"
    if hit.image == "basename":
        return "medium" if hit.named else "low"
    return "low" if hit.named else None


def _partner(scene: Scene, seen: Seen, hit: Hit) -> bool:
    """A pair needs its other half: co-equals of one recipe are peers only beside each other."""
    return any(o.hit is not None and o.hit.recipe is hit.recipe for o in scene.others(seen))


def injector_marks(scene: Scene) -> None:
    """Marks that an injector leaves on what it changed: then the container of that injector's family was injected."""
    for path, key, recipe in scene.marked:
        for seen in scene.all:
            hit = seen.hit
            if hit and hit.recipe is recipe and (hit.named or hit.image == "full") and not seen.injected:
                seen.injected = True
                text = f"has the mark {key}" + (f"; {advice(recipe.injector)}" if recipe.injector else "")
                seen.add("injected", text, "decisive", "sidecar", path=f"{path}[{key}]")


def default_container(scene: Scene) -> None:
    """kubectl's default-container annotation names the main. Injectors set it too (to the first app container), so beside an
    injector's mark it counts for less."""
    if scene.shape.default is None:
        return
    index, key = scene.shape.default
    seen = scene.all[index]
    if not seen.injected:
        weight: Weight = "medium" if any(s.injected for s in scene.all) else "high"
        seen.add("default-container", f"{key} names it", weight, "main", path=f"metadata.annotations[{key}]")


def service_port(scene: Scene) -> None:
    """Who owns the port that a Service sends to gets user traffic: the main, unless it stands in front of it."""
    for service in scene.around.services or ():
        for seen in scene.all:
            if seen.injected or (seen.hit and seen.family_hit and seen.hit.recipe.traffic == "inbound"):
                continue
            if "dials-main" in seen.told:
                continue
            for declared in seen.traits.fittings.declared:
                port, name = declared.container_port, declared.name or ""
                if "metrics" in name or not (port in service.targets or (name and name in service.targets)):
                    continue
                text = f"owns port {port} of Service {service.name}"
                if "service-port" not in seen.told:
                    seen.add("service-port", text, "medium", "main", "ports")


NODE_PATHS = (
    "/var/log",
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/var/run",
    "/lib/modules",
    "/etc/cni",
    "/opt/cni",
    "/var/lib/cni",
    "/var/lib/docker",
)


def node_agent(scene: Scene) -> None:
    """In a DaemonSet, the container that looks into the node (its logs, processes, devices) is what the DaemonSet is for, unless it
    is of a family that always works for another. A shipper of logs or telemetry that nothing ties to another container, and no
    other is known as the main, is there for the node too, wherever it reads from; but not beside what looks like another kind of
    helper, which may be the DaemonSet's gateway with its telemetry."""
    if scene.shape.kind != "DaemonSet":
        return
    for seen in scene.all:
        for name in () if seen.attached else seen.mounts:
            path = scene.host_paths.get(name, "")
            if path and (path == "/" or any(path == p or path.startswith(f"{p}/") for p in NODE_PATHS)):
                seen.add("node-agent", f"mounts {quoted(path)} of the node", "high", "main", "volumeMounts")
                break
    if any(s.main >= POINTS["medium"] for s in scene.all):
        return
    by_looks = [s for s in scene.all if s.family_hit and s.told <= BY_LOOKS]
    if all(s.hit and s.hit.recipe.placement.place in ("log-shipper", "telemetry") for s in by_looks):
        for seen in by_looks:
            seen.add("node-agent", "such an agent in a DaemonSet serves the node", "high", "main", path="kind")


def claim(scene: Scene) -> None:
    """The only container that mounts a claim keeps the data. A helper may have one as well, for its buffers or its backups: that of
    a known family, unless that has many uses, or the workload is called as it or a StatefulSet, where nothing else ties it to
    another; and one beside the container that has the workload's name."""
    for name in scene.shape.claims:
        holders = [s for s in scene.all if name in s.mounts]
        if len(holders) != 1 or "claim" in holders[0].told:
            continue
        seen = holders[0]
        if any(exists_for(s) for s in scene.others(seen)):
            continue
        of_many_uses = seen.hit is not None and seen.hit.recipe.generic
        is_store = of_many_uses or scene.shape.kind == "StatefulSet" or "named-like-workload" in seen.told
        if not seen.has_high or (is_store and seen.by_looks):
            seen.add("claim", f"alone mounts the claim {name[:63]}", "medium", "main", "volumeMounts")


def serves_users(scene: Scene) -> None:
    """A proxy that users go through, or a program of many uses, that looks like a helper and alone has a port for users, may be a
    gateway or a server with helpers of its own, unless anything ties it to another container or names that one as the main."""
    serving = [s for s in scene.all if s.traits.fittings.user_port]
    if scene.is_job or len(serving) != 1:
        return
    seen = serving[0]
    if not (seen.hit and seen.family_hit and seen.told <= BY_LOOKS) or seen.side < POINTS["medium"]:
        return
    recipe = seen.hit.recipe
    if (recipe.generic or recipe.traffic == "inbound") and all(s.main < POINTS["medium"] for s in scene.others(seen)):
        seen.add("ports", "the only one with a port that is not for metrics", "low", "main", "ports")


def leads(scene: Scene) -> None:
    """The first in the list, a server that is nothing but a known helper which the others dial, may be there for other Pods too, with
    these others for its own helpers; unless something names one of them as the main."""
    first = scene.all[0]
    if "serves-main" not in first.told or not first.by_looks or first.injected or first.attached:
        return
    if all(s.main < POINTS["medium"] for s in scene.others(first)) and "named-like-workload" not in first.told:
        first.add("leads", "is first in the list, and serves another", "low", "main")


RULES: Mapping[str, Rule] = {
    "family": family,
    "injected": injector_marks,
    "default-container": default_container,
    **NAME_RULES,
    **DIAL_RULES,
    "service-port": service_port,
    "claim": claim,
    "leads": leads,
    "serves-users": serves_users,
    **VOLUME_RULES,
    "node-agent": node_agent,
    **BEHAVIOUR_RULES,
}
"""The facts that decide most workloads, in the order in which they are asked (later ones look at earlier evidence)."""
