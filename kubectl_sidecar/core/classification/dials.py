"""Rules of evidence about who dials whom on localhost: a helper that is attached to the main, or a client that has a helper.

Which of both shows in what the option or variable is called (pointers.py). Arguments are written for this very container;
the environment is shared and holds public addresses too, so it counts for less."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubectl_sidecar.core.classification.findings import Weight
from kubectl_sidecar.core.classification.pointers import Pointer, key_parts
from kubectl_sidecar.core.classification.scene import Scene, Seen


def dials_other(scene: Scene) -> None:
    """A container that forwards to, scrapes or pokes another on localhost is that one's helper. One that is a client of
    another (database, proxy, collector) has a helper in it."""
    for seen in scene.all:
        for pointer in seen.pointers:
            if pointer.use == "front" and "dials-main" in seen.told:
                continue  # said once is enough
            other, declared = scene.owner(pointer.port, seen)
            if pointer.use == "front":
                _front(seen, pointer, other, declared)
            elif (
                other and not other.injected and (pointer.port or pointer.use == "client" or _meant(pointer.key, other))
            ):
                _client(seen, other, pointer)


def _front(seen: Seen, pointer: Pointer, other: Seen | None, declared: bool) -> None:
    """It forwards to, scrapes or pokes what listens on that port."""
    if pointer.port is None or "dials-main" in seen.told or (other is None and pointer.port in seen.ports):
        return
    weight: Weight = "high"
    if not declared and _from_env(pointer):
        weight = "low"
    whom = f", a port of {other.name}" if other and declared else ""
    seen.add("dials-main", f"dials {pointer}{whom}", weight, "sidecar", pointer.path)


def _meant(key: str, other: Seen) -> bool:
    """Whether `MYSQL_HOST=localhost`, which has no port, means a container called mysql."""
    parts = key_parts(key)
    return not key or other.name.lower() in parts or other.image.lower() in parts


def _client(seen: Seen, other: Seen, pointer: Pointer) -> None:
    """`seen` uses what `other` serves, or dials it for a reason that does not show."""
    recipe = other.hit.recipe if other.hit and (other.hit.command or not other.hit.recipe.generic) else None
    outbound = recipe is not None and recipe.role == "sidecar" and recipe.traffic == "outbound"
    known_outbound = outbound and other.family_hit
    text = f"dials {pointer}, which {other.name} serves"
    if seen.family_hit:
        # A known helper that dials another is attached to it, whatever the option is called; of two helpers this says nothing.
        if "dials-main" not in seen.told and not known_outbound:
            weight: Weight = "high" if seen.hit and seen.hit.recipe.traffic != "outbound" else "low"
            seen.add("dials-main", text, weight, "sidecar", pointer.path)
        return
    from_env, clear = _from_env(pointer), pointer.use == "client"
    if seen.side:  # what looks like a helper itself is attached to the other, not served by it
        strength: Weight | None = None
    elif known_outbound:
        strength = "high"
    elif from_env and (clear or outbound):
        strength = "medium"
    else:
        strength = "low" if clear else None
    if strength and "serves-main" not in other.told:
        other.add("serves-main", f"{seen.name} dials it: {pointer}", strength, "sidecar", pointer.path)
    if not (
        clear or known_outbound or seen.container.ports or seen.container.readiness_probe or "dials-other" in seen.told
    ):
        seen.add("dials-other", text, "low", "sidecar", pointer.path)


def _from_env(pointer: Pointer) -> bool:
    return ".env[" in pointer.path


DIAL_RULES: Mapping[str, Callable[[Scene], None]] = {"dials-other": dials_other}
