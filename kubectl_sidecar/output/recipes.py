"""Recipes as table, names, text and data. The data of one recipe is its document, as it stands in a file: written into the
user's own folder it is that recipe again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from kubectl_sidecar.core.classification.injection import options_of
from kubectl_sidecar.core.recipes.reader import MAJOR, MINOR, VERSION_KEY
from kubectl_sidecar.core.recipes.recipe import Match, Recipe
from kubectl_sidecar.output.style import Paint
from kubectl_sidecar.output.table import table

API_VERSION = "kubectl-sidecar/v1"
PACKAGED = "packaged"
_WIDTH = 100
_GIVEN = ("origin",)
"""Fields that the reader gives; they are in no document."""


def recipe_table(recipes: Sequence[tuple[Recipe, str]], *, no_header: bool) -> Iterator[str]:
    """One line each; beside the recipe stands where it was read, `packaged` or a file."""
    rows = [
        (r.family, r.category, r.role, r.movable, r.injector.by if r.injector else "-", where) for r, where in recipes
    ]
    return table(("FAMILY", "CATEGORY", "ROLE", "MOVABLE", "INJECTOR", "SOURCE"), rows, no_header=no_header)


def recipe_names(recipes: Iterable[Recipe]) -> Iterator[str]:
    return (recipe.family for recipe in recipes)


def recipe_list(recipes: Sequence[tuple[Recipe, str]]) -> dict[str, Any]:
    """All recipes as plain data: {apiVersion, kind, items}, each with its `source`."""
    items = [{**document(recipe), "source": where} for recipe, where in recipes]
    return {"apiVersion": API_VERSION, "kind": "RecipeList", "items": items}


def document(recipe: Recipe) -> dict[str, Any]:
    """The recipe as its file says it, without what is at its default."""
    return {VERSION_KEY: f"{MAJOR}.{MINOR}", **_plain(recipe)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: getattr(value, f.name) for f in fields(value) if f.name not in _GIVEN}
        return {name: _plain(item) for name, item in found.items() if not _is_empty(item)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ("", (), Match())


def recipe_page(recipe: Recipe, where: str, paint: Paint) -> Iterator[str]:
    """Everything that a recipe says, to be read."""
    yield f"{paint('strong', recipe.family)}: {recipe.title} ({recipe.category})"
    yield from _line("read from", recipe.origin if where != PACKAGED else f"{PACKAGED}, {recipe.origin}")
    yield from _line("role", f"{recipe.role}; traffic {recipe.traffic}; placed as {recipe.placement.place}")
    yield from _line("movable", f"{recipe.movable}{': ' if recipe.reason else ''}{recipe.reason}")
    for title, match in (("recognised by", recipe.match), ("unless", recipe.unless), ("one-shot by", recipe.one_shot),
                         ("needs the app", recipe.needs_app)):  # fmt: skip
        yield from _patterns(title, match)
    if recipe.attached:
        yield from _line("attached", "beside another container it is never the main")
    if recipe.generic:
        yield from _line("generic", "its image serves many purposes; alone it proves nothing")
    if recipe.unconfirmed:
        yield from _line("unconfirmed", f"{', '.join(recipe.unconfirmed)} (never raises a confidence)")
    yield from _start(recipe)
    yield from _stop(recipe)
    if recipe.injector:
        yield from _line("injected by", recipe.injector.by)
        yield from _line("leaves", ", ".join(recipe.injector.marks))
        yield from _line("asked by", ", ".join(recipe.injector.asks))
        for text in options_of(recipe.injector):
            yield from _line("native form", text)
    yield from _line("belong to it", ", ".join(recipe.companions))
    for note in recipe.notes:
        yield from _line("note", note)
    for reference in recipe.references:
        yield from _line("reference", reference)


def _start(recipe: Recipe) -> Iterator[str]:
    placement, probe = recipe.placement, recipe.startup_probe
    serves = "init containers may need it. " if placement.serves_inits else ""
    yield from _line("placement", serves + placement.note)
    if probe:
        kind, action = next(iter(probe.probe.items()))
        told = ", ".join(f"{key} {' '.join(v) if isinstance(v, list) else v}" for key, v in action.items())
        yield from _line("startup probe", f"{kind}: {told}{'. ' if probe.note else ''}{probe.note}")
        yield from _patterns("only with", probe.requires)
        yield from _line("its port from", ", ".join(probe.port_from))
        yield from _line("not with", ", ".join(probe.not_with))
    yield from _line("need the app", ", ".join(recipe.waits_for_app))


def _stop(recipe: Recipe) -> Iterator[str]:
    yield from _line("quit by", ", ".join(recipe.quit_endpoints))
    yield from _patterns("wrapped by", recipe.wrappers)
    for hook in recipe.hooks:
        yield from _line("hook", f"{hook.pattern}: {hook.effect}{'. ' if hook.note else ''}{hook.note}")
    yield from _line("on SIGTERM", recipe.sigterm)


def _patterns(title: str, match: Match) -> Iterator[str]:
    for f in fields(match):
        values = getattr(match, f.name)
        if values:
            yield from _line(title, f"{f.name} {', '.join(str(v) for v in values)}")
            title = ""


def _line(title: str, text: str) -> Iterator[str]:
    """One fact, wrapped beside its title; nothing where there is nothing to say."""
    if text.strip():
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent=f"  {title:<14} ", subsequent_indent=" " * 17, break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
