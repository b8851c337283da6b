"""The annotations and labels of injection: marks that injectors leave on Pods, and keys by which somebody asks for them.

Not every injector leaves a mark, and a key that asks may also say no."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from kubectl_sidecar.core.recipes.globs import glob
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Metadata

_REMEMBERED = 8_192
_NO = frozenset({"false", "disabled", "no", "0"})


class Injections:
    """What the recipes with an injector say of keys, and of values."""

    def __init__(self, recipes: Iterable[Recipe]) -> None:
        self._globs: list[tuple[Callable[[str], bool], Recipe]] = []
        self._exact: dict[str, list[Recipe]] = {}
        self._asks: dict[str, set[str | None]] = {}
        self._plain: set[str] = set()
        for recipe in recipes:
            if recipe.injector is None:
                continue
            for mark in recipe.injector.marks:
                if "*" in mark or "?" in mark:
                    self._globs.append((glob(mark), recipe))
                else:
                    self._exact.setdefault(mark, []).append(recipe)
            for ask in recipe.injector.asks:
                key, equals, value = ask.partition("=")
                self._asks.setdefault(key, set()).add(value if equals else None)

    def marked(self, key: str) -> Sequence[Recipe]:
        """Whose injectors leave this key as their mark."""
        return [*self._exact.get(key, ()), *[recipe for test, recipe in self._globs if test(key)]]

    def marks(self, keys: Collection[str]) -> tuple[str, ...]:
        """Those of these keys that injectors leave. Clusters know few keys, so those that are none are remembered."""
        if self._plain.issuperset(keys):
            return ()
        found = []
        for key in keys:
            if self.marked(key):
                found.append(key)
            elif len(self._plain) < _REMEMBERED:
                self._plain.add(key)
        return tuple(found)

    def is_marked(self, metadata: Metadata | None) -> bool:
        """Whether an injector left its mark on this Pod, or was asked to change it."""
        if metadata is None:
            return False
        return any(
            self.marks(values) or self.asked(values) for values in (metadata.annotations, metadata.labels) if values
        )

    def asked(self, values: Mapping[str, object]) -> str:
        """The first of these annotations or labels that asks for an injection, as `key=value`; empty where none does. One that
        may have any value asks with any that does not say no."""
        for key in self._asks.keys() & values.keys():
            wanted, value = self._asks[key], values[key]
            if isinstance(value, str) and (value in wanted or (None in wanted and value and value.lower() not in _NO)):
                return f"{key}={value}"
        return ""

    def refused(self, values: Mapping[str, object]) -> bool:
        """Whether one of the keys that ask says no here."""
        found = (values[key] for key in self._asks.keys() & values.keys())
        return any(isinstance(value, str) and value.lower() in _NO for value in found)
