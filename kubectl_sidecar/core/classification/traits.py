"""What one container says by itself, read once and as far as the rules of evidence ask: its Traits.

Clusters run few distinct helpers, each very often. So containers that say the same have the same Traits (one object), whatever
else is different in them, and a Pod's containers become a short key to what was concluded before: see scene.py. What is
remembered lives with the recipes that it was found with, and is bounded."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import msgspec

from kubectl_sidecar.core.classification.calling import is_part, named
from kubectl_sidecar.core.classification.pointers import (
    Pointer,
    in_env,
    in_words,
    listened,
    mentions_local,
    probe_ports,
)
from kubectl_sidecar.core.classification.recent import Recent
from kubectl_sidecar.core.quantities import parse_quantity
from kubectl_sidecar.core.recipes.globs import words_and_text
from kubectl_sidecar.core.recipes.match import UNSPECIFIC, Hit, RecipeIndex
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container, Port, Quantity, SecurityContext, VolumeMount, Workload

METRICS_PORTS = frozenset({15090, 2020, 8888, *range(9090, 9501)} - {9092, 9093, 9200, 9300, 9418, 9443})
"""Those that exporters take, without the ones that brokers, search engines, Git and HTTPS are known for."""
_WRAPPERS = ("sh", "bash", "/bin/sh", "/bin/bash", "-c", "exec")
_TOOLS = ("pkill ", "killall ", "kill ")


Privilege = Literal["", "network", "all"]
"""`network`: it may change the Pod's network."""


class Fittings(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a container says around its program; equal where identical.

    `ports` are its containerPorts by number, `user_port`: one of these is not for metrics. `probed` are the ports that its own
    probes ask by number, `health_port` the one that its liveness probe asks by HTTP. `by_volume` are the mounts again, by the names
    of their volumes."""

    declared: tuple[Port, ...]
    ports: frozenset[int]
    user_port: bool
    has_probe: bool
    has_readiness: bool
    probed: frozenset[int]
    health_port: int | None
    mounts: tuple[VolumeMount, ...]
    privilege: Privilege
    by_volume: Mapping[str, VolumeMount]


class Traits(msgspec.Struct, frozen=True, eq=False, gc=False):
    """See the module. Equal where identical: `read` gives the same object for the same content.

    `hit` is the recipe that fits best; `family_hit`: it is of a family that is usually a sidecar, by more than its name alone.
    `ports` are those that it serves as far as its spec says so. `script` is its command and arguments where they are of a kind
    that rules read, else empty; `signals`: they send signals to processes; `idle`: it only sleeps, as a stand-in or a place to
    `exec` into; `chore`: it is a line of shell that does something again and again, with a sleep between.
    `helper_words` are words in its name or image that helpers are called by, as (word, field, text; no text for its own name).
    `device`: it has a limit for a device or huge pages."""

    hit: Hit | None
    family_hit: bool
    fittings: Fittings
    pointers: tuple[Pointer, ...]
    ports: frozenset[int]
    has_words: bool
    has_args: bool
    script: str
    signals: bool
    idle: bool
    chore: bool
    helper_words: tuple[tuple[str, str, str], ...]
    device: bool


class Calling(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a container is called by its own name and its image, and what these names tell; one object for all called so.

    `path` of the image, '' where it has none, is what two containers of one program have in common; `project` is that path as far
    as its last segment's first word (`acme/shop` of `acme/shop-server`), or all of it, and `image` that segment. `stem` is the
    name without the last word, where that is what helpers are called by: `web` of `web-reloader`. `part`: it is called as parts of
    an app are. For `helper_words` see Traits."""

    path: str
    project: str
    image: str
    stem: str
    helper_words: tuple[tuple[str, str, str], ...]
    part: bool


class Known(msgspec.Struct, frozen=True, gc=False):
    """A container with its traits, and what differs between containers that are otherwise alike."""

    container: Container
    name: str
    traits: Traits
    calling: Calling
    requests: tuple[float, float]
    """Cores and bytes; 0 where nothing is requested."""
    family: str
    """Which it is by more than a telling name; else empty."""
    aliases: frozenset[str]
    """What that family is called by."""


@dataclass(slots=True)
class Memory:
    """What was found before: by the container object (which is kept, so that its id stays its own), by content, by shape."""

    known: Recent[int, Known] = field(default_factory=Recent)
    callings: Recent[tuple[str, str], Calling] = field(default_factory=Recent)
    fittings: Recent[Hashable, Fittings] = field(default_factory=Recent)
    traits: Recent[Hashable, Traits] = field(default_factory=Recent)
    shapes: Recent[Hashable, Any] = field(default_factory=Recent)


def memory_of(recipes: RecipeIndex) -> Memory:
    """The memory that lives with these recipes."""
    found = recipes.remembered
    if not isinstance(found, Memory):
        found = recipes.remembered = Memory()
    return found


def read_all(workload: Workload, recipes: RecipeIndex, memory: Memory) -> Sequence[Known]:
    """The containers of `spec.containers`, read; none where there are fewer than two, since nothing is asked of an only one."""
    containers = workload.spec.containers or ()
    if len(containers) < 2:
        return ()
    known = memory.known
    return [known[id(container)] or read(container, recipes, memory) for container in containers]


def read(container: Container, recipes: RecipeIndex, memory: Memory) -> Known:
    """The container, read, and remembered as `memory.known[id(container)]`."""
    c = container
    words, text = words_and_text(c)
    path, hit = recipes.best(c, words, text)
    calling = memory.callings[path, c.name] or _calling(path, c.name, memory)
    fittings = _fittings(c, memory)
    pointers, ports = _addresses(c, words, text)
    limits = c.resources.limits if c.resources else None
    said = (
        fittings,
        pointers,
        fittings.ports if ports <= fittings.ports else fittings.ports | ports,
        bool(words),
        bool(c.args),
        text if _is_script(text) else "",
        "kill" in text and any(tool in text for tool in _TOOLS),
        ("sleep" in text or "/dev/null" in text) and _idle(text),
        "while" in text and "sleep" in text and _chore(words, text),
        calling.helper_words,
        limits is not None and not limits.keys() <= _PLAIN and _has_device(limits),
    )
    key = (_hit_key(hit) if hit else None, said)
    traits = memory.traits[key]
    if traits is None:
        traits = Traits(hit, hit is not None and _is_family(hit), *said)
        memory.traits.put(key, traits)
    requests = c.resources.requests if c.resources else None
    amounts = _amounts(requests.get("cpu"), requests.get("memory")) if requests else _NOTHING
    family, aliases = _aliases(hit.recipe) if hit and hit.strength >= 2 else _NO_FAMILY
    known = Known(c, c.name, traits, calling, amounts, family, aliases)
    memory.known.put(id(c), known)
    return known


def _calling(path: str, name: str, memory: Memory) -> Calling:
    image = path[path.rfind("/") + 1 :]
    word, stem = named(name)
    in_project = _PROJECT.match(path)
    project = in_project[0] if in_project else path
    calling = Calling(path, project, image, stem, _helper_words(word, named(image)[0], name, image), is_part(name))
    memory.callings.put((path, name), calling)
    return calling


_PROJECT = re.compile(r".+/[^-/]{3,}(?![^-])")
_NOTHING = (0.0, 0.0)
_NO_FAMILY: tuple[str, frozenset[str]] = ("", frozenset())


def _aliases(recipe: Recipe) -> tuple[str, frozenset[str]]:
    return recipe.family, frozenset({recipe.family, *recipe.match.names} - (UNSPECIFIC - {recipe.family}))


def _is_family(hit: Hit) -> bool:
    return (
        hit.strength >= 2
        and hit.confirmed
        and hit.recipe.role == "sidecar"
        and (not hit.recipe.generic or hit.command != "")
    )


def _fittings(container: Container, memory: Memory) -> Fittings:
    """The same object for what is the same to the rules; most containers of a cluster are fitted as others are."""
    c = container
    fields = c.ports, c.volume_mounts, c.readiness_probe, c.liveness_probe, c.startup_probe, c.security_context
    known = memory.fittings[fields]
    if known is None:
        ports = c.ports or ()
        asked = c.liveness_probe.http_get.port if c.liveness_probe and c.liveness_probe.http_get else None
        mounts = c.volume_mounts or ()
        said = (
            ports,
            frozenset(p.container_port for p in ports if p.container_port),
            any(p.container_port not in METRICS_PORTS and "metrics" not in (p.name or "") for p in ports),
            bool(c.readiness_probe or c.liveness_probe or c.startup_probe),
            c.readiness_probe is not None,
            frozenset(probe_ports(c)),
            asked if isinstance(asked, int) else None,
            mounts,
            _privilege(c.security_context),
        )
        known = memory.fittings[said] or Fittings(*said, {m.name: m for m in mounts})
        memory.fittings.put(said, known)
        memory.fittings.put(fields, known)
    return known


def _hit_key(hit: Hit) -> Hashable:
    return id(hit.recipe), hit.image, hit.named, hit.command, hit.confirmed, hit.strength, hit.text


def _addresses(container: Container, words: tuple[str, ...], text: str) -> tuple[tuple[Pointer, ...], set[int]]:
    """What it dials on localhost, and the ports that its words say it listens on."""
    pointers: list[Pointer] = []
    ports = listened(words, text) if words else set()
    if text and mentions_local(text):
        pointers, own = in_words(words, len(container.command or ()))
        ports |= own
    if container.env:
        pointers += in_env(container)
    return tuple(pointers), ports


def _is_script(text: str) -> bool:
    return "touch " in text or "tail" in text or "inotifywait" in text or "while" in text or "until" in text


def _idle(text: str) -> bool:
    words = [w for w in text.replace(";", " ").split()[:24] if w not in _WRAPPERS]
    if words[:1] in (["sleep"], ["/bin/sleep"]):
        return len(words) == 2
    return words[:3] == ["tail", "-f", "/dev/null"] or (
        words[:4] == ["while", "true", "do", "sleep"] and words[5:6] in ([], ["done"], ["&"])
    )


def _chore(words: tuple[str, ...], text: str) -> bool:
    """An endless loop is the last thing that the script does: what comes behind it would be the program."""
    return words[0] in _SHELLS and _ENDLESS.search(text) is not None and text.rstrip("; \n").endswith("done")


_SHELLS = ("sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash")
_ENDLESS = re.compile(r"\bwhile (?:true|:|sleep \w+)\s*(?:;\s*)?do\b")


def _helper_words(in_name: str, in_image: str, name: str, image: str) -> tuple[tuple[str, str, str], ...]:
    found = ((in_name, "name", ""),) if in_name else ()
    if not in_image or (in_name and (name in image or image in name)):
        return found  # a container that is called as its image has one name, not two
    return (*found, (in_image, "image", image[:63]))


def _privilege(context: SecurityContext | None) -> Privilege:
    if context is None:
        return ""
    if context.privileged:
        return "all"
    added = (context.capabilities.add if context.capabilities else None) or ()
    return "network" if "NET_ADMIN" in added else ""


_PLAIN = frozenset({"cpu", "memory"})


def _has_device(limits: Mapping[str, Quantity | None]) -> bool:
    return any("/" in key or key.startswith("hugepages-") for key in limits)


@lru_cache(maxsize=1024)
def _amounts(cpu: Quantity | None, memory: Quantity | None) -> tuple[float, float]:
    """What is asked for; 0 for nothing, and for what is no amount."""
    return max(parse_quantity(cpu) or 0.0, 0.0), max(parse_quantity(memory) or 0.0, 0.0)
