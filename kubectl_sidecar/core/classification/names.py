"""Rules of evidence about names. Names lie, so they weigh little, but for one: what is called as the workload is its main."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubectl_sidecar.core.classification.calling import TELLING
from kubectl_sidecar.core.classification.findings import Weight
from kubectl_sidecar.core.classification.scene import POINTS, UNTIED, Scene, Seen


def named_like_workload(scene: Scene) -> None:
    """The container that is called as the workload, or as its name label, is what the workload exists for; so is one whose
    family the workload is named after. The same name beats a name with a release or variant around it; a word that any
    helper may have proves nothing then."""
    likenesses = scene.shape.likenesses
    best = max([likeness.rank for likeness in likenesses])
    if not best:
        return
    weight: Weight = "high" if best >= 5 else "medium"
    for seen, found in zip(scene.all, likenesses, strict=True):
        if found.rank == best:
            text = f"{found.what}named like the workload"
            seen.add("named-like-workload", text, weight, "main", path=found.path)


def helper_name(scene: Scene) -> None:
    """A container whose author calls it a sidecar probably is one. Other words of that kind are weak: names lie. What the
    family already told, and not as a weak fact only, is not told again."""
    for seen in scene.all:
        hit = seen.hit
        rank = scene.shape.likenesses[seen.index].rank if "named-like-workload" in seen.told else 0
        for word, field, text in seen.traits.helper_words:
            is_told = hit and (hit.named if field == "name" else hit.image != "no")
            if is_told and (word != "sidecar" or seen.side > POINTS["low"]):
                continue
            if word == "sidecar" and (not rank or (field == "name" and rank in _NOT_BY_NAME)):
                whom = None if text else seen
                weight: Weight = "medium" if text else "high"
                seen.add("called-sidecar", f"is called {text}", weight, "sidecar", field, whom=whom)
                break
            if word != "sidecar" and not rank and not seen.has_high:
                told = f'"{word}" in its {field} is what helpers are called'
                says_twice = len(seen.traits.helper_words) > 1
                weight = "medium" if "-" in word or word in TELLING or says_twice else "low"
                seen.add("helper-name", told, weight, "sidecar", field)
                break


_NOT_BY_NAME = (1, 3)
"""Likenesses of the image or the family, while the container's own name is another."""


def named_after(scene: Scene) -> None:
    """A container that is called as another one with a helper's word behind it (`web-reloader` beside `web`) works for that one;
    surely so where that one is what the workload exists for."""
    for index, other in scene.shape.offshoots:
        seen, whom = scene.all[index], scene.all[other]
        if seen.told.isdisjoint(_SAID) and whom.by_looks:
            weight: Weight = "high" if exists_for(whom) else "medium"
            seen.add("named-after", "is called after ", weight, "sidecar", "name", whom=whom)


_SAID = frozenset({"named-like-workload", "called-sidecar", "named-after"})


def exists_for(seen: Seen) -> bool:
    """Whether a high fact names it as the main."""
    return seen.main >= POINTS["high"] and not _BY_NAME.isdisjoint(seen.told) and seen.main > seen.side


_BY_NAME = frozenset({"named-like-workload", "default-container"})


def sole_main(scene: Scene) -> Seen | None:
    """The one container that the workload exists for; None where a high fact names none, or several."""
    mains = [s for s in scene.all if exists_for(s)]
    return mains[0] if len(mains) == 1 else None


_LABELS, _FAMILYS = 4, 5
"""Likeness to a label that says what the workload is, and likeness of the family to the workload's name."""
_FILES = frozenset({"writes-content", "reads-logs"})


def forget_name(scene: Scene) -> None:
    """That a part of the workload's name fits says nothing of a container that is attached to another one, nor of one that only
    sleeps while another works. That the workload is called after its family does not either, where it brings files to another or
    reads them as that family does; nor does its very name say anything of what always works for another, and shares a volume
    with one of another kind."""
    work = not all(s.idle for s in scene.all)
    for seen, likeness in zip(scene.all, scene.shape.likenesses, strict=True):
        if "named-like-workload" not in seen.told:
            continue
        is_part = 0 < likeness.rank <= 2
        if (
            (is_part and seen.idle and work)
            or (is_part and any(e.weight == "high" and e.rule not in UNTIED for e in seen.evidence))
            or (likeness.rank == _FAMILYS and not seen.told.isdisjoint(_FILES))
            or _works_for_another(seen, scene)
        ):
            seen.main -= sum(POINTS[e.weight] for e in seen.against if e.rule == "named-like-workload")
            seen.against = [e for e in seen.against if e.rule != "named-like-workload"]


def _works_for_another(seen: Seen, scene: Scene) -> bool:
    return seen.attached and any(not (o.hit or seen.mounts.keys().isdisjoint(o.mounts)) for o in scene.others(seen))


def beside_main(scene: Scene) -> None:
    """Where one container is known to be what the workload exists for, another that has a helper's looks or ways, and nothing
    of a main, is there for it. That the main dials it does not count: so it does with a database."""
    main = sole_main(scene)
    if main is None:
        return
    after = ", which the workload exists for"
    for seen in scene.all:
        if not seen.side or seen.main or seen.has_high:
            continue
        if sum(POINTS[e.weight] for e in seen.evidence if e.rule not in _SERVES) >= POINTS["medium"]:
            seen.add("beside-main", "is beside ", "medium", "sidecar", whom=main, after=after)


def company(scene: Scene) -> None:
    """Beside the one container that has the workload's name, or a part of it and a device, and no helper's looks, one of which nothing
    at all is known may be there for it, unless both run images of one project, or it is a program of its own, or is called as
    parts of an app are, or another is called after it."""
    main = sole_main(scene)
    if main is None or main.side:
        return
    if scene.shape.likenesses[main.index].rank < _LABELS and "device" not in main.told:
        return
    helped = {scene.all[other] for _, other in scene.shape.offshoots}
    for seen in scene.all:
        if not (seen.told or seen.is_own_program or seen.part or seen in helped or scene.same_project(seen, main)):
            text, after = "says nothing of itself, and is beside ", ", which the workload exists for"
            seen.add("company", text, "low", "sidecar", whom=main, after=after)


_SERVES = frozenset({"serves-main", "job-service", "dials-other"})


NAME_RULES: Mapping[str, Callable[[Scene], None]] = {
    "named-like-workload": named_like_workload,
    "helper-name": helper_name,
    "named-after": named_after,
}
