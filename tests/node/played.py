"""Classic workloads that the API server keeps, the tool's plan for each as read from there, and Pods of both forms on the node.

A workload runs nothing itself (no replicas, or suspended): its Pods are made from the plan's Pod spec before and after, so what
runs is what the server stored, with its defaults, and what a migration would make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_sidecar.actions.migrate import Prepared
from tests.cluster.desk import Desk, problems, risks
from tests.cluster.processes import eventually
from tests.node.manifests import Form, Manifest, job_of, pod
from tests.node.node import Node
from tests.node.scenes import Watched, run
from tests.node.test_node import job_conditions


@dataclass(frozen=True)
class Play:
    """A classic Pod spec and the forms that run. `helpers` move, wherever `place` says; with `job` it is a CronJob whose Job
    has these fields too. `around` are objects beside it."""

    spec: Manifest
    forms: tuple[Form, ...] = ("native",)
    helpers: tuple[str, ...] = ("helper",)
    place: Mapping[str, str] = field(default_factory=dict)
    job: Mapping[str, Any] | None = None
    around: tuple[Manifest, ...] = ()
    copies: int = 1
    """So many native Pods."""

    @property
    def kind(self) -> str:
        return "deployment" if self.job is None else "cronjob"

    def workload(self, name: str) -> Manifest:
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": self.spec}
        if self.job is None:
            body: Manifest = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
            return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}
        run = {"spec": {"backoffLimit": 0, **self.job, "template": template}}
        body = {"schedule": "0 3 1 1 *", "suspend": True, "jobTemplate": run}
        return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": body}


@dataclass(frozen=True)
class Played:
    """The plays of one namespace, by name: what the tool said and what runs."""

    desk: Desk
    node: Node
    plays: Mapping[str, Play]
    prepared: Mapping[str, Prepared]

    def risks(self, name: str) -> dict[str, str]:
        return risks(self.prepared[name])

    def problems(self, name: str) -> set[str]:
        return problems(self.prepared[name])

    def text(self, name: str, id: str) -> str:
        """What the plan says of a risk."""
        return " ".join(risk.text for risk in self.prepared[name].plan.risks if risk.id == id)

    def __call__(self, name: str, form: Form = "native", copy: int = 0) -> Watched:
        """The Pod of a play, or its Job."""
        end = f"-{copy}" if copy else ""
        whole = f"{self.desk.namespace}-{name}-{form}{end}"
        return Watched(self.desk.cluster, self.node.shared, self.desk.namespace, whole)

    def copies(self, name: str) -> list[Watched]:
        """All native Pods of a play."""
        return [self(name, "native", copy) for copy in range(self.plays[name].copies)]

    def of_job(self, name: str, form: Form = "native") -> Watched:
        """The one Pod of a play's Job."""
        job = self(name, form)

        def pods() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = job.cluster.get(
                "pods", "-l", f"job-name={job.name}", namespace=job.namespace
            )["items"]
            return found

        (only,) = eventually(pods, what=f"{job.name} has a Pod")
        return replace(job, name=only["metadata"]["name"])

    def conditions(self, name: str, form: Form) -> set[str]:
        """What is true of a play's Job: Complete, Failed."""
        return job_conditions(self.desk.cluster, self.desk.namespace, self(name, form).name)

    def until_job(self, name: str, form: Form, condition: str) -> None:
        what = f"the {form} Job of {name} is {condition}"
        eventually(lambda: condition in self.conditions(name, form), what=what, timeout=90)

    def delete(self, *pods: Watched, wait: bool = True) -> None:
        names = [each.name for each in pods]
        words = ("delete", "pod", *names, "-n", self.desk.namespace, f"--wait={str(wait).lower()}", "--timeout=120s")
        self.desk.cluster.kubectl(*words)


def play(desk: Desk, node: Node, plays: Mapping[str, Play]) -> Played:
    """Stores the workloads, asks the tool about each, and starts the Pods."""
    run(desk.cluster, desk.namespace, *(obj for play in plays.values() for obj in play.around))
    run(desk.cluster, desk.namespace, *(play.workload(name) for name, play in plays.items()))
    prepared = {
        name: desk.prepare(
            play.kind, name, containers=dict.fromkeys(play.helpers, "sidecar") | {"main": "main"}, place=play.place
        )
        for name, play in plays.items()
    }
    played = Played(desk, node, plays, prepared)
    run(desk.cluster, desk.namespace, *(made for name in plays for made in _pods(played, name)))
    return played


def _pods(played: Played, name: str) -> list[Manifest]:
    made, play, plan = [], played.plays[name], played.prepared[name].plan
    for form in play.forms:
        spec = dict((plan.after if form == "native" else plan.before)["spec"])
        for copy in range(play.copies if form == "native" else 1):
            called = played(name, form, copy).name
            made.append(pod(called, spec) if play.job is None else job_of(called, spec, **play.job))
            made[-1]["metadata"]["labels"] = {"app": name}
    return made
