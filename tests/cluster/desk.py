"""The tool as it plans beside a real API server: a namespace, the real client and the packaged recipes.

The workload under test is always called `shop`. What a test asserts of the plan is read from the objects as the server keeps
them, with the server's defaults, and never from the manifest that made them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubectl_sidecar.actions.dryrun import patch_of
from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, Target, prepare
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.planning.policy import PolicyOptions
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.kube import KubeCluster, connect
from kubectl_sidecar.sources.recipes import packaged
from tests.cluster.classic import Manifest
from tests.cluster.control_plane import ControlPlane


@dataclass(frozen=True)
class Desk:
    """One namespace, and the tool as it plans there."""

    cluster: ControlPlane
    kube: KubeCluster
    index: RecipeIndex
    namespace: str

    def create(self, *manifests: Manifest) -> None:
        self.cluster.create(*manifests, namespace=self.namespace)

    def prepare(self, kind: str = "deployment", name: str = "shop", **plan: Any) -> Prepared:
        """What the tool would do and say; `plan` are PlanOptions."""
        options = MigrateOptions(
            PlanOptions(**plan),
            PolicyOptions(assume_yes=True, accept=frozenset({"pod-level-resources", "limit-range"})),
        )
        return prepare(self.kube, Target(resolve(kind), self.namespace, name), self.index, options)

    def write(self, prepared: Prepared) -> Object:
        """Sends the plan's patch for good; the object as it is then."""
        target = prepared.target
        patch = patch_of(prepared.plan)
        return self.kube.patch(target.kind.resource, self.namespace, target.name, patch, dry_run=False).object

    def version(self, kind: str = "deployment") -> str:
        """Changes with every write of the template."""
        found = self.cluster.get(kind, "shop", namespace=self.namespace)
        return json.dumps([found["metadata"].get("generation"), found["spec"]])


def risks(prepared: Prepared) -> dict[str, str]:
    """The risks that the plan names, with their severity."""
    return {risk.id: risk.severity for risk in prepared.plan.risks}


def problems(prepared: Prepared) -> set[str]:
    """The problems of the helpers that the plan moves."""
    return {removal.problem.id for removal in prepared.plan.removals}


def answers(prepared: Prepared) -> dict[str, tuple[str, str]]:
    """What each dry run came to: its outcome and text."""
    return {run.what: (run.outcome, run.text) for run in prepared.dry_runs}


@contextmanager
def desk_in(cluster: ControlPlane, namespace: str) -> Iterator[Desk]:
    """A desk with a client of its own, where no fixture gives one."""
    kube = connect(kubeconfig=str(cluster.kubeconfig), environ={})
    try:
        yield Desk(cluster, kube, RecipeIndex(packaged()), namespace)
    finally:
        kube.close()
