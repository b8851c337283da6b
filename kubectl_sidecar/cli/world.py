"""The composition root: cluster, journal, clock and recipes are constructed here and handed down, nowhere else."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from kubectl_sidecar.cli.options import Connection
from kubectl_sidecar.core.classify import RecipeIndex
from kubectl_sidecar.core.journal import Journal
from kubectl_sidecar.sources.cluster import Clock, Cluster


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


def recipe_index() -> RecipeIndex:
    """The packaged recipes, ready to classify with."""
    from kubectl_sidecar.sources.recipes import packaged

    return RecipeIndex(packaged())


def state_directory() -> Path:
    """Where records are kept: XDG_STATE_HOME/kubectl-sidecar, or the platform's place for state."""
    configured = os.environ.get("XDG_STATE_HOME")
    if configured:
        return Path(configured) / "kubectl-sidecar"
    import platformdirs

    return Path(platformdirs.user_state_dir("kubectl-sidecar", appauthor=False))
