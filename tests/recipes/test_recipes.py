"""Every packaged recipe has two cases: `finds.yaml`, which it must find, and `leaves.yaml`, a look-alike that it must leave
alone. A recipe without both fails the build. The head of a case says why, and what is expected:

    # expect: CONTAINER ROLE [FAMILY [possible]]

A role `*` means any but sidecar, `-` any at all. What is found is at least likely, unless the head says that it is only
possible, or nothing in the recipe was read in a source."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.kinds import of_object
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.sources.recipes import packaged

HERE = Path(__file__).parent
RECIPES = {recipe.family: recipe for recipe in packaged(cache=Path("/dev/null"))}
FOLDERS = sorted(p.name for p in HERE.iterdir() if p.is_dir() and not p.name.startswith("_"))


class Expected(NamedTuple):
    container: str
    role: str
    family: str = ""
    least: str = ""


@cache
def index() -> RecipeIndex:
    return RecipeIndex(RECIPES.values())


def expectations(text: str) -> list[Expected]:
    lines = [line.removeprefix("# expect: ").split() for line in text.splitlines() if line.startswith("# expect: ")]
    return [Expected(*words) for words in lines]


def judge(case: Path) -> tuple[str, dict[str, Finding]]:
    text = case.read_text(encoding="utf-8")
    obj = yaml.safe_load(text)
    kind = of_object(obj)
    assert kind is not None, f"{case} is no workload"
    return text, {f.name: f for f in classify(decode_object(kind, obj), index())}


def is_guess(recipe: Recipe) -> bool:
    """Whether nothing in the recipe was read in a source."""
    match = recipe.match
    return {*match.images, *match.names, *match.command} <= set(recipe.unconfirmed)


def check(case: Path) -> tuple[list[Expected], dict[str, Finding]]:
    text, findings = judge(case)
    assert text.startswith("# "), "the head of a case says why"
    assert len(findings) > 1, "a container alone is the main one, whatever it is"
    expected = expectations(text)
    assert {e.container for e in expected} == set(findings), "every container's role is expected in the head"
    for container, role, family, _ in expected:
        found = findings[container]
        if role == "*":
            assert found.role != "sidecar", found
        elif role != "-":
            assert found.role == role, found
        if family:
            assert found.family == family, found
    return expected, findings


def test_each_recipe_has_its_cases() -> None:
    assert sorted(RECIPES) == FOLDERS
    for family in FOLDERS:
        assert sorted(p.name for p in (HERE / family).iterdir()) == ["finds.yaml", "leaves.yaml"], family


@pytest.mark.parametrize("family", FOLDERS)
def test_it_finds(family: str) -> None:
    recipe = RECIPES[family]
    expected, findings = check(HERE / family / "finds.yaml")
    doubtful = {e.container for e in expected if e.least == "possible"}
    own = [f for f in findings.values() if f.family == family]
    assert own, "no container is found to be of this family"
    for finding in own:
        if recipe.role != "sidecar":
            assert finding.role != "sidecar", finding
        else:
            assert finding.role == "sidecar", finding
            assert finding.confidence != "certain" or not is_guess(recipe), finding
            assert finding.confidence != "possible" or is_guess(recipe) or finding.name in doubtful, finding


@pytest.mark.parametrize("family", FOLDERS)
def test_it_leaves_a_look_alike_alone(family: str) -> None:
    _, findings = check(HERE / family / "leaves.yaml")
    assert not [f for f in findings.values() if f.family == family and f.role == "sidecar"]


def programs(recipe: Recipe) -> list[str]:
    """What a family's program may be called: the first words of its commands, and its containers' names."""
    words = [
        p.split()[0].rpartition("/")[2]
        for p in recipe.match.command
        if not p.startswith(("-", "while")) and "*" not in p.split()[0]
    ]
    return [*words, *(n for n in recipe.match.names if "*" not in n)]


@pytest.mark.parametrize("family", FOLDERS)
def test_naming_a_program_does_not_make_it_one(family: str) -> None:
    """A Job's work that kills its helper, or waits for it, is not that helper."""
    for program in programs(RECIPES[family]):
        script = f"while ! pgrep {program}; do sleep 1; done; ./work; pkill -f {program}"
        obj = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "shop"}, "spec": {"containers": [
            {"name": "app", "image": "registry.example.com/shop/app:1", "command": ["sh", "-c", script]},
            {"name": "other", "image": "registry.example.com/shop/other:1"},
        ]}}  # fmt: skip
        kind = of_object(obj)
        assert kind is not None
        app = classify(decode_object(kind, obj), index())[0]
        assert not app.family, (program, app)


@pytest.mark.parametrize(
    ("script", "family"),
    [
        ("while true; do git pull; sleep 60; done", "git-sync"),
        ("while :; do git -C /data pull || git pull; sleep 60; done", "git-sync"),
        ("git clone $(REPOSITORY) . && watch -n 600 git pull", "git-sync"),
        ("git clone $(REPOSITORY) . && ./serve", ""),
        ("git pull && ./serve", ""),
    ],
)
def test_a_loop_of_git_is_a_git_sync_by_hand(script: str, family: str) -> None:
    obj = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "site"}, "spec": {"containers": [
        {"name": "web", "image": "registry.example.com/site/server:1", "ports": [{"containerPort": 80}]},
        {"name": "poll", "image": "registry.example.com/tools/git:1", "command": ["sh", "-c", script]},
    ]}}  # fmt: skip
    kind = of_object(obj)
    assert kind is not None
    assert classify(decode_object(kind, obj), index())[1].family == family


def test_the_file_is_called_as_the_family() -> None:
    for family, recipe in RECIPES.items():
        assert Path(recipe.origin).stem == family


def test_references_name_no_two_things_at_once() -> None:
    for recipe in RECIPES.values():
        assert len(set(recipe.references)) == len(recipe.references), recipe.family
        assert recipe.references, f"{recipe.family}: where was it read?"
