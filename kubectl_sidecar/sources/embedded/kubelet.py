"""The kubelet's part of the simulation: what each container of a Pod does, second by second, and the Pod status that follows.

A container's life is a value (`Run`) that each tick replaces; nothing here touches a cluster. The order of start and stop
is KEP-753's: plain init containers one after the other, a native sidecar lets the next one go once it was *seen* running
and started, then all regular containers; at the end the sidecars stop last, in reverse. Where a detail is a matter of
observation (an exit 0 of a sidecar never shows CrashLoopBackOff), it is as a real kubelet 1.35 did it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Object = dict[str, Any]
Role = Literal["init", "sidecar", "main"]

_FIRST_BACKOFF, _LONGEST_BACKOFF, _FORGIVEN_AFTER = 10.0, 300.0, 600.0
_PULL_RETRY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the program in a container does. Seconds count from its start; None means never."""

    exit_code: int = 0
    exits_after: float | None = None
    stops_after: float = 1.0
    """From SIGTERM to its end."""
    image_missing: bool = False
    never_ready: bool = False
    never_starts: bool = False
    """Its startupProbe never passes."""


Behaviours = Callable[[Mapping[str, Any], Mapping[str, Any]], Behaviour]
"""(Pod, container) -> what it does."""

ANNOTATION = "simulation/"
_PHRASES: Mapping[str, Callable[[re.Match[str]], Mapping[str, Any]]] = {
    r"exits (\d+) after ([\d.]+)": lambda m: {"exit_code": int(m[1]), "exits_after": float(m[2])},
    r"stops after ([\d.]+)": lambda m: {"stops_after": float(m[1])},
    r"image missing": lambda _: {"image_missing": True},
    r"never ready": lambda _: {"never_ready": True},
    r"never starts": lambda _: {"never_starts": True},
}


def annotated(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Behaviour:
    """The behaviour that the Pod's annotation `simulation/CONTAINER` says: phrases joined by commas, of `exits CODE after
    SECONDS`, `stops after SECONDS`, `image missing`, `never ready`, `never starts`. Without one: runs until it is told to
    stop. Raises ValueError for a phrase that is none of these."""
    text = ((pod.get("metadata") or {}).get("annotations") or {}).get(f"{ANNOTATION}{container.get('name')}") or ""
    found: dict[str, Any] = {}
    for phrase in filter(None, (part.strip() for part in text.split(","))):
        matches = ((re.fullmatch(pattern, phrase), make) for pattern, make in _PHRASES.items())
        hit = next(((match, make) for match, make in matches if match), None)
        if hit is None:
            raise ValueError(f'annotation {ANNOTATION}{container.get("name")}: "{phrase}" is no behaviour')
        found.update(hit[1](hit[0]))
    return Behaviour(**found)


@dataclass(frozen=True, slots=True)
class Ended:
    """A container's end."""

    code: int
    started: float
    finished: float

    @property
    def reason(self) -> str:
        return "Completed" if self.code == 0 else "Error"


@dataclass(frozen=True, slots=True)
class Run:
    """One container so far. Times are seconds of the simulation's clock."""

    state: Literal["waiting", "running", "ended"] = "waiting"
    reason: str = ""
    message: str = ""
    since: float = 0.0
    started: bool = False
    ready: bool = False
    restarts: int = 0
    passed: bool = False
    """The gate of its turn was passed once; it never closes again."""
    end: Ended | None = None
    last: Ended | None = None
    backoff: float = 0.0
    told_to_stop: float | None = None


@dataclass(slots=True)
class PodLife:
    """What the kubelet remembers of a Pod."""

    runs: dict[str, Run] = field(default_factory=dict)
    stopping_since: float | None = None
    done_since: float | None = None


def advance(pod: Mapping[str, Any], life: PodLife, now: float, behaviours: Behaviours) -> None:
    """One look at a Pod that is bound to a node: changes `life`."""
    kubelet = _Look(pod, life, now, behaviours)
    if life.stopping_since is not None:
        kubelet.stop()
    else:
        kubelet.run()


def all_ended(pod: Mapping[str, Any], life: PodLife) -> bool:
    """Whether no container of a Pod that is told to stop runs any more."""
    return all(life.runs.get(name, Run()).state != "running" for name, _, _ in containers_of(pod))


def containers_of(pod: Mapping[str, Any]) -> Iterator[tuple[str, Role, Mapping[str, Any]]]:
    """(name, role, container), initContainers first."""
    spec = pod.get("spec") or {}
    for container in spec.get("initContainers") or ():
        yield container["name"], "sidecar" if container.get("restartPolicy") == "Always" else "init", container
    for container in spec.get("containers") or ():
        yield container["name"], "main", container


class _Look:
    """One look of the kubelet at one Pod."""

    def __init__(self, pod: Mapping[str, Any], life: PodLife, now: float, behaviours: Behaviours) -> None:
        self.pod, self.life, self.now = pod, life, now
        self.spec: Mapping[str, Any] = pod.get("spec") or {}
        self.containers = list(containers_of(pod))
        self.behaviours = {name: behaviours(pod, container) for name, _, container in self.containers}
        for name, role, _ in self.containers:
            waits = "PodInitializing" if role != "main" or self.spec.get("initContainers") else "ContainerCreating"
            life.runs.setdefault(name, Run(reason=waits))

    def run(self) -> None:
        names = [name for name, role, _ in self.containers if role != "main"]
        for name in self.life.runs:
            self._age(name)
        if self._finish():
            return
        for name, role, container in self.containers:
            if role == "main":
                break
            if not self._gate(name, role, container):
                return
        if all(self.life.runs[name].passed for name in names):
            for name, role, container in self.containers:
                if role == "main":
                    self._keep(name, role, container)

    def _gate(self, name: str, role: Role, container: Mapping[str, Any]) -> bool:
        """Starts an init container or keeps a sidecar going; says whether what comes after it may start."""
        run = self.life.runs[name]
        if not run.passed:
            open_ = run.started and run.state == "running" if role == "sidecar" else bool(run.end and run.end.code == 0)
            if open_ and run.state != "waiting":
                self.life.runs[name] = run = replace(run, passed=True)
        if role == "sidecar" or not run.passed:
            self._keep(name, role, container)
        return self.life.runs[name].passed

    def _keep(self, name: str, role: Role, container: Mapping[str, Any]) -> None:
        run = self.life.runs[name]
        if run.state == "running":
            return
        if self.behaviours[name].image_missing:
            self.life.runs[name] = self._unpulled(run, container)
        elif run.end is None:
            self._start(name, container, run)
        elif self._restarts(role, run.end) and self.now - run.end.finished >= run.backoff:
            longer = min(max(run.backoff * 2, _FIRST_BACKOFF), _LONGEST_BACKOFF)
            if run.end.finished - run.end.started >= _FORGIVEN_AFTER:
                longer = 0.0
            self._start(name, container, replace(run, restarts=run.restarts + 1, last=run.end, backoff=longer))
        elif self._restarts(role, run.end) and run.backoff and not (role != "main" and run.end.code == 0):
            said = f"back-off {_go_duration(run.backoff)} restarting failed container={name} pod={self.pod['metadata']['name']}"
            self.life.runs[name] = replace(run, state="waiting", reason="CrashLoopBackOff", message=said, ready=False)

    def _restarts(self, role: Role, end: Ended) -> bool:
        policy = self.spec.get("restartPolicy", "Always")
        if role == "sidecar":
            return True
        if role == "init":
            return end.code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and end.code != 0)

    def _start(self, name: str, container: Mapping[str, Any], run: Run) -> None:
        run = replace(run, state="running", reason="", message="", since=self.now, end=None, started=False, ready=False)
        self.life.runs[name] = run
        if self.behaviours[name].exits_after == 0:  # dead before anyone looked
            self._age(name)
        elif not container.get("startupProbe"):
            self.life.runs[name] = replace(run, started=True, ready=self._ready(name, container, run))

    def _unpulled(self, run: Run, container: Mapping[str, Any]) -> Run:
        image = container.get("image")
        if container.get("imagePullPolicy") == "Never":
            said = f'Container image "{image}" is not present with pull policy of Never'
            return replace(run, state="waiting", reason="ErrImageNeverPull", message=said)
        if run.reason in ("ErrImagePull", "ImagePullBackOff") and self.now - run.since < _PULL_RETRY_SECONDS:
            said = f'Back-off pulling image "{image}"'
            return replace(run, reason="ImagePullBackOff", message=said)
        said = f'failed to pull and unpack image "{image}": not found'
        return replace(run, state="waiting", reason="ErrImagePull", message=said, since=self.now)

    def _age(self, name: str) -> None:
        """Lets a running container come to its own end, pass or fail its probes."""
        run, behaviour = self.life.runs[name], self.behaviours[name]
        if run.state != "running":
            return
        container = next(c for n, _, c in self.containers if n == name)
        limit = behaviour.exits_after
        if limit is None and self._role(name) == "init":
            limit = 1.0
        age = self.now - run.since
        if limit is not None and age >= limit:
            self._end(name, behaviour.exit_code)
            return
        probe = container.get("startupProbe")
        if probe and not run.started:
            period = probe.get("periodSeconds", 10)
            delay = probe.get("initialDelaySeconds", 0)
            if behaviour.never_starts or self._waits_for_another(name, probe):
                if age >= delay + period * probe.get("failureThreshold", 3):
                    self._end(name, 0 if behaviour.stops_after < self._grace else 137)  # killed, and it stops cleanly
                return
            if age < delay + max(1, period - 1):
                return
        self.life.runs[name] = replace(run, started=True, ready=self._ready(name, container, run))

    def _waits_for_another(self, name: str, probe: Mapping[str, Any]) -> bool:
        """Whether a startupProbe asks for a port that a container declares which does not run yet."""
        port = (probe.get("tcpSocket") or probe.get("httpGet") or {}).get("port")
        owners = [
            n
            for n, _, c in self.containers
            for p in c.get("ports") or ()
            if port in (p.get("containerPort"), p.get("name"))
        ]
        return bool(owners) and name not in owners and all(self.life.runs[n].state != "running" for n in owners)

    def _ready(self, name: str, container: Mapping[str, Any], run: Run) -> bool:
        if self.behaviours[name].never_ready:
            return False
        probe = container.get("readinessProbe")
        return not probe or self.now - run.since >= probe.get("initialDelaySeconds", 0) + 1

    def _role(self, name: str) -> Role:
        return next(role for n, role, _ in self.containers if n == name)

    def _end(self, name: str, code: int) -> None:
        run = self.life.runs[name]
        end = Ended(code, run.since, self.now)
        self.life.runs[name] = replace(run, state="ended", end=end, started=False, ready=False, told_to_stop=None)

    def _finish(self) -> bool:
        """Whether the regular containers are done for good; then the sidecars are told to stop, one after the other."""
        policy = self.spec.get("restartPolicy", "Always")
        mains = [self.life.runs[name] for name, role, _ in self.containers if role == "main"]
        inits = [self.life.runs[name] for name, role, _ in self.containers if role == "init"]
        init_failed = policy == "Never" and any(run.end and run.end.code for run in inits)
        mains_done = bool(mains) and all(run.end and not self._restarts("main", run.end) for run in mains)
        if not init_failed and not mains_done:
            return False
        if self.life.done_since is None:
            self.life.done_since = self.now
        self._stop_in_turn(
            [name for name, role, _ in reversed(self.containers) if role == "sidecar"], self.life.done_since
        )
        return True

    def stop(self) -> None:
        """A deleted Pod: regular containers together, then the sidecars in reverse, all within the grace period."""
        since = self.life.stopping_since or 0.0
        mains = [name for name, role, _ in self.containers if role != "sidecar"]
        self._stop_together(mains, since)
        if all(self.life.runs[name].state != "running" for name in mains):
            self._stop_in_turn([name for name, role, _ in reversed(self.containers) if role == "sidecar"], since)
        elif self.now - since >= self._grace:
            self._stop_together([name for name, _, _ in self.containers], since)

    @property
    def _grace(self) -> float:
        deletion = (self.pod.get("metadata") or {}).get("deletionGracePeriodSeconds")
        return float(deletion if deletion is not None else self.spec.get("terminationGracePeriodSeconds", 30))

    def _stop_together(self, names: Sequence[str], since: float) -> None:
        for name in names:
            self._stop_one(name, since)

    def _stop_in_turn(self, names: Sequence[str], since: float) -> None:
        for name in names:
            self._stop_one(name, since)
            if self.life.runs[name].state == "running" and self.now - since < self._grace:
                return

    def _stop_one(self, name: str, since: float) -> None:
        run = self.life.runs[name]
        if run.state != "running":
            return
        told = self.now if run.told_to_stop is None else run.told_to_stop
        self.life.runs[name] = replace(run, told_to_stop=told)
        if self.now - told >= self.behaviours[name].stops_after:
            self._end(name, 0)
        elif self.now - max(told, since) >= self._grace or (self.now - since >= self._grace and self.now - told >= 2):
            self._end(name, 137)


def _go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
