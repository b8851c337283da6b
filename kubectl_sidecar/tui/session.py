"""What a run of the screen was given: the edges (handed in by the caller), what it looks at, and what the user allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from kubectl_sidecar.actions.inspect import Scope
from kubectl_sidecar.actions.migrate import MigrateOptions
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.journal import Journal
from kubectl_sidecar.sources.cluster import Clock, Cluster


@runtime_checkable
class Asking(Protocol):
    """A cluster whose login may run out while the screen is open, so that somebody has to be asked something."""

    def ask_on(self, terminal: Callable[[Callable[[], None]], bool]) -> None:
        """`terminal`, called on any thread, calls what it is given while the terminal is free; false where that cannot be."""


@dataclass(frozen=True, slots=True)
class Session:
    """See the module. `scope` is where the list begins."""

    cluster: Cluster
    journal: Journal
    index: RecipeIndex
    clock: Clock
    scope: Scope
    readonly: bool = False
    options: MigrateOptions = field(default_factory=MigrateOptions)
