"""The composition root: cluster, journal, clock and recipes are constructed here and handed down, nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_sidecar.cli.options import Connection
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.journal import Journal
from kubectl_sidecar.errors import RecipeError
from kubectl_sidecar.sources.cluster import Clock, Cluster

if TYPE_CHECKING:
    from kubectl_sidecar.sources.recipes import Loaded


@dataclass(frozen=True, slots=True)
class World:
    """What a command acts on."""

    cluster: Cluster
    journal: Journal
    clock: Clock
    namespace: str
    """The namespace that is meant where a command names none."""

    def namespaces(self, asked: str | None, *, everywhere: bool) -> tuple[str, ...] | None:
        """The namespaces of a list: all (None), the ones that were asked for, or the context's."""
        if everywhere:
            return None
        return tuple(part for part in asked.split(",") if part) if asked else (self.namespace,)


def connect(connection: Connection) -> World:
    """The world of a real cluster, or the embedded one. Credentials are obtained here: an exec plugin may ask something, so it
    happens before any screen opens. Raises ClusterError with a sentence."""
    if connection.demo:
        world = _demo_world()
        return replace(world, namespace=connection.namespace or world.namespace)
    from kubectl_sidecar.sources.clock import SystemClock
    from kubectl_sidecar.sources.journal import FileJournal
    from kubectl_sidecar.sources.kube import connect as connect_kube

    cluster = connect_kube(
        kubeconfig=connection.kubeconfig,
        context=connection.context,
        impersonate_user=connection.as_user,
        impersonate_groups=connection.as_group,
        request_timeout=connection.request_timeout,
        interactive=sys.stdin is not None and sys.stdin.isatty(),  # an exec plugin may ask something
    )
    return World(
        cluster, FileJournal(state_directory() / "journal"), SystemClock(), connection.namespace or cluster.namespace
    )


@cache
def _demo_world() -> World:
    """One embedded cluster for the whole process, so that what one command changed the next one sees."""
    from kubectl_sidecar.sources.journal import MemoryJournal
    from kubectl_sidecar.sources.sample import demo_cluster

    demo = demo_cluster()
    return World(demo.cluster, MemoryJournal(), demo.clock, demo.cluster.namespace)


def recipe_index(directories: Sequence[str] = ()) -> RecipeIndex:
    """The packaged recipes, and before them the user's own, ready to classify with. A fault in one of the user's is said on
    stderr and leaves out that recipe alone."""
    from kubectl_sidecar.sources.recipes import packaged

    own = user_recipes(directories)
    for fault in own.faults:
        sys.stderr.write(f"warning: {fault}; this recipe is left out\n")
    return RecipeIndex(packaged(), preferred=own.recipes)


def user_recipes(directories: Sequence[str]) -> Loaded:
    """The user's own recipes and their faults: of the given directories, in their order, then of the configuration's. Raises
    RecipeError for a given directory that cannot be read."""
    from kubectl_sidecar.sources.recipes import Loaded, load

    found = [load(Path(directory)) for directory in directories]
    configured = recipes_directory()
    if configured is not None and configured.exists():
        try:
            found.append(load(configured))
        except RecipeError as fault:
            found.append(Loaded((), (fault,)))
    return Loaded(tuple(r for part in found for r in part.recipes), tuple(f for part in found for f in part.faults))


def recipes_directory() -> Path | None:
    """The folder for the user's own recipes: XDG_CONFIG_HOME/kubectl-sidecar/recipes, or below the platform's place for
    configuration. None where there is no home to have one in."""
    configured = os.environ.get("XDG_CONFIG_HOME")
    if configured and os.path.isabs(configured):
        return Path(configured) / "kubectl-sidecar" / "recipes"
    import platformdirs

    try:
        directory = Path(platformdirs.user_config_dir("kubectl-sidecar", appauthor=False))
    except (RuntimeError, OSError, KeyError):
        return None
    return directory / "recipes" if directory.is_absolute() else None


def state_directory() -> Path:
    """Where records are kept: XDG_STATE_HOME/kubectl-sidecar, or the platform's place for state."""
    configured = os.environ.get("XDG_STATE_HOME")
    if configured:
        return Path(configured) / "kubectl-sidecar"
    import platformdirs

    return Path(platformdirs.user_state_dir("kubectl-sidecar", appauthor=False))
