"""A dictionary that forgets: for what is worth to be remembered of a cluster of any size."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

REMEMBERED = 1_024

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(dict[K, V | None]):
    """A bounded dictionary that keeps what is asked for, and says None of what it does not have: `recent[key]`. When it is full, all
    that is in it becomes old; what is found there becomes young again. (functools.lru_cache would hash and compare the values
    that stand behind an id.)"""

    __slots__ = ("old",)

    def __init__(self) -> None:
        self.old: dict[K, V | None] = {}

    def __missing__(self, key: K) -> V | None:
        found = self.old.get(key)
        if found is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        if len(self) >= REMEMBERED:
            self.old = dict(self)
            self.clear()
        self[key] = value
