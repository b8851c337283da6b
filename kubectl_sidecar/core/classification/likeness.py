"""How much the containers of a workload are called as the workload itself: what is called so is what it exists for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kubectl_sidecar.core.classification.traits import Known
from kubectl_sidecar.core.recipes.globs import word_set
from kubectl_sidecar.core.workload import Workload

PROVES_NOTHING = word_set(
    "proxy agent metrics exporter sidecar ambassador adapter reloader logger logs app container monitor sync"
)
_NAME_LABELS = {"app.kubernetes.io/name": 6, "app": 4, "k8s-app": 4, "name": 4}
"""Labels that say what a workload is, with the rank of what is called so."""


class Likeness(msgspec.Struct, frozen=True, gc=False):
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
_LABELS, _TEMPLATE_LABELS = [
    tuple([(key, Likeness(rank, "", f"{place}[{key}]")) for key, rank in _NAME_LABELS.items()])
    for place in ("metadata.labels", "template.metadata.labels")
]


def likenesses(workload: Workload, containers: Sequence[Known]) -> tuple[Likeness, ...]:
    """One for each container, in their order. A workload whose name says `sidecar` (`fluentd-sidecar`) may be called after its helper,
    so there that a known helper is alike proves nothing."""
    own = workload.name
    after_helper = "sidecar" in own
    ids = {own: _NAME} if own else {}
    metadata = workload.template.metadata
    for labels, places in (
        (workload.metadata.labels, _LABELS),
        (metadata.labels if metadata else None, _TEMPLATE_LABELS),
    ):
        if labels:
            for key, likeness in places:
                if key in labels and (value := labels[key]) and value not in ids:  # what is said first counts for more
                    ids[value] = likeness
    found = []
    for one in containers:
        name, image, family = one.name, one.calling.image, one.family
        if name in ids:
            found.append(ids[name])
        elif family and (after_helper or own in one.aliases):
            found.append(_UNLIKE if after_helper else _FAMILY)
        elif image in ids:
            found.append(Likeness(3, "its image is ", ids[image].path))
        elif name in own or (image and image in own) or (family and family in own):
            found.append(_part(own, name, image, family))
        else:
            found.append(_UNLIKE)
    return tuple(found)


def _part(own: str, name: str, image: str, family: str) -> Likeness:
    if _is_part(name, own):
        return _NAME_PART
    if _is_part(image, own):
        return _IMAGE_PART
    return _FAMILY_PART if _is_part(family, own) else _UNLIKE


def _is_part(part: str, name: str) -> bool:
    """Whether a telling name stands at an end of the workload's: `shop` in `release-shop` and in `shop-v2`."""
    if part not in name or len(part) < 3 or PROVES_NOTHING.issuperset(part.split("-")):
        return False
    return part == name or name.startswith(part + "-") or name.endswith("-" + part)
