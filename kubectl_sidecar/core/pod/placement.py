"""Where among the init containers a helper goes, and why.

The default cannot break a file dependency or raise the Pod's requests: after all plain init containers, which is the order that
the classic Pod had. A helper goes earlier only where an entry there demonstrably needs it (points at its port on localhost), and
never before one that writes what the helper reads. Among several, what others need starts earlier and so stops later (KEP-753:
the stop order is the reverse); where nothing is known, the author's order stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.pod.reach import mounts as mounts_of
from kubectl_sidecar.core.pod.reach import need, passing_volumes, writes
from kubectl_sidecar.core.pod.resources import is_native
from kubectl_sidecar.core.recipes.globs import glob
from kubectl_sidecar.core.recipes.recipe import PlacementClass
from kubectl_sidecar.core.workload import Container, PodSpec
from kubectl_sidecar.errors import InputError

Moving = tuple[Finding, Container]

_CLASSES: tuple[PlacementClass, ...] = get_args(PlacementClass)
_PATHS: frozenset[PlacementClass] = frozenset({"network-proxy", "tunnel"})
"""What a log shipper may send through, so that it starts after it."""
_KEYS: frozenset[PlacementClass] = frozenset({"identity", "secrets"})
_BRINGERS: frozenset[PlacementClass] = frozenset({*_KEYS, "config-sync"})
"""What brings files that others read: certificates and secrets, which are never logs, and content."""


@dataclass(frozen=True, slots=True)
class Placed:
    """`target` is the index in the final list of init containers."""

    name: str
    target: int
    reason: str


def place(moving: Sequence[Moving], spec: PodSpec, overrides: Mapping[str, str]) -> tuple[Placed, ...]:
    """The place of each moving container, in the final order. `overrides` is NAME -> `before:X`, `after:X`, `first`, `last`
    (X an init container, there already or moving too). Raises InputError for one that makes no sense."""
    _check(moving, spec, overrides)
    final = [c.name for c in spec.init_list]
    taken = frozenset(final)
    keys = {
        c.name: f"{c.name} (moved)" if c.name in taken else c.name for _, c in moving
    }  # no name of Kubernetes has a blank
    reasons: dict[str, str] = {}
    for pair in (ordered := _in_order(moving, spec)):
        name = pair[1].name
        index, reason = len(final), ""
        if overrides.get(name) in (None, "last"):
            index, reason = _spot(pair, spec, final, [c for _, c in ordered])
            if _wants(pair[1], spec, [c for _, c in ordered]) is None:
                reason += _serves(pair, spec, index == len(final))
        final.insert(index, keys[name])
        reasons[name] = reason
    _override(final, overrides, keys, reasons)
    ordered.sort(
        key=lambda pair: final.index(keys[pair[1].name])
    )  # the reasons are of the order that there is in the end
    for at, pair in enumerate(ordered):
        if overrides.get(pair[1].name) in (None, "last"):
            reasons[pair[1].name] += _beside(pair, ordered[:at], ordered[at + 1 :], spec)
    return tuple(
        Placed(name, final.index(keys[name]), reasons[name])
        for name in sorted(keys, key=lambda n: final.index(keys[n]))
    )


def writer_before(reader: Container, spec: PodSpec) -> str:
    """The last plain init container that may write what `reader` reads; '' where none does. A volume that both mount and
    only the init writes, or both write, says so; ConfigMaps and Secrets never do."""
    shared = passing_volumes(spec) & mounts_of(reader)
    found = [c.name for c in spec.init_list if not is_native(c) and writes(c) & shared]
    return found[-1] if found else ""


def _spot(pair: Moving, spec: PodSpec, final: Sequence[str], moving: Sequence[Container]) -> tuple[int, str]:
    """Index in the list so far, and why."""
    finding, container = pair
    plain = [c.name for c in spec.init_list if not is_native(c)]
    wants = _wants(container, spec, moving)
    writer, setup = writer_before(container, spec), _setup(finding, spec)
    if wants is not None:
        client, why = wants
        before = [f"{writer}, which writes what it reads"] * bool(writer) + [f"{setup}, which sets it up"] * bool(setup)
        floor = max((final.index(name) + 1 for name in (writer, setup) if name), default=0)
        if floor <= final.index(client):
            behind = f", and after {' and '.join(before)}" if before else ""
            return final.index(client), f"before {client}, which {why}{behind}"
        return len(final), f"after {' and '.join(before)}, although {client} {why}"
    if not plain:
        reason = "after the native sidecars that are there" if spec.init_list else "there are no plain init containers"
        return len(final), reason
    if writer:
        return len(final), f"after all plain init containers, as before; {writer} writes what it reads"
    return len(final), f"after all plain init containers ({', '.join(plain)}), as before"


def _serves(pair: Moving, spec: PodSpec, last: bool) -> str:
    """For a helper at the end whose recipe says that init containers may need it: how to place it before them."""
    placement = pair[0].recipe.placement if pair[0].recipe else None
    plain = any(not is_native(c) for c in spec.init_list)
    if not (placement and placement.serves_inits and last and plain):
        return ""
    note = f" ({placement.note.rstrip('.')})" if placement.note else ""
    return f"; if one of them needs it: --place {pair[1].name}=before:NAME{note}"


def _setup(finding: Finding, spec: PodSpec) -> str:
    """The last plain init container that sets this helper up, by its recipe; '' where there is none."""
    patterns = [glob(p) for p in finding.recipe.companions] if finding.recipe else []
    found = [c.name for c in spec.init_list if not is_native(c) and any(fits(c.name) for fits in patterns)]
    return found[-1] if found else ""


def _wants(container: Container, spec: PodSpec, moving: Sequence[Container]) -> tuple[str, str] | None:
    """The first plain init container that needs this helper, by itself or by another helper that does, and how."""
    for init in spec.init_list:
        if is_native(init):
            continue
        port = need(init, container)
        if port is not None:
            return init.name, f"needs it (it points at localhost:{port})"
        for other in moving:
            if need(init, other) is not None and other is not container and need(other, container) is not None:
                return init.name, f"needs {other.name}, which needs this one"
    return None


def _in_order(moving: Sequence[Moving], spec: PodSpec) -> list[Moving]:
    """The start order of the moving helpers: of those that nothing has to precede any more, the author's first one next."""
    left = sorted(moving, key=lambda pair: pair[0].index)
    ordered: list[Moving] = []
    for precedes in (_precedes, _precedes_for_sure):
        while left:
            free = next((p for p in left if not any(precedes(o, p, spec) for o in left if o is not p)), None)
            if free is None:
                break  # what they need of each other goes in a circle: only what is sure counts then
            left.remove(free)
            ordered.append(free)
    return ordered + left


def _precedes(first: Moving, second: Moving, spec: PodSpec) -> bool:
    """Whether `first` has to start before `second`: what is seen in the spec counts more than what kind of helpers they are."""
    sure, contrary = _precedes_for_sure(first, second, spec), _precedes_for_sure(second, first, spec)
    if sure or contrary:
        return sure and not contrary
    one, two = _class(first), _class(second)
    return one != "other" and two != "other" and _CLASSES.index(one) < _CLASSES.index(two)


def _precedes_for_sure(first: Moving, second: Moving, spec: PodSpec) -> bool:
    if need(second[1], first[1]) is not None:
        return True
    if need(first[1], second[1]) is not None:
        return False
    return _brings(first, second, spec) or _reads_logs(first, second, spec)


def _brings(first: Moving, second: Moving, spec: PodSpec) -> bool:
    """Whether `first` writes the files that `second` reads: an empty volume of both, and only `first` is there to fill it."""
    fresh = {v.name for v in spec.volumes or () if v.empty_dir is not None}
    ships = _class(second) == "log-shipper"
    if _class(first) not in (_KEYS if ships else _BRINGERS) or _class(second) in (*_BRINGERS, "other"):
        return False
    return bool(writes(first[1]) & mounts_of(second[1]) & fresh)


def _reads_logs(shipper: Moving, other: Moving, spec: PodSpec) -> bool:
    """Whether a log shipper reads what another helper writes. One that it may send through to the network starts before it all
    the same; a proxy in front of the app is none."""
    recipe = other[0].recipe
    path = _class(other) in _PATHS and recipe is not None and recipe.traffic != "inbound"
    if _class(shipper) != "log-shipper" or _class(other) in (*_KEYS, "log-shipper") or path:
        return False
    read = {m.name for m in shipper[1].volume_mounts or () if m.read_only}
    return bool(read & writes(other[1]) & passing_volumes(spec))


def _class(pair: Moving) -> PlacementClass:
    return pair[0].recipe.placement.place if pair[0].recipe else "other"


def _beside(pair: Moving, earlier: Sequence[Moving], later: Sequence[Moving], spec: PodSpec) -> str:
    """Why it stands where it does among the helpers that move with it, those that start before it and those that start after it."""
    parts: list[str] = []
    for other in earlier:
        port = need(pair[1], other[1])
        if port is not None:
            parts.append(f"after {other[1].name}, which it sends through (localhost:{port})")
        elif _precedes(other, pair, spec):
            seen = ", which writes what it reads" if _brings(other, pair, spec) else ""
            seen = seen or (", which reads its logs" if _reads_logs(other, pair, spec) else "")
            parts.append(f"after {other[1].name}" + (seen or f" ({_class(other)} before {_class(pair)})"))
    for other in later:
        if _class(pair) == "log-shipper" and _reads_logs(pair, other, spec):
            parts.append(f"before {other[1].name}, so that it still sees its last lines")
    return "; " + ", ".join(parts) if parts else ""


def _check(moving: Sequence[Moving], spec: PodSpec, overrides: Mapping[str, str]) -> None:
    names = [container.name for _, container in moving]
    places = [*(c.name for c in spec.init_list), *names]
    for name, where in overrides.items():
        if name not in names:
            raise InputError(
                f"--place {name}={where}: {name} is not a container that moves; these do: {', '.join(names) or 'none'}"
            )
        word, _, other = where.partition(":")
        if where in ("first", "last"):
            continue
        if word not in ("before", "after") or not other:
            raise InputError(f"--place {name}={where}: write before:X, after:X, first or last")
        if other == name:
            raise InputError(f"--place {name}={where}: a container cannot stand {word} itself")
        if any(c.name == other for c in spec.main_list) and other not in names:
            raise InputError(
                f"--place {name}={where}: {other} stays in containers, which all start after the init containers anyway"
            )
        if other not in places:
            raise InputError(
                f"--place {name}={where}: there is no init container {other}; there are: {', '.join(places)}"
            )


def _override(final: list[str], overrides: Mapping[str, str], keys: Mapping[str, str], reasons: dict[str, str]) -> None:
    """The user's word last, and true at the end: two that contradict each other are refused."""
    for name, where in sorted(overrides.items(), key=lambda item: ":" in item[1]):
        final.remove(keys[name])
        word, _, other = where.partition(":")
        other = keys.get(other, other)
        index = 0 if where == "first" else len(final) if where == "last" else final.index(other) + (word == "after")
        final.insert(index, keys[name])
        reasons[name] = f"placed by you: {where.replace(':', ' ')}"
    for name, where in overrides.items():
        word, _, other = where.partition(":")
        if word in _HOLDS and not _HOLDS[word](final.index(keys[name]), final.index(keys.get(other, other))):
            raise InputError(
                f"--place {name}={where} contradicts another --place: the order would be {', '.join(final)}"
            )


_HOLDS: Mapping[str, Callable[[int, int], bool]] = {"before": int.__lt__, "after": int.__gt__}


def final_order(names: Sequence[str], targets: Mapping[str, int]) -> Iterator[str]:
    """The final list of init containers: the present ones, with each moved name at its target."""
    rest = iter(names)
    at = {index: name for name, index in targets.items()}
    for index in range(len(names) + len(targets)):
        yield at[index] if index in at else next(rest)
