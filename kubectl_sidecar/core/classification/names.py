"""Rules of evidence about names. Names lie, so they weigh little, but for one: what is called as the workload is its main."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from kubectl_sidecar.core.classification.findings import Weight
from kubectl_sidecar.core.classification.scene import Scene, Seen
from kubectl_sidecar.core.recipes.globs import word_set
from kubectl_sidecar.core.recipes.match import UNSPECIFIC

PROVES_NOTHING = word_set("proxy agent metrics exporter sidecar reloader logger logs app container monitor sync")


def named_like_workload(scene: Scene) -> None:
    """The container that is called as the workload, or as its name label, is what the workload exists for; so is one whose
    family the workload is named after. The same name beats a name with a release or variant around it; a word that any
    helper may have proves nothing then."""
    likenesses = [_likeness(scene, seen) for seen in scene.all]
    best = max([likeness.rank for likeness in likenesses])
    if not best:
        return
    for seen, found in zip(scene.all, likenesses, strict=True):
        if found.rank == best:
            weight: Weight = "high" if best >= 5 else "medium"
            seen.add(
                "named-like-workload",
                f"{found.what}named like the workload ({found.value[:63]})",
                weight,
                "main",
                found.path,
            )


class Likeness(NamedTuple):
    """How much a container is called as its workload: 6 its very name, 5 the family's, 4 a label, 3 its image, 2 or 1 a part of it."""

    rank: int
    what: str = ""
    value: str = ""
    path: str = ""


_UNLIKE = Likeness(0)


def _likeness(scene: Scene, seen: Seen) -> Likeness:
    name, image, ids = seen.name, seen.image, scene.ids
    if name in ids:
        path, own = ids[name]
        return Likeness(6 if own else 4, "", name, path)
    value = scene.workload.name
    recipe = seen.hit.recipe if seen.hit and seen.hit.strength >= 2 else None
    if recipe and (value == recipe.family or (value in recipe.match.names and value not in UNSPECIFIC)):
        return Likeness(5, "its family is ", value, "metadata.name")
    if image in ids:
        return Likeness(3, "its image is ", image, ids[image][0])
    if name in value and _is_part(name, value):
        return Likeness(2, "", value, "metadata.name")
    if image and image in value and _is_part(image, value):
        return Likeness(1, "its image is ", value, "metadata.name")
    if recipe and recipe.family in value and _is_part(recipe.family, value):
        return Likeness(1, "its family is ", value, "metadata.name")
    return _UNLIKE


def _is_part(part: str, name: str) -> bool:
    """Whether a telling name stands at an end of the workload's: `shop` in `release-shop` and in `shop-v2`."""
    if part not in name or len(part) < 3 or part in PROVES_NOTHING:
        return False
    return part == name or name.startswith(part + "-") or name.endswith("-" + part)


HELPER_WORDS = word_set(
    "exporter reloader reload shipper logger logs log logging sync syncer watcher nanny resizer forwarder tailer tail helper monitor backup "
    "logrotate refresher renewer healthz healthcheck"
)


def helper_name(scene: Scene) -> None:
    """A container whose author calls it a sidecar probably is one. Other words of that kind are weak: names lie. What the
    family already told is not told again."""
    for seen in scene.all:
        if "named-like-workload" in seen.told:
            continue
        hit = seen.hit
        for text, field, told in (
            (seen.name, "name", hit and hit.named),
            (seen.image, "image", hit and hit.image != "no"),
        ):
            word = "" if told or not text else _helper_word(text)
            if not word:
                continue
            if word == "sidecar":
                seen.add("called-sidecar", f"is called {text[:63]}", "medium", "sidecar", f"{seen.path}.{field}")
                break
            if not seen.has_high:
                seen.add(
                    "helper-name",
                    f'"{word}" in its {field} is what helpers are called',
                    "low",
                    "sidecar",
                    f"{seen.path}.{field}",
                )
                break


@lru_cache(maxsize=4096)
def _helper_word(name: str) -> str:
    low = name[:128].lower()
    if "sidecar" in low or "side-car" in low:
        return "sidecar"
    parts = low.replace("_", "-").replace(".", "-").split("-")
    return "" if HELPER_WORDS.isdisjoint(parts) else next(w for w in parts if w in HELPER_WORDS)


NAME_RULES: Mapping[str, Callable[[Scene], None]] = {
    "named-like-workload": named_like_workload,
    "helper-name": helper_name,
}
