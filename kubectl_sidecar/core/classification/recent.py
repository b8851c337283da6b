"""A dictionary that forgets: for what is worth to be remembered of a cluster of any size."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

REMEMBERED = 1_024

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A bounded dictionary that keeps what is asked for: when the young half is full, it becomes the old one, and what is found
    there moves to the young one again. (functools.lru_cache would hash and compare the values that stand behind an id.)"""

    __slots__ = ("_old", "young")

    def __init__(self) -> None:
        self.young: dict[K, V] = {}
        """What was asked for last; a loop may look here first."""
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        found = self.young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def put(self, key: K, value: V) -> None:
        if len(self.young) >= REMEMBERED:
            self.young, self._old = {}, self.young
        self.young[key] = value
