"""What one container says by itself, read once and as far as the rules of evidence ask: its Traits.

Clusters run few distinct helpers, each very often. So containers that say the same have the same Traits (one object), whatever
else is different in them, and a Pod's containers become a short key to what was concluded before: see scene.py. What is
remembered lives with the recipes that it was found with, and is bounded."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from kubectl_sidecar.core.classification.calling import named
from kubectl_sidecar.core.classification.pointers import (
    Pointer,
    in_env,
    in_words,
    mentions_local,
    own_ports,
    probe_ports,
)
from kubectl_sidecar.core.classification.recent import Recent
from kubectl_sidecar.core.quantities import parse_quantity
from kubectl_sidecar.core.recipes.globs import parse_image, words_and_text
from kubectl_sidecar.core.recipes.match import Hit, RecipeIndex
from kubectl_sidecar.core.workload import Container, Port, Quantity, VolumeMount

METRICS_PORTS = frozenset({15090, 2020, 8888, *range(9090, 9501)})
_WRAPPERS = ("sh", "bash", "/bin/sh", "/bin/bash", "-c", "exec")
_TOOLS = ("pkill ", "killall ", "kill ")


class Traits(msgspec.Struct, frozen=True, eq=False, gc=False):
    """See the module. Equal where identical: `know` gives the same object for the same content.

    `hit` is the recipe that fits best; `family_hit`: it is of a family that is usually a sidecar, by more than its name alone.
    `ports` are those that it serves as far as its spec says so, `probed` those that its own probes ask, `declared` its
    containerPorts, `user_port` whether one of these is not for metrics, `health_port` the number of the port
    that its liveness probe asks by HTTP. `script` is its command and arguments where they are of a kind that rules read, else
    empty; `signals`: they send signals to processes; `idle`: it only sleeps, as a stand-in or a place to `exec` into; `chore`: it is
    a line of shell that does something again and again, with a sleep between.
    `helper_words` are words in its name or image that helpers are called by, as (word, field, text; no text for its own name).
    `device`: it has a limit for a device or huge pages; `tunnels`: it is privileged or may change the network."""

    hit: Hit | None
    family_hit: bool
    pointers: tuple[Pointer, ...]
    ports: frozenset[int]
    probed: frozenset[int]
    declared: tuple[Port, ...]
    user_port: bool
    has_readiness: bool
    has_probe: bool
    health_port: int | None
    mounts: tuple[VolumeMount, ...]
    has_words: bool
    has_args: bool
    script: str
    signals: bool
    idle: bool
    chore: bool
    helper_words: tuple[tuple[str, str, str], ...]
    device: bool
    privileged: bool
    tunnels: bool


class Known(NamedTuple):
    """A container with its traits, and what differs between containers that are otherwise alike."""

    container: Container
    name: str
    traits: Traits
    image: str
    """The last segment of its image's path."""
    cpu: float
    memory: float
    """Requested; 0 where nothing is."""
    stem: str
    """Its name without the last word, where that is what helpers are called by: `web` of `web-reloader`."""


@dataclass(slots=True)
class Memory:
    """What was found before: by the container object (which is kept, so that its id stays its own), by content, by shape."""

    known: Recent[int, Known] = field(default_factory=Recent)
    traits: Recent[Hashable, Traits] = field(default_factory=Recent)
    shapes: Recent[Hashable, Any] = field(default_factory=Recent)


def memory_of(recipes: RecipeIndex) -> Memory:
    """The memory that lives with these recipes."""
    found = recipes.remembered
    if not isinstance(found, Memory):
        found = recipes.remembered = Memory()
    return found


def know(container: Container, recipes: RecipeIndex, memory: Memory) -> Known:
    """The container, read; or remembered where this very object was read before."""
    known = memory.known.get(id(container))
    if known is None:
        known = _read(container, recipes, memory)
        memory.known.put(id(container), known)
    return known


def _read(container: Container, recipes: RecipeIndex, memory: Memory) -> Known:
    c = container
    words, text = words_and_text(c)
    image, hit = recipes.best(c, words, text)
    pointers, ports = _addresses(c, words, text)
    probes = bool(c.readiness_probe or c.liveness_probe or c.startup_probe)
    privileged, tunnels = _privileges(c) if c.security_context else (False, False)
    limits = c.resources.limits if c.resources else None
    traits = Traits(
        hit,
        _is_family(hit),
        tuple(pointers),
        frozenset(ports),
        frozenset(probe_ports(c)) if probes else _NONE,
        c.ports or (),
        bool(c.ports) and _for_users(c.ports or ()),
        c.readiness_probe is not None,
        probes,
        _health_port(c),
        c.volume_mounts or (),
        bool(words),
        bool(c.args),
        text if _is_script(text) else "",
        "kill" in text and any(tool in text for tool in _TOOLS),
        ("sleep" in text or "/dev/null" in text) and _idle(text),
        "while" in text and "sleep" in text and _chore(words, text),
        _helper_words(c.name, image),
        limits is not None and not limits.keys() <= _PLAIN and _has_device(limits),
        privileged,
        tunnels,
    )
    key = (hit and _hit_key(hit), *msgspec.structs.astuple(traits)[1:])
    same = memory.traits.get(key)
    if same is None:
        memory.traits.put(key, traits)
        same = traits
    requests = c.resources.requests if c.resources else None
    stem = named(c.name)[1]
    if not requests:
        return Known(c, c.name, same, image, 0.0, 0.0, stem)
    return Known(c, c.name, same, image, _amount(requests.get("cpu")), _amount(requests.get("memory")), stem)


def _is_family(hit: Hit | None) -> bool:
    return (
        hit is not None
        and hit.strength >= 2
        and hit.confirmed
        and hit.recipe.role == "sidecar"
        and (not hit.recipe.generic or hit.command != "")
    )


def _health_port(container: Container) -> int | None:
    probe = container.liveness_probe
    port = probe.http_get.port if probe and probe.http_get else None
    return port if isinstance(port, int) else None


_NONE: frozenset[int] = frozenset()


def _hit_key(hit: Hit) -> Hashable:
    return id(hit.recipe), hit.image, hit.named, hit.command, hit.confirmed, hit.strength, hit.text


def _addresses(container: Container, words: tuple[str, ...], text: str) -> tuple[list[Pointer], set[int]]:
    """What it dials on localhost, and the ports that it serves."""
    pointers: list[Pointer] = []
    ports = own_ports(container, words)
    if text and mentions_local(text):
        pointers, own = in_words(words, len(container.command or ()))
        ports |= own
    if container.env:
        pointers += in_env(container)
    return pointers, ports


def _is_script(text: str) -> bool:
    return "touch " in text or "tail" in text or "inotifywait" in text or "while" in text or "until" in text


def _idle(text: str) -> bool:
    words = [w for w in text.replace(";", " ").split()[:24] if w not in _WRAPPERS]
    if words[:1] in (["sleep"], ["/bin/sleep"]):
        return len(words) == 2
    return words[:3] == ["tail", "-f", "/dev/null"] or words[:4] == ["while", "true", "do", "sleep"]


def _chore(words: tuple[str, ...], text: str) -> bool:
    """An endless loop is the last thing that the script does: what comes behind it would be the program."""
    return words[0] in _SHELLS and _ENDLESS.search(text) is not None and text.rstrip("; \n").endswith("done")


_SHELLS = ("sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash")
_ENDLESS = re.compile(r"\bwhile (?:true|:|sleep \w+)\s*(?:;\s*)?do\b")


def _for_users(ports: tuple[Port, ...]) -> bool:
    return not all(p.container_port in METRICS_PORTS or "metrics" in (p.name or "") for p in ports)


def _helper_words(name: str, image: str) -> tuple[tuple[str, str, str], ...]:
    in_name, in_image = named(name)[0], named(image)[0]
    if not (in_name or in_image):
        return ()
    found = [(in_name, "name", "")] if in_name else []
    return tuple([*found, (in_image, "image", image[:63])] if in_image else found)


def _privileges(container: Container) -> tuple[bool, bool]:
    context = container.security_context
    if context is None:
        return False, False
    added = (context.capabilities.add if context.capabilities else None) or ()
    return bool(context.privileged), bool(context.privileged) or "NET_ADMIN" in added


_PLAIN = frozenset({"cpu", "memory"})


def _has_device(limits: Mapping[str, Quantity | None]) -> bool:
    return any("/" in key or key.startswith("hugepages-") for key in limits)


def _amount(quantity: Quantity | None) -> float:
    """What is asked for; 0 for nothing, and for what is no amount."""
    return max(parse_quantity(quantity) or 0.0, 0.0)


def image_path(known: Known) -> str:
    """The path of its image, '' where it has none: what two containers of one program have in common."""
    return parse_image(known.container.image).path if known.container.image else ""
