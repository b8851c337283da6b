"""No main container is called a sidecar at `certain` or `likely`, whatever the manifest does not say: each case of each recipe again,
without what names its parts, in another order, from a mirror, without commands."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from kubectl_sidecar.core.classification.classify import classify
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.edits import get
from kubectl_sidecar.core.kinds import of_object
from tests.recipes.test_recipes import FOLDERS, HERE, expectations, index

Manifest = dict[str, Any]
Change = Callable[[Manifest, list[Manifest]], None]
"""Changes the object and, by the second argument, its regular containers."""


def without_its_name(obj: Manifest, _: list[Manifest]) -> None:
    kind = of_object(obj)
    assert kind is not None
    obj["metadata"]["name"] = "release-7"
    for metadata in (obj["metadata"], get(obj, kind.template).get("metadata", {})):
        metadata.pop("labels", None)


def reversed_(_: Manifest, containers: list[Manifest]) -> None:
    containers.reverse()


def without_their_names(_: Manifest, containers: list[Manifest]) -> None:
    for container in containers:
        container["name"] = f"x{containers.index(container)}"


def mirrored(_: Manifest, containers: list[Manifest]) -> None:
    for container in containers:
        if container.get("image"):
            container["image"] = f"corp.example.com/mirror/{container['image'].rpartition('/')[2]}"


def without_words(_: Manifest, containers: list[Manifest]) -> None:
    for container in containers:
        for key in ("command", "args", "env"):
            container.pop(key, None)


DISGUISES: dict[str, tuple[Change, ...]] = {
    "no name of the workload": (without_its_name,),
    "the other way round": (reversed_,),
    "no names of containers": (without_their_names,),
    "from a mirror": (mirrored,),
    "no commands": (without_words,),
    "no name, the other way round": (without_its_name, reversed_),
    "no names of containers, the other way round": (without_their_names, reversed_),
    "no commands, the other way round": (without_words, reversed_),
}


def mains(disguise: tuple[Change, ...]) -> Iterator[tuple[str, str, str]]:
    """Each main container of a case in this disguise: (what it is, its role, its confidence)."""
    for case in [HERE / family / file for family in FOLDERS for file in ("finds.yaml", "leaves.yaml")]:
        text = case.read_text(encoding="utf-8")
        obj = yaml.safe_load(text)
        kind = of_object(obj)
        assert kind is not None
        obj = copy.deepcopy(obj)
        containers = get(obj, kind.pod_spec)["containers"]
        told = {e.container for e in expectations(text) if e.role == "main"}
        was = {id(container): container["name"] for container in containers}
        for change in disguise:
            change(obj, containers)
        for finding, container in zip(classify(decode_object(kind, obj), index()), containers, strict=False):
            if was[id(container)] in told:
                yield f"{case.parent.name}/{case.name}: {was[id(container)]}", finding.role, finding.confidence


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_main_in_disguise_is_not_called_a_sidecar(disguise: tuple[Change, ...]) -> None:
    found = list(mains(disguise))
    assert len(found) > 100
    assert not [what for what, role, confidence in found if role == "sidecar" and confidence != "possible"]
