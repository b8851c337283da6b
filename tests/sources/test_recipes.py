"""Recipes from files: the packaged ones, a user's directory with faults, and a cache that cannot be stale."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import fields
from pathlib import Path

import pytest

from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.errors import RecipeError
from kubectl_sidecar.sources.recipes import Loaded, load, packaged, packaged_directory

ROOT = Path(__file__).parent.parent.parent


def text(family: str, image: str = "acme/shipper") -> str:
    return f'schema: "1.0"\nfamily: {family}\ntitle: {family}\ncategory: other\nmatch:\n  images: [{image}]\n'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "b.yaml").write_text(text("b"))
    (folder / "a.yml").write_text(text("a"))
    return folder


def families(loaded: Loaded) -> list[str]:
    return [r.family for r in loaded.recipes]


def test_the_packaged_recipes_load(tmp_path: Path) -> None:
    recipes = packaged(cache=tmp_path)
    assert len(recipes) >= 111
    assert len({r.family for r in recipes}) == len(recipes)
    assert packaged_directory() == ROOT / "migrations"
    assert packaged(cache=tmp_path) == recipes


def test_an_installed_package_has_its_own(tmp_path: Path) -> None:
    installed = tmp_path / "site" / "kubectl_sidecar"
    shutil.copytree(ROOT / "kubectl_sidecar", installed, ignore=shutil.ignore_patterns("__pycache__"))
    (installed / "migrations").mkdir()
    (installed / "migrations" / "only.yaml").write_text(text("only"))
    (tmp_path / "site" / "migrations").mkdir()
    code = "from kubectl_sidecar.sources.recipes import packaged; print([r.origin for r in packaged()])"
    environment = {"PYTHONPATH": str(tmp_path / "site"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str([str(installed / "migrations" / "only.yaml")])


def test_a_directory_is_read_in_the_order_of_its_names(directory: Path, tmp_path: Path) -> None:
    (directory / "README.md").write_text("no recipe")
    (directory / ".hidden.yaml").write_text("no recipe")
    (directory / "more").mkdir()
    (directory / "more" / "c.yaml").write_text(text("c"))
    loaded = load(directory, cache=tmp_path / "cache")
    assert families(loaded) == ["a", "b"]
    assert loaded.recipes[1].origin == str(directory / "b.yaml")
    assert not loaded.faults


FAULTS = {
    "a wrong field": (text("f") + "titel: x\n", 'titel: is not a field of a recipe; did you mean "title"?'),
    "no YAML": ('schema: "1.0"\nmatch: [', "did not find expected node content"),
    "not UTF-8": ("schema: \udcff\n", ""),
    "a key twice": (text("f") + "title: again\n", "title is there twice"),
    "a tag": ("!!python/object/apply:os.system [true]\n", "could not determine a constructor"),
    "a list": ("- a\n", "expected fields of a recipe, got a list"),
    "empty": ("", "expected fields of a recipe, got nothing"),
    "two documents": (text("f") + "---\n" + text("g"), "expected a single document"),
    "the family of another file": (text("a"), "family: a is already in"),
    "too large": (text("f") + "#" * 1_000_001, "is larger than 1,000,000 bytes"),
}


@pytest.mark.parametrize(("content", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_disables_its_recipe_only(content: str, message: str, directory: Path, tmp_path: Path) -> None:
    (directory / "f.yaml").write_bytes(content.encode("utf-8", "surrogateescape"))
    for _ in range(2):  # the second time as loudly as the first
        loaded = load(directory, cache=tmp_path / "cache")
        assert families(loaded) == ["a", "b"]
        (fault,) = loaded.faults
        assert str(fault).startswith(str(directory / "f.yaml")), fault
        assert message in str(fault)


def test_what_cannot_be_read_is_a_fault(directory: Path, tmp_path: Path) -> None:
    (directory / "f.yaml").symlink_to(directory / "nowhere.yaml")
    loaded = load(directory, cache=tmp_path / "cache")
    assert families(loaded) == ["a", "b"]
    assert str(loaded.faults[0]) == f"{directory / 'f.yaml'}: No such file or directory"


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere: No such file or directory; give a directory with recipes"):
        load(tmp_path / "nowhere", cache=tmp_path)


def rewrite_keeping_stat(path: Path, content: str) -> None:
    """Changes a file so that size and times tell nothing."""
    before = path.stat()
    assert len(content) == before.st_size
    path.write_text(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_the_cache_is_used_and_never_stale(directory: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load(directory, cache=cache)
    (stored,) = cache.iterdir()
    inode = stored.stat().st_ino
    assert load(directory, cache=cache) == first
    assert stored.stat().st_ino == inode, "it was parsed again"

    rewrite_keeping_stat(directory / "b.yaml", text("b", "acme/shopper"))
    assert load(directory, cache=cache).recipes[1].match.images == ("acme/shopper",)
    (directory / "c.yaml").write_text(text("c"))
    assert families(load(directory, cache=cache)) == ["a", "b", "c"]
    (directory / "a.yml").unlink()
    assert families(load(directory, cache=cache)) == ["b", "c"]
    (directory / "b.yaml").rename(directory / "d.yaml")
    assert [Path(r.origin).name for r in load(directory, cache=cache).recipes] == ["c.yaml", "d.yaml"]
    assert len(list(cache.iterdir())) == 1, "nothing piles up"


def test_caches_do_not_pile_up(directory: Path, tmp_path: Path) -> None:
    """Of many directories the caches of the last few are kept; what a killed process left behind goes too, no other file does."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "recipes-0123456789abcdef0123456789abcdef").write_bytes(b"of an older version")
    left, fresh, foreign = cache / ".recipes-a.1.2", cache / ".recipes-a.3.4", cache / "kube-0123"
    for file in (left, fresh, foreign):
        file.write_bytes(b"x")
    for file in cache.iterdir():
        if file != fresh:
            os.utime(file, (0, 0))
    for number in range(8):
        copied = tmp_path / f"copy-{number}"
        shutil.copytree(directory, copied)
        load(copied, cache=cache)
    assert foreign.exists()
    assert fresh.exists(), "another process may be writing it"
    assert not left.exists()
    kept = sorted(p.name for p in cache.iterdir() if p.name.startswith("recipes-"))
    assert len(kept) == 4
    assert "recipes-0123456789abcdef0123456789abcdef" not in kept
    inodes = {p.name: p.stat().st_ino for p in cache.iterdir()}
    load(tmp_path / "copy-7", cache=cache)
    assert {p.name: p.stat().st_ino for p in cache.iterdir()} == inodes, "the last one is among them"


def test_a_damaged_cache_is_not_believed(directory: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load(directory, cache=cache)
    (stored,) = cache.iterdir()
    whole = stored.read_bytes()
    for damaged in (b"", whole[:40], whole[:-3], whole.replace(b"shipper", b"slipper"), b"\0" * len(whole)):
        stored.write_bytes(damaged)
        assert load(directory, cache=cache) == first
        assert stored.read_bytes() == whole, "it was written anew"


def test_no_place_for_a_cache_is_no_fault(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    loaded = load(directory, cache=tmp_path / "file" / "cache")
    assert families(loaded) == ["a", "b"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "recipes"]


COUNT = (
    "from kubectl_sidecar.sources.recipes import packaged; import sys; print(len(packaged()), 'yaml' in sys.modules)"
)


def run(environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COUNT],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return done.stdout.strip()


def test_a_second_process_parses_no_yaml(tmp_path: Path) -> None:
    count = len(packaged(cache=tmp_path))
    environment = {"XDG_CACHE_HOME": str(tmp_path / "xdg")}
    assert run(environment) == f"{count} True"
    assert run(environment) == f"{count} False"


NO_HOME: dict[str, dict[str, str]] = {
    "no HOME at all": {},
    "a HOME that is not there": {"HOME": "/nonexistent"},
    "a HOME that cannot be written": {"HOME": "/proc"},
    "an empty HOME": {"HOME": ""},
    "a relative cache": {"XDG_CACHE_HOME": "cache", "HOME": "/nonexistent"},
}


@pytest.mark.parametrize("environment", NO_HOME.values(), ids=NO_HOME.keys())
def test_it_works_without_a_home(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(environment).split()[0] == str(len(packaged(cache=tmp_path)))
    assert not (ROOT / "cache").exists()


def readme() -> str:
    return (ROOT / "migrations" / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_readme_is_a_recipe(tmp_path: Path) -> None:
    example = textwrap.dedent("   " + readme().split("```yaml\n   ", 1)[1].split("```", 1)[0])
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "log-squirrel.yaml").write_text(example)
    loaded = load(tmp_path / "recipes", cache=tmp_path / "cache")
    assert not loaded.faults
    assert families(loaded) == ["log-squirrel"]


def test_the_readme_explains_every_field() -> None:
    explained = {
        name for line in readme().splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)
    }
    assert {f.name for f in fields(Recipe)} - {"origin"} <= explained
