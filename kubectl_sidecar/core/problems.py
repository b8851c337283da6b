"""What the classic form does wrong in a workload today. What a migration makes of it, planning/removal.py says.

One function per problem in `PROBLEMS`; rules/ has a page for each. Only helpers that are certainly or likely ones have
problems: what nobody is sure of is asked about, not complained about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.classification.past import Pasts, seen_of
from kubectl_sidecar.core.pod.reach import calls, command_text, need, same_file
from kubectl_sidecar.core.pod.resources import is_native
from kubectl_sidecar.core.pod.scripts import files_that_end_it, makes
from kubectl_sidecar.core.recipes.globs import quoted
from kubectl_sidecar.core.recipes.patterns import any_fits
from kubectl_sidecar.core.workload import Container, Workload


class Problem(msgspec.Struct, frozen=True, gc=False):
    """What the classic form does wrong in this workload today. `container` is the helper; `text` one sentence that names it."""

    id: str
    container: str
    text: str
    seen: tuple[str, ...] = ()
    """What live Pods did that shows it, one sentence each."""


_JOBS = ("Job", "CronJob")


def problems(workload: Workload, findings: Sequence[Finding], pasts: Pasts = ()) -> tuple[Problem, ...]:
    """The problems of each classic sidecar that is certainly or likely one, helper by helper. `pasts` is what live Pods did."""
    found: list[Problem] = []
    mains = ""
    rules = _OF_JOBS if workload.kind.name in _JOBS else _OF_OTHERS
    for finding in findings:
        container = _container(workload, finding)
        if container is None or not (_classic(finding) or container.restart_policy):
            continue
        mains = mains or _mains(findings)
        for rule in rules:
            found += rule(workload, finding, container, mains)
    return tuple(_with_seen(problem, workload, findings, pasts) for problem in found) if pasts else tuple(found)


def _with_seen(problem: Problem, workload: Workload, findings: Sequence[Finding], pasts: Pasts) -> Problem:
    helper = next(c for f in findings if f.name == problem.container and (c := _container(workload, f)) is not None)
    clients = [c.name for c in workload.spec.init_list if not is_native(c) and need(c, helper) is not None]
    others = clients if problem.id == "init-needs-helper" else _main_names(findings)
    seen = seen_of(problem.id, problem.container, others, pasts)
    return msgspec.structs.replace(problem, seen=seen) if seen else problem


def _container(workload: Workload, finding: Finding) -> Container | None:
    regular = workload.spec.main_list
    if finding.list != "containers":
        return None
    return (
        regular[finding.index] if finding.index < len(regular) else Container(name=finding.name)
    )  # injected: not in the template


def _classic(finding: Finding) -> bool:
    return finding.role == "sidecar" and finding.confidence != "possible" and finding.list == "containers"


def _main_names(findings: Sequence[Finding]) -> list[str]:
    regular = [f for f in findings if f.list == "containers"]
    return [f.name for f in regular if f.role in ("main", "peer")] or [f.name for f in regular if f.role != "sidecar"]


def _mains(findings: Sequence[Finding]) -> str:
    mains = _main_names(findings)
    return " and ".join(mains) if 0 < len(mains) <= 2 else f"{len(mains)} other containers" if mains else "the app"


def start_race(workload: Workload, finding: Finding, container: Container, mains: str) -> Sequence[Problem]:
    """Regular containers start together, in no order that anything could rely on."""
    return _start_race(finding.name, mains, *_kind(finding)) if _classic(finding) else ()


def stop_race(workload: Workload, finding: Finding, container: Container, mains: str) -> Sequence[Problem]:
    """Regular containers get SIGTERM together. In a Job that ends by itself nobody is told to stop, so nothing races."""
    if not _classic(finding) or workload.kind.name in _JOBS:
        return ()
    return _stop_race(finding.name, mains, *_kind(finding))


# Helpers of one kind beside apps of one name are many in a cluster, and so each of their problems is there once.
@lru_cache(maxsize=4096)
def _start_race(name: str, mains: str, place: str, traffic: str) -> Sequence[Problem]:
    text = f"{name} may start after {mains}: {_lost(place, traffic, _START, mains)}"
    return (Problem("start-race", name, text),)


@lru_cache(maxsize=4096)
def _stop_race(name: str, mains: str, place: str, traffic: str) -> Sequence[Problem]:
    text = f"{name} and {mains} are told to stop at once: {_lost(place, traffic, _STOP, mains)} when {name} is faster"
    return (Problem("stop-race", name, text),)


def job_never_completes(workload: Workload, finding: Finding, container: Container, mains: str) -> Sequence[Problem]:
    """A Job ends when all regular containers have ended. Where something tells the helper to end, that is all that it hangs on."""
    if not _hangs_on(workload, finding, container) or kill_switch(workload, finding, container, ()):
        return ()
    text = f"{finding.name} does not end by itself, so the Job is never complete after {mains} is done"
    return (Problem("job-never-completes", finding.name, text),)


def job_kill_switch(workload: Workload, finding: Finding, container: Container, mains: str) -> Sequence[Problem]:
    """The Job ends because the app ends its helper. When the app crashes first, it does not."""
    switch = kill_switch(workload, finding, container, ()) if _hangs_on(workload, finding, container) else ""
    if not switch:
        return ()
    text = f"the Job ends only because {switch}; when that is not reached, it never does"
    return (Problem("job-kill-switch", finding.name, text),)


def mis_declared(workload: Workload, finding: Finding, container: Container, mains: str) -> Sequence[Problem]:
    """restartPolicy: Always on a regular container, accepted from Kubernetes 1.35, looks like a native sidecar and is none."""
    if container.restart_policy != "Always" or finding.injected or finding.role == "main":
        return ()
    text = f"{finding.name} has restartPolicy: Always in containers, which makes it no sidecar: it has no order, and a Job with it never completes"
    return (Problem("mis-declared-sidecar", finding.name, text),)


def init_needs_helper(workload: Workload, finding: Finding, container: Container, mains: str) -> Sequence[Problem]:
    """A plain init container runs before every regular container, so it cannot reach one."""
    inits = workload.spec.init_list
    if not inits or not _classic(finding) or finding.injected:
        return ()
    found = []
    for init in inits:
        port = need(init, container)
        if port is not None and not is_native(init):
            text = f"init container {init.name} points at localhost:{port}, but {finding.name} starts only after all init containers"
            found.append(Problem("init-needs-helper", finding.name, text))
    return found


Rule = Callable[[Workload, Finding, Container, str], Sequence[Problem]]
"""(workload, finding, its container, how the apps beside it are called in a sentence)"""
PROBLEMS: Mapping[str, Rule] = {
    "start-race": start_race,
    "stop-race": stop_race,
    "job-never-completes": job_never_completes,
    "job-kill-switch": job_kill_switch,
    "init-needs-helper": init_needs_helper,
    "mis-declared-sidecar": mis_declared,
}
_OF_JOBS = tuple(PROBLEMS.values())
_OF_OTHERS = tuple(rule for id, rule in PROBLEMS.items() if not id.startswith("job-"))


def _hangs_on(workload: Workload, finding: Finding, container: Container) -> bool:
    """Whether it is the classic sidecar of a Job, and nothing of itself lets it end."""
    return workload.kind.name in _JOBS and _classic(finding) and not _ends_by_itself(finding, container)


def kill_switch(workload: Workload, finding: Finding, container: Container, findings: Sequence[Finding]) -> str:
    """How the app ends this helper, as the rest of "only because …"; '' where nothing is seen."""
    own = command_text(container)
    for other in workload.spec.main_list:
        if other.name == finding.name:
            continue
        text = command_text(other)
        paths = finding.recipe.quit_endpoints if finding.recipe else ()
        endpoint = next((p for p in paths if p in text and calls(text, p, container, workload.spec.main_list)), "")
        if endpoint:
            return f"{other.name} calls {endpoint}"
        file = next((f for f in files_that_end_it(own) if makes(text, same_file(f, container, other))), "")
        if file:
            return f"{other.name} makes the file {quoted(file)}, which {finding.name} waits for"
        if workload.spec.share_process_namespace and kills(text, finding, container):
            return f"{other.name} kills the processes of {finding.name}"
    return ""


_KILL = re.compile(r"\b(?:pkill|killall|kill) (?![^;&|\n]{0,40}-(?:s +)?(?:SIG)?(?:HUP|USR[12]|CONT|WINCH|0)\b)")
"""With a signal that ends a process: not a reload, and not the question whether it is there."""


def kills(text: str, finding: Finding, container: Container) -> bool:
    """Whether a command line kills the processes of this helper, as far as it names them."""
    killed = _KILL.search(text)
    if killed is None:
        return False
    after = text[killed.end() :]
    program = (container.image or "").partition("@")[0].rpartition("/")[2].partition(":")[0]
    return any(word and word in after for word in (finding.name, finding.family, program))


def _ends_by_itself(finding: Finding, container: Container) -> bool:
    return bool(finding.recipe and any_fits(finding.recipe.one_shot, container))


def _kind(finding: Finding) -> tuple[str, str]:
    recipe = finding.recipe
    return (recipe.placement.place, recipe.traffic) if recipe else ("other", "none")


def _lost(place: str, traffic: str, words: Mapping[str, str], app: str) -> str:
    """What a race costs the app with this kind of helper."""
    key = place if place in words and place != "other" else traffic if traffic in words else "other"
    return words[key].replace("{app}", app)


_START: Mapping[str, str] = {
    "log-shipper": "the first lines of {app} can be lost",
    "config-sync": "{app} may start before its configuration or content is there",
    "secrets": "{app} may start before its secrets are there",
    "identity": "{app} may start before its identity is there",
    "telemetry": "what it measures of {app} at first can be lost",
    "inbound": "requests can arrive before both are ready",
    "outbound": "the first calls of {app} through it can fail",
    "other": "what {app} needs of it at the start may not be there yet",
}
_STOP: Mapping[str, str] = {
    "log-shipper": "the last lines of {app} are lost",
    "config-sync": "{app} misses the last changes",
    "secrets": "{app} misses the last renewals",
    "identity": "{app} drains without its identity",
    "telemetry": "the last data of {app} is lost",
    "inbound": "requests in flight are cut off",
    "outbound": "the last calls of {app} through it fail",
    "other": "{app} drains without it",
}
