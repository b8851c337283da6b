"""What a migration makes of each problem of today, without promising too much: it is removed, or only narrowed, or it stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kubectl_sidecar.core.plan import Relocation, Removal
from kubectl_sidecar.core.pod.hooks import pre_stop_effect
from kubectl_sidecar.core.pod.placement import final_order
from kubectl_sidecar.core.pod.reach import need
from kubectl_sidecar.core.pod.resources import is_native
from kubectl_sidecar.core.problems import Problem
from kubectl_sidecar.core.workload import Workload


def removal(
    problem: Problem, relocation: Relocation, workload: Workload, relocations: Sequence[Relocation] = ()
) -> Removal:
    """What becomes of a problem when its helper moves. `relocations` are all of the plan (or only this one). Without a
    startupProbe the start race is narrowed at best: "running" is all that the app waits for."""
    return _REMOVALS[problem.id](problem, relocation, workload, relocations or (relocation,))


def _start_removed(problem: Problem, relocation: Relocation, workload: Workload, all_: Sequence[Relocation]) -> Removal:
    name, container = problem.container, relocation.container
    if relocation.probe or container.startup_probe:
        return Removal(problem, "removed", f"the app starts only when the startupProbe of {name} has passed")
    if container.post_start:
        return Removal(
            problem,
            "narrowed",
            f"{name} starts first, and the app waits for its postStart hook; whether it is ready then, no startupProbe says",
        )
    return Removal(
        problem, "narrowed", f"{name} starts first, but the app does not wait until it is ready: it has no startupProbe"
    )


def _stop_removed(problem: Problem, relocation: Relocation, workload: Workload, all_: Sequence[Relocation]) -> Removal:
    name = problem.container
    effect = pre_stop_effect(relocation.container, relocation.finding.recipe)
    if effect == "exit":
        return Removal(
            problem,
            "stays",
            f"the preStop hook of {name} ends it as soon as the Pod's end begins, while the app still runs",
        )
    if effect == "revoke":
        return Removal(
            problem,
            "stays",
            f"the preStop hook of {name} revokes what the app still uses, as soon as the Pod's end begins",
        )
    return Removal(problem, "removed", f"{name} gets SIGTERM only when the app has ended")


def _job_removed(problem: Problem, relocation: Relocation, workload: Workload, all_: Sequence[Relocation]) -> Removal:
    return Removal(
        problem,
        "removed",
        f"the Job is complete when its own containers have ended; {problem.container} gets SIGTERM then",
    )


def _init_removed(problem: Problem, relocation: Relocation, workload: Workload, all_: Sequence[Relocation]) -> Removal:
    inits = workload.spec.init_list
    order = list(final_order([c.name for c in inits], {r.finding.name: r.target for r in all_}))
    late = [
        c.name
        for c in inits
        if not is_native(c) and need(c, relocation.container) and order.index(c.name) < relocation.target
    ]
    if late:
        return Removal(problem, "stays", f"{problem.container} still comes after {late[0]}")
    gate = (
        "when its startupProbe has passed" if relocation.probe or relocation.container.startup_probe else "once it runs"
    )
    return Removal(problem, "removed", f"{problem.container} comes before it, and it starts {gate}")


def _declared(problem: Problem, relocation: Relocation, workload: Workload, all_: Sequence[Relocation]) -> Removal:
    return Removal(problem, "removed", f"{problem.container} becomes a native sidecar")


_REMOVALS: Mapping[str, Callable[[Problem, Relocation, Workload, Sequence[Relocation]], Removal]] = {
    "start-race": _start_removed,
    "stop-race": _stop_removed,
    "job-never-completes": _job_removed,
    "job-kill-switch": _job_removed,
    "init-needs-helper": _init_removed,
    "mis-declared-sidecar": _declared,
}
