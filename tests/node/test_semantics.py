"""What each risk of order, deadlock, restart and end rests on, seen on a real kubelet, beside what the plan says of it.

A scene is one classic Pod. Its native form is the plan's own, so what runs on the node is what a migration would make. The
test asserts that the plan names the risk for the dangerous scene and does not for its harmless twin, and that both Pods do what
was said. Pods that take long are started together, before the first test; the tests that look at them are the last ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kubectl_sidecar.core.facts import Facts, Unknown
from kubectl_sidecar.core.plan import Plan
from kubectl_sidecar.core.planner import PlanOptions
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import eventually, steadily
from tests.core.judging import KNOWN, plan, pod_object
from tests.node.manifests import (
    REST,
    Event,
    Form,
    Manifest,
    container,
    draining,
    job_of,
    on_the_node,
    pod,
    read_events,
    recording,
)
from tests.node.node import Node
from tests.node.test_node import job_conditions


@dataclass(frozen=True)
class Scene:
    """A classic Pod spec, the names of its helpers, and how the migration is asked for; of a Job, more of its spec."""

    spec: Manifest
    helpers: tuple[str, ...] = ("helper",)
    place: Mapping[str, str] | None = None
    job: Mapping[str, Any] | None = None
    facts: Facts = KNOWN

    def plan(self, facts: Facts | None = None) -> Plan:
        """What the tool plans for it, as a CronJob or a Deployment."""
        kind = "Deployment" if self.job is None else "CronJob"
        top = None if self.job is None else dict(self.job)
        spec = {key: value for key, value in self.spec.items() if key not in ("containers", "initContainers")}
        obj = pod_object(*self.spec["containers"], kind=kind, init=self.spec["initContainers"], spec=spec, top=top)
        return plan(obj, dict.fromkeys(self.helpers), facts or self.facts, PlanOptions(place=self.place or {}))

    def risks(self, facts: Facts | None = None) -> dict[str, str]:
        """The risks that the plan names, with their severity."""
        return {risk.id: risk.severity for risk in self.plan(facts).risks}

    def manifest(self, name: str, form: Form) -> Manifest:
        planned = self.plan()
        spec = dict((planned.after if form == "native" else planned.before)["spec"])
        return pod(name, spec) if self.job is None else job_of(name, spec, **self.job)


def run(cluster: ControlPlane, namespace: str, *manifests: Manifest) -> None:
    """Creates all of them with one call."""
    made = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    cluster.kubectl("create", "-n", namespace, "-f", "-", input=json.dumps(made))


@dataclass(frozen=True)
class Watched:
    """One Pod, by what its containers wrote and what the API server says of it."""

    cluster: ControlPlane
    shared: Path
    namespace: str
    name: str

    def events(self) -> list[Event]:
        return read_events(self.shared, self.name)

    def times(self, container: str, event: str) -> list[float]:
        """When a container wrote an event, in seconds."""
        return [e.uptime for e in self.events() if (e.container, e.event) == (container, event)]

    def at(self, container: str, event: str) -> float:
        """When it wrote that for the first time."""
        times = self.times(container, event)
        assert times, f"{container} of {self.name} never wrote {event}: {self.events()}"
        return times[0]

    def until(self, container: str, event: str, *, times: int = 1, timeout: float = 40) -> None:
        """Waits until the container wrote the event so often."""
        what = f"{container} of {self.name} wrote {event} {times} times"
        eventually(lambda: len(self.times(container, event)) >= times, what=what, timeout=timeout)

    def object(self) -> dict[str, Any]:
        return self.cluster.get("pod", self.name, namespace=self.namespace)

    def status(self, container: str) -> dict[str, Any]:
        """The container's status, in whichever list it is; empty while there is none."""
        status = self.object().get("status", {})
        entries = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
        return next((dict(entry) for entry in entries if entry["name"] == container), {})

    def waiting(self, container: str) -> str:
        """The reason for which it waits; empty while it does not."""
        return str(self.status(container).get("state", {}).get("waiting", {}).get("reason", ""))

    def end(self) -> None:
        """Deletes the Pod and waits until it is gone."""
        self.cluster.kubectl("delete", "pod", self.name, "-n", self.namespace, "--wait=true", "--timeout=60s")


@dataclass(frozen=True)
class Stage:
    """Where a test's Pods run."""

    cluster: ControlPlane
    shared: Path
    namespace: str
    node: str

    def pod(self, name: str) -> Watched:
        return Watched(self.cluster, self.shared, self.namespace, f"{self.namespace}-{name}")

    def start(self, **scenes: tuple[Scene, Form]) -> list[Watched]:
        """Runs the scenes; a Pod's name is unique on the node, since its record is."""
        pods = [self.pod(name.replace("_", "-")) for name in scenes]
        manifests = (s.manifest(p.name, form) for p, (s, form) in zip(pods, scenes.values(), strict=True))
        run(self.cluster, self.namespace, *manifests)
        return pods

    def end(self, *pods: Watched) -> None:
        """Deletes the Pods at once and waits until all are gone."""
        names = [p.name for p in pods]
        self.cluster.kubectl("delete", "pod", *names, "-n", self.namespace, "--wait=true", "--timeout=60s")


@pytest.fixture
def stage(cluster: ControlPlane, node: Node, namespace: str) -> Stage:
    return Stage(cluster, node.shared, namespace, node.name)


def seen(*pods: Watched) -> Facts:
    """What the tool knows when these are a workload's live Pods."""
    return replace(KNOWN, pods=tuple(p.object() for p in pods))


class Parts:
    """Containers of the scenes."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared

    def main(self, script: str = draining(0), name: str = "main", **fields: Any) -> Manifest:
        return {**container(name, script, shared=self.shared), **fields}

    def helper(self, script: str = draining(0), name: str = "helper", **fields: Any) -> Manifest:
        return {**container(name, script, shared=self.shared), **fields}

    def spec(self, *containers: Manifest, **fields: Any) -> Manifest:
        return on_the_node(*containers, shared=self.shared, **fields)

    def scene(self, *containers: Manifest, **fields: Any) -> Scene:
        return Scene(self.spec(*containers, **fields))


@pytest.fixture
def parts(node: Node) -> Parts:
    return Parts(node.shared)


SLOW_START = recording("sleep 3\nrecord ready\ntouch /tmp/ready\n" + REST)
AT_ONCE = recording("record ready\ntouch /tmp/ready\n" + REST)
READY = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "failureThreshold": 60}


def burning_scenes(shared: Path) -> dict[str, tuple[Scene, Form]]:
    """The scenes that take long, by name."""
    p = Parts(shared)
    crashing = p.helper(recording("sleep 2\nexit 1"))
    # crashes while the helper is in the back-off after its third life
    third = 'until [ "$(grep -c "helper begin" "$SHARED/$POD")" -ge 3 ]; do sleep 0.2; done\n'
    short_lived = p.main(recording(f"{third}sleep 4\nrecord crash\nexit 1"))
    ending = p.helper(recording("sleep 1\nexit 0"))
    absent = p.helper(command=["/no/such/program"])
    coupled = p.scene(short_lived, crashing)
    beside = p.scene(short_lived, p.main(name="other"), crashing)
    work = p.main(recording("sleep 4\nrecord end"))
    failing = Scene(
        p.spec(work, p.helper(recording("sleep 1\nexit 1")), restartPolicy="Never"), job={"backoffLimit": 0}
    )
    counted = Scene(
        p.spec(p.main(recording("sleep 40\nrecord end")), ending, restartPolicy="OnFailure"), job={"backoffLimit": 1}
    )
    own_code = p.helper(recording("trap 'exit 143' TERM\n" + REST))
    seven = p.main(recording("sleep 2\nexit 7"))

    def judged_by(**codes: Any) -> Scene:
        rule = {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0, 7], **codes}}
        return Scene(
            p.spec(seven, own_code, restartPolicy="Never"),
            job={"backoffLimit": 0, "podFailurePolicy": {"rules": [rule]}},
        )

    sleeping = p.helper(ports=[{"containerPort": 9000}], lifecycle={"preStop": {"sleep": {"seconds": 8}}})
    drained = Scene(p.spec(work, sleeping, restartPolicy="Never", terminationGracePeriodSeconds=20), job={})

    def probed(port: int) -> Scene:
        probe = {"tcpSocket": {"port": port}, "periodSeconds": 1, "failureThreshold": 2}
        main = p.main("httpd -p 8080\n" + draining(0), ports=[{"containerPort": 8080}])
        helper = p.helper("httpd -p 9090\n" + draining(0), livenessProbe=probe)
        setup = p.helper(recording("sleep 12"), name="setup")
        return Scene(p.spec(main, helper, init=[setup]), place={"helper": "first"})

    return {
        "liveness-app": (probed(8080), "native"),
        "liveness-own": (probed(9090), "native"),
        "job-policy": (judged_by(), "native"),
        "job-policy-named": (judged_by(containerName="main"), "native"),
        "job-sleep-goes": (drained, "native"),
        "job-sleep-stays": (
            replace(drained, facts=replace(KNOWN, services=Unknown("no right to read them"))),
            "native",
        ),
        "coupled-classic": (coupled, "classic"),
        "coupled-native": (coupled, "native"),
        "beside-native": (beside, "native"),
        "ending-classic": (p.scene(p.main(), ending), "classic"),
        "ending-native": (p.scene(p.main(), ending), "native"),
        "absent-classic": (p.scene(p.main(), absent), "classic"),
        "absent-native": (p.scene(p.main(), absent), "native"),
        "healthy-classic": (p.scene(p.main(), p.helper()), "classic"),
        "job-failing-classic": (failing, "classic"),
        "job-failing-native": (failing, "native"),
        "job-counted-native": (counted, "native"),
        "job-counted-classic": (counted, "classic"),
    }


@dataclass(frozen=True)
class Burning:
    """The Pods that were started before the first test."""

    stage: Stage
    scenes: Mapping[str, tuple[Scene, Form]]

    def __getitem__(self, name: str) -> Watched:
        return self.stage.pod(name)

    def until_job(self, name: str, condition: str) -> None:
        """Waits until the scene's Job has the condition."""
        stage, job = self.stage, self[name].name
        eventually(
            lambda: condition in job_conditions(stage.cluster, stage.namespace, job),
            what=f"{job} is {condition}",
            timeout=60,
        )

    def pod_of(self, name: str) -> Watched:
        """The one Pod of a scene's Job."""
        job = self[name]
        (pod,) = self.stage.cluster.get("pods", "-l", f"job-name={job.name}", namespace=job.namespace)["items"]
        return replace(job, name=pod["metadata"]["name"])

    def risks(self, name: str, facts: Facts | None = None) -> dict[str, str]:
        return self.scenes[name][0].risks(facts)


@pytest.fixture(scope="module", autouse=True)
def burning(cluster: ControlPlane, node: Node) -> Iterator[Burning]:
    with cluster.namespace("long") as namespace:
        stage = Stage(cluster, node.shared, namespace, node.name)
        scenes = burning_scenes(node.shared)
        stage.start(**{name.replace("-", "_"): scene for name, scene in scenes.items()})
        yield Burning(stage, scenes)


def test_sidecars_stop_in_reverse_one_by_one_and_their_pre_stop_hooks_run_at_once(stage: Stage, parts: Parts) -> None:
    hook = {"preStop": {"exec": {"command": ["sh", "-c", recording("record hook").replace("record begin\n", "")]}}}
    helpers = [parts.helper(draining(1), name=name, lifecycle=hook) for name in ("first", "second", "third")]
    scene = Scene(
        parts.spec(parts.main(draining(3)), *helpers, terminationGracePeriodSeconds=40), ("first", "second", "third")
    )
    native, classic = stage.start(native=(scene, "native"), classic=(scene, "classic"))
    for each in (native, classic):
        for name in ("main", "first", "second", "third"):
            each.until(name, "begin")
    stage.end(native, classic)

    assert max(native.at(name, "hook") for name in ("first", "second", "third")) < native.at("main", "end")
    ends = [(native.at(name, "stopping"), native.at(name, "end")) for name in ("main", "third", "second", "first")]
    assert [time for pair in ends for time in pair] == sorted(time for pair in ends for time in pair)
    told = [name for step in scene.plan().timeline_after.stop for name in step.containers]
    assert told == sorted(told, key=lambda name: native.at(name, "stopping")), "the plan's timeline says the same"
    assert all(classic.at(name, "end") < classic.at("main", "end") for name in ("first", "second", "third"))
    assert "grace-period" not in scene.risks()


def test_a_pre_stop_hook_that_ends_the_helper_ends_it_before_the_app(stage: Stage, parts: Parts) -> None:
    def ended_by(script: str) -> Scene:
        hook = {"preStop": {"exec": {"command": ["sh", "-c", script]}}}
        return parts.scene(parts.main(draining(3)), parts.helper(lifecycle=hook), terminationGracePeriodSeconds=30)

    killing, harmless = ended_by("kill -TERM 1"), ended_by("echo going > /tmp/note")
    assert "pre-stop-ends-helper" in killing.risks()
    assert "pre-stop-ends-helper" not in harmless.risks()

    pods = stage.start(killing=(killing, "native"), harmless=(harmless, "native"))
    for each in pods:
        each.until("main", "begin")
    stage.end(*pods)
    assert pods[0].at("helper", "end") < pods[0].at("main", "end")
    assert pods[1].at("helper", "end") > pods[1].at("main", "end")
    assert len(pods[0].times("helper", "begin")) == 1, "it is not started again"


def spreads_no_probes(stage: Stage) -> bool:
    """A kubelet that has just started delays a first probe by a random part of its period (pkg/kubelet/prober/worker.go)."""
    (node,) = (
        n for n in stage.cluster.get("nodes", namespace="default")["items"] if n["metadata"]["name"] == stage.node
    )
    begin = datetime.fromisoformat(node["metadata"]["creationTimestamp"])
    return (datetime.now(UTC) - begin).total_seconds() > 12


def test_a_startup_probe_gates_and_running_alone_does_not(stage: Stage, parts: Parts) -> None:
    plain = parts.scene(parts.main(), parts.helper(SLOW_START))
    gated = parts.scene(parts.main(), parts.helper(SLOW_START, startupProbe={**READY, "periodSeconds": 1}))
    slow = parts.scene(parts.main(), parts.helper(AT_ONCE, startupProbe=READY))
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "sleep 3"]}}}
    hooked = parts.scene(parts.main(), parts.helper(lifecycle=hook))

    assert "startup-probe-slow" in slow.risks()
    assert "startup-probe-slow" not in gated.risks() | plain.risks()
    effects = {name: [r.effect for r in s.plan().removals if r.problem.id == "start-race"] for name, s in
               {"plain": plain, "gated": gated}.items()}  # fmt: skip
    assert all(effect != "removed" for effect in effects["plain"])

    eventually(partial(spreads_no_probes, stage), what="the kubelet runs for longer than a probe's default period")
    pods = stage.start(
        plain=(plain, "native"), gated=(gated, "native"), slow=(slow, "native"), hooked=(hooked, "native"),
        classic=(gated, "classic"),
    )  # fmt: skip
    for each in pods:
        each.until("main", "begin")
    for each in (pods[0], pods[4]):
        each.until("helper", "ready")
    at_once, after_probe, late, after_hook, classic = pods
    assert at_once.at("helper", "begin") < at_once.at("main", "begin") < at_once.at("helper", "ready")
    assert after_probe.at("helper", "ready") < after_probe.at("main", "begin")
    assert late.at("main", "begin") - late.at("helper", "ready") > 5, "asked only every 10 s"
    assert after_hook.at("main", "begin") - after_hook.at("helper", "begin") > 2.9
    assert classic.at("main", "begin") < classic.at("helper", "ready")


def test_when_the_grace_period_is_used_up_helpers_get_two_seconds_together(stage: Stage, parts: Parts) -> None:
    deaf = recording("trap '' TERM\nwhile :; do sleep 1; done")
    helpers = (parts.helper(draining(4), name="first"), parts.helper(draining(4), name="second"))
    names = ("first", "second")
    starved = Scene(parts.spec(parts.main(deaf), *helpers, terminationGracePeriodSeconds=6), names)
    enough = Scene(parts.spec(parts.main(draining(0)), *helpers, terminationGracePeriodSeconds=40), names)
    assert "grace-period" in starved.risks()
    assert "grace-period" not in enough.risks()

    starving, classic, well = pods = stage.start(
        starved=(starved, "native"), classic=(starved, "classic"), enough=(enough, "native")
    )
    for each in pods:
        for name in ("main", *names):
            each.until(name, "begin")
    stage.end(*pods)
    first, second = (starving.at(name, "stopping") for name in names)
    assert abs(first - second) < 1, "both are told at once, out of order"
    assert not starving.times("first", "end") + starving.times("second", "end"), "neither has its four seconds"
    assert all(classic.times(name, "end") for name in names)
    assert well.at("second", "end") <= well.at("first", "stopping") < well.at("first", "end")


def test_a_helper_that_is_deaf_to_sigterm_uses_up_the_time_of_those_before_it(stage: Stage, parts: Parts) -> None:
    def scene(last: str) -> Scene:
        helpers = (parts.helper(draining(4), name="first"), parts.helper(last, name="last"))
        return Scene(parts.spec(parts.main(), *helpers, terminationGracePeriodSeconds=8), ("first", "last"))

    deaf, hearing = scene(recording("while :; do sleep 1; done")), scene(draining(0))
    assert deaf.risks()["ignores-sigterm"] == "caution"
    assert "ignores-sigterm" not in hearing.risks()

    waits, well = pods = stage.start(deaf=(deaf, "native"), hearing=(hearing, "native"))
    for each in pods:
        each.until("main", "begin")
    stage.end(*pods)
    assert waits.at("first", "stopping") - waits.at("main", "end") > 6
    assert not waits.times("first", "end")
    assert well.at("first", "stopping") - well.at("main", "end") < 4
    assert well.times("first", "end")


def test_a_pod_deleted_in_its_init_phase_stops_an_early_sidecar_beside_the_plain_init(
    stage: Stage, parts: Parts
) -> None:
    setup = parts.helper(draining(2), name="setup")
    spec = parts.spec(parts.main(), parts.helper(), init=[setup], terminationGracePeriodSeconds=20)
    early, late = Scene(spec, place={"helper": "first"}), Scene(spec)
    assert "placed-early" in early.risks()
    assert "placed-early" not in late.risks()

    first, last = pods = stage.start(early=(early, "native"), late=(late, "native"))
    for each in pods:
        each.until("setup", "begin")
    stage.end(*pods)
    assert first.at("helper", "end") < first.at("setup", "end")
    assert not last.times("helper", "begin")


def test_a_startup_probe_that_asks_the_app_is_a_deadlock(stage: Stage, parts: Parts) -> None:
    serving = "httpd -p {port}\n"

    def scene(port: int | str) -> Scene:
        probe = {"tcpSocket": {"port": port}, "periodSeconds": 1, "failureThreshold": 600}
        main = parts.main(serving.format(port=8080) + draining(0), ports=[{"name": "web", "containerPort": 8080}])
        return parts.scene(main, parts.helper(serving.format(port=9090) + draining(0), startupProbe=probe))

    asking, by_name, own = scene(8080), scene("web"), scene(9090)
    assert asking.risks()["probe-needs-app"] == by_name.risks()["probe-needs-app"] == "blocker"
    assert "probe-needs-app" not in own.risks()

    stuck, named, well, classic = pods = stage.start(
        asking=(asking, "native"), named=(by_name, "native"), own=(own, "native"), classic=(asking, "classic")
    )
    for each in pods:
        each.until("helper", "begin")
    well.until("main", "begin")
    classic.until("main", "begin")
    eventually(lambda: classic.status("helper").get("started"), what="the classic helper is started")

    def neither_starts() -> bool:
        return not any(each.times("main", "begin") or each.status("helper")["restartCount"] for each in (stuck, named))

    steadily(neither_starts, seconds=6, what="the app waits for the helper and the helper for the app")


DATA = {"name": "data", "emptyDir": {}}
MOUNT = {"name": "data", "mountPath": "/data"}


def with_mount(made: Manifest, **mount: Any) -> Manifest:
    """The container with the Pod's own empty volume as well."""
    return {**made, "volumeMounts": [*made["volumeMounts"], {**MOUNT, **mount}]}


def test_a_helper_before_the_init_container_that_writes_its_file_finds_nothing(stage: Stage, parts: Parts) -> None:
    writer = with_mount(parts.helper(recording("sleep 2\necho set >/data/conf"), name="writer"))
    look = recording("test -s /data/conf && record found || record nothing\n" + draining(0))
    spec = parts.spec(parts.main(), with_mount(parts.helper(look), readOnly=True), init=[writer], volumes=[DATA])
    early, late = Scene(spec, place={"helper": "first"}), Scene(spec)
    assert early.risks()["placed-before-writer"] == "blocker"
    assert "placed-before-writer" not in late.risks()

    first, last = stage.start(early=(early, "native"), late=(late, "native"))
    first.until("helper", "nothing")
    last.until("helper", "found")


def test_a_file_by_sub_path_that_the_app_creates_is_a_folder_for_a_helper_that_starts_first(
    stage: Stage, parts: Parts
) -> None:
    def scene(**mount: Any) -> Scene:
        look = recording("test -d /data/app.conf && record folder\nrecord looked\n" + draining(0))
        main = with_mount(parts.main(recording("echo set >/data/app.conf\n" + draining(0))))
        return parts.scene(main, with_mount(parts.helper(look), **mount), volumes=[DATA])

    by_file, by_folder = scene(subPath="app.conf", mountPath="/data/app.conf"), scene()
    assert by_file.risks()["sub-path-file"] == "caution"
    assert "sub-path-file" not in by_folder.risks()

    wrong, right = stage.start(file=(by_file, "native"), folder=(by_folder, "native"))
    for each in (wrong, right):
        each.until("helper", "looked")
    assert wrong.times("helper", "folder")
    assert not right.times("helper", "folder")


def test_a_command_that_waits_for_the_app_is_a_deadlock_with_a_startup_probe_and_works_without(
    stage: Stage, parts: Parts
) -> None:
    waits = recording(
        "until wget -qO /dev/null http://localhost:8080/etc/hosts; do sleep 1; done\nrecord ready\ntouch /tmp/ready\n"
        + draining(0)
    )
    main = parts.main("httpd -p 8080\n" + draining(0), ports=[{"containerPort": 8080}])
    gated = parts.scene(main, parts.helper(waits, startupProbe={**READY, "periodSeconds": 1}))
    plain = parts.scene(main, parts.helper(waits))
    assert gated.risks()["command-waits-for-app"] == "blocker"
    assert plain.risks()["command-waits-for-app"] == "caution"

    stuck, well = stage.start(gated=(gated, "native"), plain=(plain, "native"))
    stuck.until("helper", "begin")
    well.until("helper", "ready")
    steadily(lambda: not stuck.times("main", "begin"), seconds=4, what="the app waits for the probe")


def test_a_post_start_hook_that_waits_for_the_app_leaves_a_pod_that_neither_starts_nor_ends(
    stage: Stage, parts: Parts, node: Node
) -> None:
    let_go = node.shared / f"{stage.namespace}-let-go"
    main = parts.main("httpd -p 8080\n" + draining(0), ports=[{"containerPort": 8080}])

    def scene(port: int) -> Scene:
        loop = f"until wget -qO /dev/null http://localhost:{port}/etc/hosts || test -e {let_go}; do sleep 1; done"
        hook = {"postStart": {"exec": {"command": ["sh", "-c", loop]}}}
        helper = parts.helper("httpd -p 9090\n" + draining(0), ports=[{"containerPort": 9090}], lifecycle=hook)
        return parts.scene(main, helper, terminationGracePeriodSeconds=1)

    asking, own = scene(8080), scene(9090)
    assert asking.risks()["post-start-needs-app"] == "blocker"
    assert "post-start-needs-app" not in own.risks()

    stuck, well, classic = stage.start(asking=(asking, "native"), own=(own, "native"), classic=(asking, "classic"))
    stuck.until("helper", "begin")
    for each in (well, classic):
        each.until("main", "begin")
    stage.cluster.kubectl("delete", "pod", stuck.name, "-n", stage.namespace, "--wait=false")

    def hangs() -> bool:
        return "deletionTimestamp" in stuck.object()["metadata"] and not stuck.times("helper", "stopping")

    steadily(hangs, seconds=6, what="it is told to end, and its container is not")
    assert not stuck.times("main", "begin")
    let_go.touch()
    stage.cluster.kubectl("wait", "--for=delete", f"pod/{stuck.name}", "-n", stage.namespace, "--timeout=60s")


def test_a_liveness_probe_that_asks_the_app_kills_an_early_helper_while_inits_work(burning: Burning) -> None:
    asking, own = burning["liveness-app"], burning["liveness-own"]
    assert burning.risks("liveness-app")["liveness-needs-app"] == "caution"
    assert "liveness-needs-app" not in burning.risks("liveness-own")
    for each in (asking, own):
        each.until("main", "begin")
    assert len(asking.times("helper", "begin")) > 1
    assert len(own.times("helper", "begin")) == 1


def tried_again(each: Watched) -> bool:
    return bool(each.status("helper").get("restartCount"))


def test_a_helper_that_cannot_start_keeps_the_app_down(burning: Burning) -> None:
    classic, native, healthy = (burning[name] for name in ("absent-classic", "absent-native", "healthy-classic"))
    classic.until("main", "begin")
    healthy.until("helper", "begin")

    for each in (classic, native):
        eventually(partial(tried_again, each), what="the kubelet tried it again")
    assert not native.times("main", "begin")
    assert burning.risks("absent-classic", seen(classic))["helper-cannot-start"] == "blocker"
    assert "helper-cannot-start" not in burning.risks("healthy-classic", seen(healthy))


def test_a_sidecar_that_ends_with_0_is_started_for_ever_and_never_says_crash_loop(burning: Burning) -> None:
    classic, native = burning["ending-classic"], burning["ending-native"]
    native.until("helper", "begin", times=3)
    eventually(lambda: native.status("helper")["restartCount"] >= 2, what="the restarts are counted")

    steadily(lambda: native.waiting("helper") != "CrashLoopBackOff", seconds=3, what="it is in no CrashLoopBackOff")
    eventually(lambda: classic.waiting("helper") == "CrashLoopBackOff", what="the classic one is")
    assert burning.risks("ending-classic", seen(classic))["helper-crashes"] == "blocker"
    assert "helper-crashes" not in burning.risks("healthy-classic", seen(burning["healthy-classic"]))


def test_in_a_job_only_the_exit_codes_of_regular_containers_count(burning: Burning) -> None:
    assert burning.risks("job-failing-native")["job-failure-unseen"] == "caution"
    assert "job-failure-unseen" not in burning.risks("ending-native")
    burning.until_job("job-failing-classic", "Failed")
    burning.until_job("job-failing-native", "Complete")


def test_under_on_failure_every_restart_of_a_sidecar_counts(burning: Burning) -> None:
    assert "job-backoff-limit" in burning.risks("job-counted-native")
    assert "job-backoff-limit" not in burning.risks("job-failing-native")
    burning.until_job("job-counted-native", "Failed")
    burning.until_job("job-counted-classic", "Complete")


def test_a_pod_failure_policy_without_a_container_name_looks_at_sidecars(burning: Burning) -> None:
    def why(name: str) -> str:
        burning.until_job(name, "Failed")
        job = burning.stage.cluster.get("job", burning[name].name, namespace=burning.stage.namespace)
        return " ".join(c["message"] for c in job["status"]["conditions"] if c["type"] == "Failed")

    assert "pod-failure-policy" in burning.risks("job-policy")
    assert "pod-failure-policy" not in burning.risks("job-policy-named")
    assert "Container helper" in why("job-policy")
    assert "exit code 143 matching FailJob rule" in why("job-policy")
    assert "backoff limit" in why("job-policy-named")


def test_a_pre_stop_sleep_delays_a_jobs_end_so_the_plan_removes_it_where_it_may(burning: Burning) -> None:
    assert burning.risks("job-sleep-stays")["pre-stop-delays"] == "note"
    assert "pre-stop-delays" not in burning.risks("job-sleep-goes")
    delays = {}
    for name in ("job-sleep-stays", "job-sleep-goes"):
        burning.until_job(name, "Complete")
        each = burning.pod_of(name)
        delays[name] = each.at("helper", "end") - each.at("main", "end")
    assert delays["job-sleep-stays"] >= 8 > 6 > delays["job-sleep-goes"]


def test_a_crashed_app_waits_for_the_last_sidecar_unless_another_app_runs(burning: Burning) -> None:
    classic, native, beside = (burning[name] for name in ("coupled-classic", "coupled-native", "beside-native"))
    for each in (classic, native, beside):
        each.until("main", "begin", times=2, timeout=60)

    def pause(each: Watched) -> float:
        """Seconds from the app's crash until it is back."""
        return each.times("main", "begin")[1] - each.at("main", "crash")

    assert pause(classic) < 6
    assert pause(beside) < 6
    assert pause(native) > 6
    assert native.times("helper", "begin")[3] < native.times("main", "begin")[1], "first the helper, then the app"
    words = "a crashed main is not restarted while helper is down"
    texts = {name: " ".join(r.text for r in burning.scenes[name][0].plan().risks if r.id == "restart-coupling")
             for name in ("coupled-native", "beside-native")}  # fmt: skip
    assert words in texts["coupled-native"]
    assert words not in texts["beside-native"]
