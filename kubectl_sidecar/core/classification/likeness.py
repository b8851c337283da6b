"""How much the containers of a workload are called as the workload itself: what is called so is what it exists for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubectl_sidecar.core.classification.traits import Known
from kubectl_sidecar.core.recipes.globs import word_set
from kubectl_sidecar.core.recipes.match import UNSPECIFIC
from kubectl_sidecar.core.workload import Workload

PROVES_NOTHING = word_set("proxy agent metrics exporter sidecar reloader logger logs app container monitor sync")
NAME_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "name")


class Likeness(NamedTuple):
    """6 its very name, 5 the family's, 4 a label, 3 its image, 2 or 1 a part of it; `what` of the container is alike, and the
    `path` of what it is like."""

    rank: int
    what: str = ""
    path: str = ""


_UNLIKE = Likeness(0)
_OWN_PATH = "metadata.name"
_NAME = Likeness(6, "", _OWN_PATH)
_FAMILY, _NAME_PART = Likeness(5, "its family is ", _OWN_PATH), Likeness(2, "", _OWN_PATH)
_IMAGE_PART, _FAMILY_PART = Likeness(1, "its image is ", _OWN_PATH), Likeness(1, "its family is ", _OWN_PATH)


def _of_labels(place: str) -> tuple[tuple[str, Likeness], ...]:
    return tuple((key, Likeness(6 if key == NAME_LABELS[0] else 4, "", f"{place}[{key}]")) for key in NAME_LABELS)


_LABELS, _TEMPLATE_LABELS = _of_labels("metadata.labels"), _of_labels("template.metadata.labels")


def likenesses(workload: Workload, known: Sequence[Known]) -> tuple[Likeness, ...]:
    """One for each container, in their order."""
    own = workload.name
    ids = {own: _NAME} if own else {}
    _add(ids, workload.metadata.labels, _LABELS)
    metadata = workload.template.metadata
    if metadata is not None:
        _add(ids, metadata.labels, _TEMPLATE_LABELS)
    return tuple([ids[k.name] if k.name in ids else _likeness(ids, own, k) for k in known])


def _add(
    ids: dict[str, Likeness], labels: Mapping[str, str | None] | None, places: tuple[tuple[str, Likeness], ...]
) -> None:
    """Puts what the workload is called by its labels beside what it is called before, which counts for more."""
    if labels:
        for key, likeness in places:
            if key in labels and (value := labels[key]) and value not in ids:
                ids[value] = likeness


def _likeness(ids: dict[str, Likeness], own: str, known: Known) -> Likeness:
    name, image, hit = known.name, known.image, known.traits.hit
    recipe = hit.recipe if hit and hit.strength >= 2 else None
    if recipe and (own == recipe.family or (own in recipe.match.names and own not in UNSPECIFIC)):
        return _FAMILY
    found = ids.get(image)
    if found is not None:
        return Likeness(3, "its image is ", found.path)
    if name in own and _is_part(name, own):
        return _NAME_PART
    if image and image in own and _is_part(image, own):
        return _IMAGE_PART
    if recipe and recipe.family in own and _is_part(recipe.family, own):
        return _FAMILY_PART
    return _UNLIKE


def _is_part(part: str, name: str) -> bool:
    """Whether a telling name stands at an end of the workload's: `shop` in `release-shop` and in `shop-v2`."""
    if part not in name or len(part) < 3 or part in PROVES_NOTHING:
        return False
    return part == name or name.startswith(part + "-") or name.endswith("-" + part)
