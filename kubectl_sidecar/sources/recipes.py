"""Recipes from files: the packaged ones and directories of the user's own.

A fault in a packaged recipe is a bug and raises. A fault in a user's recipe is reported with file and path and disables that
recipe alone. Parsed recipes are cached under a key made of every byte that they come from (the files and the code that reads
them), so the cache cannot be stale; where it cannot be read or written, the files are parsed again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kubectl_sidecar.core import recipe as recipe_module
from kubectl_sidecar.core import recipe_reader
from kubectl_sidecar.core.recipe import Recipe
from kubectl_sidecar.core.recipe_reader import from_dict
from kubectl_sidecar.errors import RecipeError

SUFFIXES = (".yaml", ".yml")
SIZE_CAP = 1_000_000
"""Bytes of one file; a recipe has some two thousand."""

_PACKAGE = Path(__file__).parent.parent
_CHECK = 16
"""Bytes of the checksum before the cached recipes."""


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
    store = cache if cache is not None else _cache_directory()
    recipes = _cached(store, key)
    if recipes is None:
        recipes, wrong = _parse(texts)
        faults += wrong
        if not faults:
            _remember(store, key, recipes)
    return Loaded(tuple(recipes), tuple(faults))


def _read_files(directory: Path) -> tuple[list[tuple[str, bytes]], list[RecipeError]]:
    """(path, content) of each recipe's file, by name, and the faults of those that cannot be read."""
    try:
        with os.scandir(directory) as entries:
            names = sorted(e.name for e in entries if e.name.endswith(SUFFIXES) and not e.name.startswith("."))
    except OSError as error:
        raise RecipeError(f"{directory}: {error.strerror or error}; give a directory with recipes") from error
    texts: list[tuple[str, bytes]] = []
    faults: list[RecipeError] = []
    for name in names:
        path = os.path.join(directory, name)
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
    recipes: list[Recipe] = []
    faults: list[RecipeError] = []
    seen: dict[str, str] = {}
    for path, content in texts:
        try:
            recipe = from_dict(_document(path, content), origin=path)
            if recipe.family in seen:
                raise RecipeError(f"{path}: family: {recipe.family} is already in {seen[recipe.family]}; one file a family")
        except RecipeError as fault:
            faults.append(fault)
            continue
        seen[recipe.family] = path
        recipes.append(recipe)
    return recipes, faults


def _document(path: str, content: bytes) -> dict[str, object]:
    import yaml  # noqa: PLC0415 -- not needed where the cache serves

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(content, Loader=loader)  # noqa: S506 -- both loaders are safe ones
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else path
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise RecipeError(f"{where}: is no YAML: {what}") from error
    if not isinstance(document, dict):
        raise RecipeError(f"{path}: expected the fields of one recipe at the top")
    return document


def _key(texts: Sequence[tuple[str, bytes]]) -> bytes:
    """A digest over every byte that the recipes come from: names and contents of the files, and the code that reads them."""
    digest = hashlib.blake2b(digest_size=32)
    for module in (recipe_module, recipe_reader):
        _feed(digest, Path(module.__file__ or "").read_bytes() if module.__file__ else b"")
    for path, content in texts:
        _feed(digest, os.fsencode(path))
        _feed(digest, content)
    return digest.digest()


def _feed(digest: hashlib.blake2b, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)


def _cache_directory() -> Path | None:
    """The user's cache directory, or None where there is no home to have one in."""
    base = os.environ.get("XDG_CACHE_HOME")
    if base and os.path.isabs(base):
        return Path(base) / "kubectl-sidecar"
    import platformdirs  # noqa: PLC0415

    try:
        directory = Path(platformdirs.user_cache_dir("kubectl-sidecar", appauthor=False))
    except (RuntimeError, OSError, KeyError):
        return None
    return directory if directory.is_absolute() else None


def _cached(store: Path | None, key: bytes) -> list[Recipe] | None:
    """The recipes under this key, or None. What is damaged counts as not there."""
    if store is None:
        return None
    try:
        with open(store / f"recipes-{key.hex()[:32]}", "rb") as file:
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
    """Writes the cache whole or not at all, and forgets what it replaces. A cache that cannot be written is no fault."""
    if store is None:
        return
    body = msgspec.msgpack.encode(recipes)
    target = store / f"recipes-{key.hex()[:32]}"
    draft = store / f".{target.name}.{os.getpid()}"
    try:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(key + _checksum(body) + body)
        draft.replace(target)
    except OSError:
        return


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK).digest()
