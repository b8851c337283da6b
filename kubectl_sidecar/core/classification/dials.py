"""Rules of evidence about who dials whom on localhost: a helper that is attached to the main, or a client that has a helper.

Which of both shows in what the option or variable is called (pointers.py). Arguments are written for this very container;
the environment is shared and holds public addresses too, so it counts for less."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubectl_sidecar.core.classification.findings import Weight
from kubectl_sidecar.core.classification.pointers import STORES, Pointer, key_parts
from kubectl_sidecar.core.classification.scene import Scene, Seen
from kubectl_sidecar.core.recipes.recipe import Recipe


def dials_other(scene: Scene) -> None:
    """A container that forwards to, scrapes or pokes another on localhost is that one's helper. One that is a client of
    another (database, proxy, collector) has a helper in it; but parts of one program, of one image, are each other's clients."""
    for seen in scene.all:
        for pointer in seen.traits.pointers:
            if pointer.use == "front" and "dials-main" in seen.told:
                continue  # said once is enough
            other, declared = scene.owner(pointer.port, seen)
            if pointer.use == "front":
                _front(seen, pointer, other, declared, scene.is_job)
            elif (
                other
                and not scene.same_image(other, seen)
                and not other.injected
                and (pointer.port or pointer.use == "client" or _meant(pointer.key, other, scene))
            ):
                _client(seen, other, pointer)


def _front(seen: Seen, pointer: Pointer, other: Seen | None, declared: bool, in_job: bool) -> None:
    """It forwards to, scrapes or pokes what listens on that port. In a Job, what only dials may be the work: a test of the other."""
    if pointer.port is None or "dials-main" in seen.told or (other is None and pointer.port in seen.traits.ports):
        return
    if in_job and not (seen.family_hit or seen.traits.fittings.declared):
        return
    weight: Weight = "high"
    if _from_env(pointer) and not seen.family_hit:
        weight = "medium" if declared and not seen.part else "low"
    if other and declared:
        seen.add("dials-main", f"dials {pointer}, a port of ", weight, "sidecar", pointer.path, whom=other)
    else:
        seen.add("dials-main", f"dials {pointer}", weight, "sidecar", pointer.path)


def _meant(key: str, other: Seen, scene: Scene) -> bool:
    """Whether `MYSQL_HOST=localhost`, which has no port, means a container called mysql."""
    return not key or not key_parts(key).isdisjoint(scene.shape.callings[other.index])


def _client(seen: Seen, other: Seen, pointer: Pointer) -> None:
    """`seen` uses what `other` serves, or dials it for a reason that does not show."""
    recipe = other.hit.recipe if other.hit and (other.hit.command or not other.hit.recipe.generic) else None
    outbound = recipe is not None and recipe.role == "sidecar" and recipe.traffic == "outbound"
    known_outbound = outbound and other.family_hit
    text, after = f"dials {pointer}, which ", " serves"
    if seen.family_hit and seen.hit:
        if known_outbound:
            _serves(other, seen, "high", pointer)
        elif (weight := _attaching(seen.hit.recipe, pointer)) and "dials-main" not in seen.told:
            seen.add("dials-main", text, weight, "sidecar", pointer.path, whom=other, after=after)
        return
    from_env, clear = _from_env(pointer), pointer.use == "client"
    if seen.side or other.is_own_program:  # what looks like a helper itself is attached to the other, not served by it
        strength: Weight | None = None
    elif known_outbound:
        strength = "high"
    elif from_env and (clear or outbound):
        strength = "medium"
    else:
        strength = "low" if clear else None
    if strength:
        _serves(other, seen, strength, pointer)
    serves = seen.traits.fittings.declared or seen.traits.fittings.has_readiness
    if not (clear or known_outbound or serves or "dials-other" in seen.told):
        seen.add("dials-other", text, "low", "sidecar", pointer.path, whom=other, after=after)


def _serves(server: Seen, client: Seen, weight: Weight, pointer: Pointer) -> None:
    if "serves-main" not in server.told:
        path = f"{client.path}.{pointer.path}"
        server.add("serves-main", "", weight, "sidecar", whom=client, after=f" dials it: {pointer}", path=path)


def _attaching(recipe: Recipe, pointer: Pointer) -> Weight | None:
    """What it says that a known helper dials another: the one that always works for another is attached to it, whatever the option is
    called; another kind may only use it (its proxy, its store, what it ships to), as it would in a workload of its own."""
    if recipe.attached:
        return "high"
    if (
        pointer.use == "client"
        or recipe.placement.place == "log-shipper"
        or not key_parts(pointer.key).isdisjoint(STORES)
    ):
        return None
    if recipe.traffic == "outbound":
        return "low"
    return "high" if recipe.traffic == "inbound" else "medium"


def _from_env(pointer: Pointer) -> bool:
    return pointer.path.startswith("env[")


DIAL_RULES: Mapping[str, Callable[[Scene], None]] = {"dials-other": dials_other}
