"""Recipes against containers: an index that makes the search cheap.

The candidates for a pair of image and name are remembered, because clusters run few distinct ones; so the cost
hardly grows with the number of recipes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from kubectl_sidecar.core.recipes.globs import Image, glob, inside, literal, parse_image, program_of, tokens, word_set
from kubectl_sidecar.core.recipes.injections import Injections
from kubectl_sidecar.core.recipes.patterns import ImagePattern, Tests, image_pattern, tests_of
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container

_REMEMBERED = 8_192

ImageMatch = Literal["no", "basename", "full"]


class Hit(msgspec.Struct, frozen=True, gc=False):
    """How a container fits a recipe. `detail` is the part of its words, environment, ports or mounts that fitted."""

    recipe: Recipe
    image: ImageMatch
    image_text: str
    named: bool
    command: str
    detail: str
    confirmed: bool
    strength: int
    text: str
    """The fit as evidence says it."""


class _Candidate(msgspec.Struct, gc=False):
    compiled: _Compiled
    name: str
    image: ImageMatch
    image_text: str
    image_confirmed: bool
    named: bool
    name_confirmed: bool
    telling: bool
    tagged: bool
    """The pattern of the image has a tag, so it is the more exact one."""
    settled: bool
    """Whether nothing else of the container could change the hit by image and name alone."""
    bare: Hit | None = None
    """That hit; None where image and name do not suffice."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    recipe: Recipe
    tests: Tests
    unless: Tests
    unless_images: tuple[ImagePattern, ...]
    unless_names: tuple[Callable[[str], bool], ...]
    unconfirmed: frozenset[str]
    rank: int
    preferred: bool
    has_tests: bool
    has_unless: bool


UNSPECIFIC = word_set(
    "agent app auth backend cache cli client config container controller core daemon db distributor exporter frontend gateway helper init "
    "loader log logger logs main manager metrics monitor mount node operator plugin proxy queue reload reloader router server service shell "
    "sidecar sync tail tunnel ui wait watcher web worker tool tools base runtime image sh bash"
)
"""Words that so many programs are called by that they tell no family."""


class RecipeIndex:
    """Recipes, compiled. Of recipes of one family the first counts; of several that fit, the better fit, then the earlier.
    The user's own are `preferred`: they come first, and where one fits by more than a name alone, no other is asked."""

    def __init__(self, recipes: Iterable[Recipe], *, preferred: Iterable[Recipe] = ()) -> None:
        seen: dict[str, Recipe] = {}
        for recipe in preferred:
            seen.setdefault(recipe.family, recipe)
        own = len(seen)
        for recipe in recipes:
            seen.setdefault(recipe.family, recipe)
        self.recipes: tuple[Recipe, ...] = tuple(seen.values())
        self._by_last: dict[str, list[tuple[_Compiled, ImagePattern]]] = {}
        self._loose_images: list[tuple[str, tuple[_Compiled, ImagePattern]]] = []
        self._by_name: dict[str, list[_Compiled]] = {}
        self._loose_names: list[tuple[str, _Compiled, str, Callable[[str], bool]]] = []
        self._by_token: dict[bytes, list[tuple[_Compiled, str, Callable[[str], bool]]]] = {}
        self._loose_commands: list[tuple[str, tuple[_Compiled, str, Callable[[str], bool]]]] = []
        self._candidates: dict[tuple[str, str], tuple[str, tuple[_Candidate, ...]]] = {}
        self.injections = Injections(self.recipes)
        self._shared_names: dict[str, int] = {}
        for rank, recipe in enumerate(self.recipes):
            self._add(recipe, rank, preferred=rank < own)
        self._tokens = frozenset(self._by_token)
        self._tagged = {last for last, entries in self._by_last.items() if any(p.tag for _, p in entries)}
        self._loosely_tagged = tuple(part for part, (_, p) in self._loose_images if p.tag)
        self.remembered: object = None
        """What classification found with these recipes; it ends with them."""

    def _add(self, recipe: Recipe, rank: int, *, preferred: bool) -> None:
        tests, unless = tests_of(recipe.match), tests_of(recipe.unless)
        compiled = _Compiled(
            recipe,
            tests,
            unless,
            tuple(image_pattern(p) for p in recipe.unless.images),
            tuple(glob(p) for p in recipe.unless.names),
            frozenset(recipe.unconfirmed),
            rank,
            preferred,
            not tests.empty,
            not unless.empty,
        )
        for text in recipe.match.images:
            pattern = image_pattern(text)
            if pattern.last.strip("*?") == "":
                continue  # `*` says nothing
            if "*" in pattern.last or "?" in pattern.last:
                self._loose_images.append((literal(pattern.last), (compiled, pattern)))
            else:
                self._by_last.setdefault(pattern.last, []).append((compiled, pattern))
        for name in recipe.match.names:
            self._shared_names[name] = self._shared_names.get(name, 0) + 1
            if "*" in name or "?" in name:
                self._loose_names.append((literal(name), compiled, name, glob(name)))
            else:
                self._by_name.setdefault(name, []).append(compiled)
        for command in recipe.match.command:
            if command.startswith("-") or "sleep" in command or "/dev/null" in command:
                continue  # an option alone is no program, and any image can be told to sleep
            test, token = inside(command)
            if token:
                self._by_token.setdefault(token.encode(errors="replace"), []).append((compiled, command, test))
            else:
                self._loose_commands.append((literal(command), (compiled, command, test)))

    def best(self, container: Container, words: tuple[str, ...], text: str) -> tuple[str, Hit | None]:
        """The path of the container's image (empty without one), and the recipe that fits the container best. `words` and `text`
        are its capped words and they joined."""
        reference = container.image or ""
        cut = reference.rfind(":")
        key = (reference[:cut] if cut > reference.rfind("/") else reference, container.name)
        known = self._candidates.get(key)
        if known is None:
            known = self._search(reference, key)
        path, candidates = known
        if not candidates:
            return path, self._by_command(container, words, text, ()) if text else None
        found: Hit | None = None
        preferred = False
        for candidate in candidates:
            if preferred and not candidate.compiled.preferred:
                break  # the user's own come first, and one of them fits
            hit = candidate.bare if candidate.settled else self._judge(candidate, container, words, text)
            if hit and (found is None or hit.strength > found.strength):
                found, preferred = hit, candidate.compiled.preferred and hit.strength >= 2
        if text and (found is None or found.strength < 2):
            found = self._by_command(container, words, text, candidates) or found
        return path, found

    def _search(self, reference: str, key: tuple[str, str]) -> tuple[str, tuple[_Candidate, ...]]:
        """What may fit an image and a name; remembered for all tags of the image, unless a pattern asks for the tag."""
        parsed = parse_image(reference) if reference else _NO_IMAGE
        basename = parsed.path.rpartition("/")[2]
        known = parsed.path, self._look_up(parsed, basename, key[1])
        if basename not in self._tagged and not any(part in basename for part in self._loosely_tagged):
            if len(self._candidates) >= _REMEMBERED:
                self._candidates.clear()
            self._candidates[key] = known
        return known

    def _by_command(
        self, container: Container, words: tuple[str, ...], text: str, judged: tuple[_Candidate, ...]
    ) -> Hit | None:
        """The earliest recipe that fits by command alone, whatever the image: a weak fit, and none for a generic one."""
        possible = []
        for part, entry in self._loose_commands:
            if part in text:
                possible.append(entry)
        for token in self._tokens.intersection(tokens(text)):
            possible += self._by_token[token]
        if not possible:
            return None
        text = program_of(text)
        fitting = [
            (compiled.rank, pattern, compiled)
            for compiled, pattern, test in possible
            if test(text) and not compiled.recipe.generic and all(compiled is not j.compiled for j in judged)
        ]
        if not fitting:
            return None
        for _, pattern, compiled in sorted(fitting, key=lambda entry: entry[:2]):
            image = parse_image(container.image) if container.image else _NO_IMAGE
            if not _excluded(compiled, image, container.name) and not self._unless(compiled, container, words, text):
                confirmed = pattern not in compiled.unconfirmed
                return Hit(compiled.recipe, "no", "", False, pattern, "", confirmed, 2, "")
        return None

    def _look_up(self, image: Image, basename: str, name: str) -> tuple[_Candidate, ...]:
        named = {id(c): (c, name) for c in self._by_name.get(name, ())}
        for part, compiled, pattern, test in self._loose_names:
            if part in name and id(compiled) not in named and test(name):
                named[id(compiled)] = (compiled, pattern)
        shapes: list[tuple[_Compiled, ImagePattern]] = []
        if basename:
            shapes = [*self._by_last.get(basename, ()), *[e for part, e in self._loose_images if part in basename]]
        if not shapes and not named:
            return ()
        found: dict[int, _Candidate] = {}
        for compiled, shape in shapes:
            level: ImageMatch = "full" if shape.fits(image) else "no"
            if level == "no" and shape.last == basename and basename not in UNSPECIFIC and not shape.tag:
                level = "basename"
            known = found.get(id(compiled))
            if level == "no" or (known and (known.image == "full" or level == "basename")):
                continue
            confirmed = shape.text not in compiled.unconfirmed
            found[id(compiled)] = self._candidate(
                compiled, level, image.path, confirmed, named, name, shape.tag is not None
            )
        for compiled, _ in named.values():
            if id(compiled) not in found:
                found[id(compiled)] = self._candidate(compiled, "no", "", True, named, name)
        if not found:
            return ()
        kept = [c for c in found.values() if not _excluded(c.compiled, image, name)]
        if len(kept) > 1:
            kept.sort(key=lambda c: (not c.compiled.preferred, -_image_rank(c.image), not c.named, c.compiled.rank))
        return tuple(kept)

    def _candidate(self, compiled: _Compiled, level: ImageMatch, text: str, confirmed: bool,
                   named: Mapping[int, tuple[_Compiled, str]], name: str, tagged: bool = False) -> _Candidate:  # fmt: skip
        by_name = named.get(id(compiled))
        sure = by_name is not None and by_name[1] not in compiled.unconfirmed
        telling = by_name is not None and (by_name[1] == compiled.recipe.family or self._telling(by_name[1]))
        settled = not compiled.has_unless and (
            not compiled.has_tests or (level == "full" and not compiled.recipe.generic)
        )
        candidate = _Candidate(
            compiled, name, level, text[-120:], confirmed, by_name is not None, sure, telling, tagged, settled
        )
        if not compiled.recipe.generic:
            candidate.bare = self._hit(candidate, "", "")
        return candidate

    def _unless(self, compiled: _Compiled, container: Container, words: tuple[str, ...], text: str) -> bool:
        unless = compiled.unless
        return compiled.has_unless and bool(unless.first_command(words, text) or unless.first_other(container))

    def _judge(self, c: _Candidate, container: Container, words: tuple[str, ...], text: str) -> Hit | None:
        """How well a candidate fits: 4 image and name, 3 image, 2 last segment of the image and name, 1 less; a pattern
        with a tag adds 1, a command 3 where it says more than which program the image is. A generic image counts only with
        a fit of command, args, env, ports or mounts."""
        compiled, recipe = c.compiled, c.compiled.recipe
        if compiled.has_unless and self._unless(compiled, container, words, text):
            return None
        command = compiled.tests.first_command(words, text) if text else ""
        detail = "" if command else compiled.tests.first_other(container)
        if not command and (c.bare is None or not detail):
            return c.bare if not recipe.generic else (self._hit(c, "", detail) if detail else None)
        return self._hit(c, command, detail)

    def _hit(self, c: _Candidate, command: str, detail: str) -> Hit | None:
        recipe = c.compiled.recipe
        strength = _IMAGE_STRENGTH[c.image] + (1 if c.named else 0) + (1 if c.tagged else 0)
        if c.image == "no" and not command and not c.telling:
            return None
        confirmed = c.image_confirmed and (c.image != "no" or not c.named or c.name_confirmed)
        if command and command in c.compiled.unconfirmed:
            confirmed = False
        if command and (recipe.generic or c.image != "full"):
            strength += 3
        text = f"{recipe.family}: {_how(c, detail)}" + ("" if confirmed else " (from general knowledge, unconfirmed)")
        return Hit(recipe, c.image, c.image_text, c.named, command, detail, confirmed, strength, text)

    def _telling(self, name: str) -> bool:
        """Whether a container's name alone points to one family."""
        return name not in UNSPECIFIC and self._shared_names.get(name, 1) <= 2


def _how(c: _Candidate, detail: str) -> str:
    parts = [f"image {c.image_text}"] if c.image != "no" else []
    if c.named:
        parts.append(f"name {c.name[:63]}")
    if detail:
        parts.append(detail)
    return " and ".join(parts)


def _excluded(compiled: _Compiled, image: Image, name: str) -> bool:
    if not compiled.unless_names and not compiled.unless_images:
        return False
    return any(test(name) for test in compiled.unless_names) or any(p.fits(image) for p in compiled.unless_images)


_IMAGE_STRENGTH: Mapping[ImageMatch, int] = {"full": 3, "basename": 1, "no": 0}
_NO_IMAGE = Image("", "", "", "")


def _image_rank(level: ImageMatch) -> int:
    return {"full": 2, "basename": 1, "no": 0}[level]
