"""Recipes from files: the packaged ones and directories of the user's own.

A fault in a packaged recipe is a bug and raises. A fault in a user's recipe is reported with file and path and disables that
recipe alone. Parsed recipes are cached under a key made of every byte that they come from (the files and the code that reads
them), so the cache cannot be stale; where it cannot be read or written, the files are parsed again."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kubectl_sidecar import __version__
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.errors import RecipeError

SUFFIXES = (".yaml", ".yml")
SIZE_CAP = 1_000_000
"""Bytes of one file; a recipe has some two thousand."""

_PACKAGE = Path(__file__).parent.parent
_READERS = (_PACKAGE / "core" / "recipes" / "recipe.py", _PACKAGE / "core" / "recipes" / "reader.py")
_CHECK = 16
"""Bytes of the checksum before the cached recipes."""
_KEPT = 4
"""So many directories' caches are kept; older ones go when a new one is written, so that nothing piles up."""
_DRAFT_SECONDS = 3600.0
"""An unfinished cache that is so much older than a finished one belongs to a process that was killed."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a directory gave: its recipes, by file name, and the faults of those files that are left out."""

    recipes: tuple[Recipe, ...]
    faults: tuple[RecipeError, ...] = ()


def packaged_directory() -> Path:
    """Where the packaged recipes are: inside the installed package, else the checkout's own folder."""
    for directory in (_PACKAGE / "migrations", _PACKAGE.parent / "migrations"):
        if directory.is_dir():
            return directory
    raise RecipeError(f"{_PACKAGE / 'migrations'}: the packaged recipes are missing; install the tool again")


def packaged(*, cache: Path | None = None) -> tuple[Recipe, ...]:
    """All packaged recipes. `cache` is the directory for the parsed form; by default the user's cache directory.
    Raises RecipeError for a fault in one of them: it is a bug of this tool's."""
    loaded = load(packaged_directory(), cache=cache)
    if loaded.faults:
        raise loaded.faults[0]
    return loaded.recipes


def load(directory: Path, *, cache: Path | None = None) -> Loaded:
    """The recipes of a directory, in the order of their file names; only its own files, not those of its folders.
    Raises RecipeError where the directory itself cannot be read."""
    texts, faults = _read_files(directory)
    key = _key(texts)
    store = _store(directory, cache)
    recipes = _cached(store, key)
    if recipes is None:
        recipes, wrong = _parse(texts)
        faults += wrong
        if not faults:
            _remember(store, key, recipes)
    return Loaded(tuple(recipes), tuple(faults))


def load_files(paths: Sequence[Path]) -> Loaded:
    """The recipes of these files alone, in their order, without any cache."""
    texts, faults = _contents([str(path) for path in paths])
    recipes, wrong = _parse(texts)
    return Loaded(tuple(recipes), (*faults, *wrong))


def files_of(directory: Path) -> tuple[Path, ...]:
    """The files of a directory that are taken for recipes, by name. Raises RecipeError where it cannot be read."""
    return tuple(directory / name for name in _names(directory))


def _read_files(directory: Path) -> tuple[list[tuple[str, bytes]], list[RecipeError]]:
    """(path, content) of each recipe's file, by name, and the faults of those that cannot be read."""
    return _contents([os.path.join(directory, name) for name in _names(directory)])


def _names(directory: Path) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(e.name for e in entries if e.name.endswith(SUFFIXES) and not e.name.startswith("."))
    except OSError as error:
        raise RecipeError(f"{directory}: {error.strerror or error}; give a directory with recipes") from error


def _contents(paths: Sequence[str]) -> tuple[list[tuple[str, bytes]], list[RecipeError]]:
    texts: list[tuple[str, bytes]] = []
    faults: list[RecipeError] = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                content = file.read(SIZE_CAP + 1)
        except OSError as error:
            faults.append(RecipeError(f"{path}: {error.strerror or error}"))
            continue
        if len(content) > SIZE_CAP:
            faults.append(RecipeError(f"{path}: is larger than {SIZE_CAP:,} bytes; a recipe is one small document"))
        else:
            texts.append((path, content))
    return texts, faults


def _parse(texts: Iterable[tuple[str, bytes]]) -> tuple[list[Recipe], list[RecipeError]]:
    from kubectl_sidecar.core.recipes.reader import from_dict

    recipes: list[Recipe] = []
    faults: list[RecipeError] = []
    seen: dict[str, str] = {}
    for path, content in texts:
        try:
            recipe = from_dict(_document(path, content), origin=path)
            if recipe.family in seen:
                raise RecipeError(
                    f"{path}: family: {recipe.family} is already in {seen[recipe.family]}; one file a family"
                )
        except RecipeError as fault:
            faults.append(fault)
            continue
        seen[recipe.family] = path
        recipes.append(recipe)
    return recipes, faults


def _document(path: str, content: bytes) -> Any:
    import yaml

    try:
        return yaml.load(content, Loader=_loader())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else path
        told = [getattr(error, part, None) for part in ("context", "problem")]
        what = ", ".join(filter(None, told)) or next(iter(str(error).splitlines()), "it cannot be read")
        raise RecipeError(f"{where}: {what}") from error


@functools.cache
def _loader() -> Any:
    """libyaml's safe loader that refuses a key which is there twice: the first would be lost in silence."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value:
                name = str(key.value)
                if name in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{name} is there twice", key.start_mark)
                seen.add(name)
            return super().construct_mapping(node, deep)

    return Loader


def _key(texts: Sequence[tuple[str, bytes]]) -> bytes:
    """A digest over every byte that the recipes come from: names and contents of the files, and the code that reads them."""
    digest = hashlib.blake2b(digest_size=32)
    for module in _READERS:
        _feed(digest, module.read_bytes() if module.is_file() else __version__.encode())
    for path, content in texts:
        _feed(digest, os.fsencode(path))
        _feed(digest, content)
    return digest.digest()


def _feed(digest: hashlib.blake2b, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)


def _store(directory: Path, cache_directory: Path | None) -> Path | None:
    """The file for a directory's parsed recipes: one each, so that nothing piles up. None where there is no place for it."""
    base = cache_directory if cache_directory is not None else _cache_directory()
    if base is None:
        return None
    name = hashlib.blake2b(os.fsencode(os.path.abspath(directory)), digest_size=8).hexdigest()
    return base / f"recipes-{name}"


def _cache_directory() -> Path | None:
    """The user's cache directory, or None where there is no home to have one in."""
    base = os.environ.get("XDG_CACHE_HOME")
    if base and os.path.isabs(base):
        return Path(base) / "kubectl-sidecar"
    import platformdirs

    try:
        directory = Path(platformdirs.user_cache_dir("kubectl-sidecar", appauthor=False))
    except (RuntimeError, OSError, KeyError):
        return None
    return directory if directory.is_absolute() else None


def _cached(store: Path | None, key: bytes) -> list[Recipe] | None:
    """The recipes under this key, or None. What is damaged, or of another key, counts as not there."""
    if store is None:
        return None
    try:
        with open(store, "rb") as file:
            blob = file.read()
    except OSError:
        return None
    body = blob[len(key) + _CHECK :]
    if blob[: len(key)] != key or blob[len(key) : len(key) + _CHECK] != _checksum(body):
        return None
    try:
        return msgspec.msgpack.decode(body, type=list[Recipe])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _remember(store: Path | None, key: bytes, recipes: Sequence[Recipe]) -> None:
    """Writes the cache whole or not at all. One that cannot be written is no fault."""
    if store is None:
        return
    body = msgspec.msgpack.encode(recipes)
    draft = store.with_name(f".{store.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(key + _checksum(body) + body)
        draft.replace(store)
        _tidy(store)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()


def _tidy(store: Path) -> None:
    """Removes what nobody needs of the caches beside `store`. Whoever reads one meanwhile parses again, no more."""
    written = store.stat().st_mtime
    found: list[tuple[float, Path]] = []
    with os.scandir(store.parent) as entries:
        for entry in entries:
            if entry.name.startswith(("recipes-", ".recipes-")) and entry.is_file(follow_symlinks=False):
                found.append((entry.stat(follow_symlinks=False).st_mtime, store.parent / entry.name))
    whole = sorted((e for e in found if not e[1].name.startswith(".") and e[1] != store), reverse=True)
    drafts = [e for e in found if e[1].name.startswith(".") and e[0] < written - _DRAFT_SECONDS]
    for _, path in (*whole[_KEPT - 1 :], *drafts):
        with contextlib.suppress(OSError):
            path.unlink()


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK).digest()
