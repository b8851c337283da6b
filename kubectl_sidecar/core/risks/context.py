"""What a risk function is given, and what several of them ask of it. A risk function is pure: Context in, risks out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.facts import Facts, Unknown, Version
from kubectl_sidecar.core.owners import Owner
from kubectl_sidecar.core.plain import text
from kubectl_sidecar.core.plan import Relocation, Risk
from kubectl_sidecar.core.pod.resources import Usage, Which, is_native
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container, PodSpec, Workload

DEFAULT_GRACE = 30
"""Seconds of terminationGracePeriodSeconds where the Pod names none."""


@dataclass(frozen=True)
class Context:
    """A plan on its way to be judged. `version` is the smallest one that the Pod would meet (facts.effective_version);
    `before` and `after` are the Pod's spec without and with the plan's changes."""

    workload: Workload
    findings: tuple[Finding, ...]
    relocations: tuple[Relocation, ...]
    facts: Facts
    owner: Owner
    version: Version | Unknown
    before: PodSpec
    after: PodSpec
    usage_before: Usage
    usage_after: Usage
    """What one Pod of `before` and one of `after` ask for."""
    recipes: tuple[Recipe, ...] = ()
    """All that are known: what might be injected beside the workload is none of its findings."""

    @property
    def is_job(self) -> bool:
        return self.workload.kind.name in ("Job", "CronJob")

    @cached_property
    def moved(self) -> Mapping[str, Container]:
        """The moved containers as they are in the new form, by name."""
        names = {r.finding.name for r in self.relocations}
        return {c.name: c for c in self.after.init_list if c.name in names}

    @cached_property
    def apps(self) -> tuple[Container, ...]:
        """The regular containers that stay and are not known to be helpers."""
        helpers = {f.name for f in self.findings if f.role == "sidecar" and f.list == "containers"}
        known = tuple(c for c in self.after.main_list if c.name not in helpers)
        return known or self.after.main_list

    @property
    def app(self) -> str:
        """The app in a sentence: by its name where there is one."""
        return self.apps[0].name if len(self.apps) == 1 else "the app"

    @cached_property
    def sidecars(self) -> tuple[Container, ...]:
        """All native sidecars of the new form, in start order."""
        return tuple(c for c in self.after.init_list if is_native(c))

    @property
    def grace(self) -> int:
        """Seconds between the Pod's end and SIGKILL."""
        seconds = self.after.termination_grace_period_seconds
        return DEFAULT_GRACE if seconds is None else seconds

    @cached_property
    def raised(self) -> tuple[tuple[Which, str, float, float], ...]:
        """What the plan makes the Pod ask for more: (requests or limits, resource, before, after)."""
        before, after = self.usage_before, self.usage_after
        pairs: tuple[tuple[Which, dict[str, float], dict[str, float]], ...] = (
            ("requests", before.requests, after.requests),
            ("limits", before.limits, after.limits),
        )
        return tuple(
            (which, name, old.get(name, 0.0), new[name])
            for which, old, new in pairs
            for name in sorted(new)
            if new[name] > old.get(name, 0.0) + 1e-9
        )

    def is_near(self, obj: Mapping[str, Any]) -> bool:
        """Whether an object is of the workload's namespace; one without a namespace (as in files) may be."""
        namespace = text(obj, "metadata", "namespace")
        return not namespace or not self.workload.namespace or namespace == self.workload.namespace

    def apps_beside(self, name: str) -> tuple[Container, ...]:
        """The containers that a helper could wait for in vain: those that start after it in the new form, other helpers too."""
        order = self.after.init_list
        at = next((i for i, c in enumerate(order) if c.name == name), -1)
        return (*(c for c in self.after.main_list if c.name != name), *order[at + 1 :])


RiskFunction = Callable[[Context], Iterator[Risk]]
