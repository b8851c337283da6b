"""`kubectl sidecar recipes`: what is known of families of helpers, and whether the user's own recipes are right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kubectl_sidecar.cli.console import console
from kubectl_sidecar.cli.manners import Command, Group, flag
from kubectl_sidecar.cli.options import shared
from kubectl_sidecar.errors import InputError

if TYPE_CHECKING:
    from kubectl_sidecar.core.recipes.recipe import Recipe


@click.group("recipes", cls=Group)
def recipes_group() -> None:
    """Show the recipes by which helpers are recognised, and check your own.

    Your own recipes are in the directories of --recipes and in the folder recipes of your configuration directory. They go
    before the packaged ones, and one of the same family replaces the packaged one.
    """


@recipes_group.command("list", cls=Command)
@flag("--output", "-o", choices=("json", "yaml", "name"), help="json, yaml or name; a table if not given.")
@shared("recipes", "no-headers")
def list_recipes(output: str | None, recipes: tuple[str, ...], no_headers: bool) -> int:
    """List all recipes that count, with where each was read."""
    from kubectl_sidecar.output.recipes import recipe_list, recipe_names, recipe_table

    screen = console("never")
    found = _all(recipes)
    if output == "name":
        screen.print(recipe_names(recipe for recipe, _ in found))
    elif output is not None:
        from kubectl_sidecar.output.data import dump

        screen.out.write(dump(recipe_list(found), output))
    else:
        screen.print(recipe_table(found, no_header=no_headers))
    return 0


@recipes_group.command("show", cls=Command)
@click.argument("family")
@flag("--output", "-o", choices=("json", "yaml"), help="json or yaml, as in a recipe's file; text if not given.")
@shared("recipes", "color")
def show_recipe(family: str, output: str | None, recipes: tuple[str, ...], color: str) -> int:
    """Show all that the recipe of a family says. With -o yaml it is the file to start one of your own from."""
    from kubectl_sidecar.output.recipes import document, recipe_page

    screen = console(color)
    found = {recipe.family: (recipe, where) for recipe, where in _all(recipes)}
    if family not in found:
        raise InputError(f'there is no recipe of a family "{family}"{_meant(family, found)}')
    recipe, where = found[family]
    if output is None:
        screen.print(recipe_page(recipe, where, screen.paint))
    else:
        from kubectl_sidecar.output.data import dump

        screen.out.write(dump(document(recipe), output))
    return 0


@recipes_group.command("lint", cls=Command)
@click.argument("paths", nargs=-1)
def lint_recipes(paths: tuple[str, ...]) -> int:
    """Check recipes: files, or directories with recipes. Without a path, the folder recipes of your configuration directory.

    Each fault is one line, file: field: what is wrong; the exit code is 2 then.
    """
    from kubectl_sidecar.cli.world import recipes_directory
    from kubectl_sidecar.sources.recipes import load, load_files, packaged_directory

    screen = console("never")
    groups = _groups(paths)
    if not groups:
        where = recipes_directory()
        screen.say("You have no recipes of your own" + (f"; they belong into {where}." if where else "."))
        return 0
    loaded = [load_files(files) for files in groups]  # each by itself: only within a directory a family is there once
    faults = [fault for group in loaded for fault in group.faults]
    recipes = [recipe for group in loaded for recipe in group.recipes]
    home, theirs = packaged_directory().resolve(), {r.family for r in load(packaged_directory()).recipes}
    instead = sorted({r.family for r in recipes if r.family in theirs and Path(r.origin).resolve().parent != home})
    screen.print(str(fault) for fault in faults)
    screen.say(_summary(len(recipes), len(faults), instead))
    return 2 if faults else 0


def _groups(paths: tuple[str, ...]) -> list[tuple[Path, ...]]:
    """The files to check, those of one directory together."""
    from kubectl_sidecar.cli.world import recipes_directory
    from kubectl_sidecar.sources.recipes import files_of

    configured = recipes_directory()
    if not paths:
        return [files_of(configured)] if configured is not None and configured.exists() else []
    return [files_of(path) if path.is_dir() else (path,) for path in map(Path, paths)]


def _summary(good: int, bad: int, instead: list[str]) -> str:
    if not good and not bad:
        return "There are no recipes there: their files end in .yaml or .yml."
    text = f"{good} {'recipe is' if good == 1 else 'recipes are'} fine"
    if bad:
        text += f", {bad} {'file has' if bad == 1 else 'files have'} a fault"
    if instead:
        names = ", ".join(instead[:5]) + (f" and {len(instead) - 5} more" if len(instead) > 5 else "")
        text += f"; instead of packaged ones: {names}"
    return text + "."


def _all(directories: tuple[str, ...]) -> list[tuple[Recipe, str]]:
    """The recipes that count, by family, with where each was read. Faults of the user's own are said."""
    from kubectl_sidecar.cli.world import recipe_index
    from kubectl_sidecar.output.recipes import PACKAGED
    from kubectl_sidecar.sources.recipes import packaged_directory

    home = str(packaged_directory())
    found = recipe_index(directories).recipes
    return [(r, PACKAGED if str(Path(r.origin).parent) == home else r.origin) for r in sorted(found, key=_family)]


def _family(recipe: Recipe) -> str:
    return recipe.family


def _meant(family: str, known: dict[str, Any]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(family, known, 1)
    return f'; did you mean "{close[0]}"?' if close else "; kubectl sidecar recipes list shows them all"
