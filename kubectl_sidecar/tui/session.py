"""What a run of the screen was given: the edges (handed in by the caller), what it looks at, and what the user allowed."""

from __future__ import annotations

from dataclasses import dataclass, field

from kubectl_sidecar.actions.inspect import Scope
from kubectl_sidecar.actions.migrate import MigrateOptions
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.journal import Journal
from kubectl_sidecar.sources.cluster import Clock, Cluster


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
