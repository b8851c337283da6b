"""The weighing: from the evidence for and against each container of a Pod to one role for each.

Mains are settled first. Where more than one answer is left the role is `unknown`; nothing here breaks a tie."""

from __future__ import annotations

from collections.abc import Mapping

from kubectl_sidecar.core.classification.confidence import confidence_of
from kubectl_sidecar.core.classification.findings import Evidence, Role
from kubectl_sidecar.core.classification.names import exists_for
from kubectl_sidecar.core.classification.scene import BY_LOOKS, POINTS, Scene, Seen
from kubectl_sidecar.core.recipes.match import Hit


def weigh(scene: Scene, forced: Mapping[int, Role]) -> tuple[dict[int, Role], bool]:
    """A role for each container by its index, `forced` ones as given; and whether the main is known by more than habit."""
    roles, named = _weigh_roles(scene, forced)
    _by_elimination(scene, roles, forced)
    return roles, named


def _weigh_roles(scene: Scene, forced: Mapping[int, Role]) -> tuple[dict[int, Role], bool]:
    """A role for each container, and whether the main is known by more than habit.

    Helpers are those with more evidence for sidecar than against. One container is left: the main. Several: the one with the
    best evidence leads; others are its peers where facts say so, else unknown. None: the best candidate was no helper."""
    roles: dict[int, Role] = dict(forced)
    open_ = [s for s in scene.all if s.index not in forced]
    known_main = any(exists_for(s) for s in scene.all)
    helpers = [s for s in open_ if _is_helper(s, known_main)]
    left = [s for s in open_ if s not in helpers]
    has_main = "main" in forced.values()
    for seen in helpers:
        roles[seen.index] = "sidecar"
    if has_main:
        for seen in left:
            roles[seen.index] = _beside(seen, None)
        return roles, True
    if not left:
        return roles, _promote(helpers, roles)
    if len(left) == 1:
        roles[left[0].index] = "main"
        return roles, True
    ranked = sorted(left, key=_lead, reverse=True)
    leader = ranked[0]
    clear = _lead(leader) > _lead(ranked[1])
    for seen in left:
        roles[seen.index] = "main" if clear and seen is leader else _beside(seen, leader if clear else None)
    return roles, clear


def _is_helper(seen: Seen, known_main: bool) -> bool:
    """More speaks for a helper than against it, and that is more than looks where the workload has its name (or its name and its
    data), more than that it only sleeps (somebody may `exec` into it to do the work), and, where nothing names the main, more
    than an image of many uses."""
    if seen.side <= seen.main or seen.told <= _SLEEPS:
        return False
    if seen.told == _LOOKS and not known_main and seen.hit and seen.hit.recipe.generic and _has_no_use(seen.hit):
        return False
    return not ("named-like-workload" in seen.told and seen.main >= POINTS["high"] and seen.by_looks)


def _has_no_use(hit: Hit) -> bool:
    """Whether nothing tells what an image of many uses is used for; the port that it has anyway does not."""
    return not hit.command and (not hit.detail or hit.detail.startswith("port "))


_SLEEPS, _LOOKS = frozenset({"idle"}), frozenset({"family"})


def _lead(seen: Seen) -> int:
    """What speaks for a container being the main; that it is co-equal with some other does not. What it looks like does not
    speak against it in a workload of its own name."""
    against = [e for e in seen.evidence if "named-like-workload" not in seen.told or e.rule not in BY_LOOKS]
    return sum(POINTS[e.weight] for e in seen.against if e.speaks_for == "main") - sum(
        POINTS[e.weight] for e in against
    )


def _beside(seen: Seen, leader: Seen | None) -> Role:
    """A container that is no helper and not the main: a peer where a fact says so of it and of the leader."""
    for one in (seen, leader or seen):
        if not any(e.speaks_for == "peer" for e in one.against):
            return "unknown"
    return "peer"


_COMPANY = frozenset({"log-shipper", "telemetry", "config-sync", "secrets", "identity"})


def _promote(helpers: list[Seen], roles: dict[int, Role]) -> bool:
    """Everything looks like a helper, so one of them is the main: a gateway, an agent's own workload. First those that a
    fact names and that are attached to nobody; then the one with the least evidence against being the main. If several are
    best, they are unknown. True where a fact speaks for the choice."""
    named = [s for s in helpers if s.main >= POINTS["medium"] and "dials-main" not in s.told and not s.injected]
    free = [s for s in helpers if not s.injected]
    free = [s for s in free if "serves-main" not in s.told] or free
    candidates = named or [s for s in free if not s.attached] or free
    least = min((s.side - s.main for s in candidates), default=0)
    best = [s for s in candidates if s.side - s.main == least]
    if len(best) > 1:  # what ships logs or brings files accompanies what serves, never the other way round
        best = [s for s in best if not (s.hit and s.hit.recipe.placement.place in _COMPANY)] or best
    for seen in best:
        roles[seen.index] = "main" if len(best) == 1 else "unknown"
    return len(best) == 1 and (best[0].main >= POINTS["medium"] or not best[0].has_high)


def _by_elimination(scene: Scene, roles: Mapping[int, Role], forced: Mapping[int, Role]) -> None:
    """The only one that is no helper is the main: as strong as what is known of the others."""
    rest = [s for s in scene.all if roles[s.index] != "sidecar"]
    if len(rest) != 1 or roles[rest[0].index] != "main" or forced.get(rest[0].index):
        return
    sure = all(confidence_of(s.evidence, s.against) != "possible" for s in scene.all if s is not rest[0])
    rest[0].against.append(_LEFT if sure else _LEFT_MAYBE)


_LEFT = Evidence("only-one-left", "every other container is a helper", "high", "main", "containers")
_LEFT_MAYBE = Evidence("only-one-left", "every other container may be a helper", "low", "main", "containers")
