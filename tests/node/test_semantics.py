"""What each risk of order, deadlock, restart and end rests on, seen on a real kubelet, beside what the plan says of it.

A scene is one classic Pod. Its native form is the plan's own, so what runs on the node is what a migration would make. The
test asserts that the plan names the risk for the dangerous scene and does not for its harmless twin, and that both Pods do what
was said. Pods that take long are started together, before the first test; the tests that look at them are the last ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kubectl_sidecar.core.facts import Facts, Unknown
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import eventually, running, steadily
from tests.core.judging import KNOWN
from tests.node.manifests import PATIENCE, REST, Form, Manifest, draining, ending, once, recording
from tests.node.node import Node
from tests.node.scenes import Parts, Scene, Stage, Watched, seen, uptime
from tests.node.test_node import job_conditions


@pytest.fixture
def stage(cluster: ControlPlane, node: Node, namespace: str) -> Stage:
    return Stage(cluster, node.shared, namespace, node.name)


@pytest.fixture
def parts(node: Node) -> Parts:
    return Parts(node.shared)


ON_WORD = recording(once("test", "go") + "record ready\ntouch /tmp/ready\n" + REST)
ASK = "wget -qO /dev/null http://localhost:{port}/etc/hosts"
READY = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "failureThreshold": 600}


def waiting_scenes(p: Parts) -> dict[str, tuple[Scene, Form]]:
    """Helpers that wait for the app in one way or another, which serves port 8080; they serve 9090 themselves."""
    serving: Manifest = {"ports": [{"containerPort": 9090}]}
    main = p.main("httpd -p 8080\n" + draining(0), ports=[{"name": "web", "containerPort": 8080}])

    def probing(port: int | str) -> Scene:
        probe = {"tcpSocket": {"port": port}, "periodSeconds": 1, "failureThreshold": 600}
        return p.scene(main, p.helper("httpd -p 9090\n" + draining(0), startupProbe=probe, **serving))

    def hooked(port: int) -> Scene:
        loop = f"until {ASK.format(port=port)} || test -e $SHARED/$POD-let-go; do sleep 1; done"
        hook = {"postStart": {"exec": {"command": ["sh", "-c", loop]}}}
        helper = p.helper("httpd -p 9090\n" + draining(0), lifecycle=hook, **serving)
        return p.scene(main, helper, terminationGracePeriodSeconds=1)

    loop = f"until {ASK.format(port=8080)}; do sleep 1; done\n"
    waits = recording(loop + "record ready\ntouch /tmp/ready\n" + draining(0))
    return {
        "probe-app": (probing(8080), "native"),
        "probe-app-classic": (probing(8080), "classic"),
        "probe-name": (probing("web"), "native"),
        "probe-own": (probing(9090), "native"),
        "hook-app": (hooked(8080), "native"),
        "hook-app-classic": (hooked(8080), "classic"),
        "hook-own": (hooked(9090), "native"),
        "command-gated": (p.scene(main, p.helper(waits, startupProbe={**READY, "periodSeconds": 1})), "native"),
        "command-plain": (p.scene(main, p.helper(waits)), "native"),
    }


SLEEP = 15
"""Seconds of a preStop hook."""


def burning_scenes(shared: Path) -> dict[str, tuple[Scene, Form]]:
    """The scenes that take long, by name."""
    p = Parts(shared)
    crashing = p.helper(recording("sleep 2\nexit 1"))
    # crashes while the helper is in the back-off after its third life
    short_lived = p.main(recording(f"{once('helper', 'begin', times=3)}sleep 4\nrecord crash\nexit 1"))
    short = p.helper(recording("sleep 1\nexit 0"))
    absent = p.helper(command=["/no/such/program"])
    coupled = p.scene(short_lived, crashing)
    beside = p.scene(short_lived, p.main(name="other"), crashing)
    work = p.main(recording("sleep 4\nrecord end"))
    failing = Scene(
        p.spec(work, p.helper(recording("sleep 1\nexit 1")), restartPolicy="Never"), job={"backoffLimit": 0}
    )
    counted = Scene(
        p.spec(p.main(recording("sleep 60\nrecord end")), short, restartPolicy="OnFailure"), job={"backoffLimit": 1}
    )
    own_code = p.helper(recording("trap 'exit 143' TERM\n" + REST))
    seven = p.main(recording("sleep 2\nexit 7"))

    def judged_by(**codes: Any) -> Scene:
        rule = {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0, 7], **codes}}
        return Scene(
            p.spec(seven, own_code, restartPolicy="Never"),
            job={"backoffLimit": 0, "podFailurePolicy": {"rules": [rule]}},
        )

    sleeping = p.helper(ports=[{"containerPort": 9000}], lifecycle={"preStop": {"sleep": {"seconds": SLEEP}}})
    drained = Scene(p.spec(work, sleeping, restartPolicy="Never", terminationGracePeriodSeconds=40), job={})

    def probed(port: int) -> Scene:
        probe = {"tcpSocket": {"port": port}, "periodSeconds": 1, "failureThreshold": 2}
        main = p.main("httpd -p 8080\n" + draining(0), ports=[{"containerPort": 8080}])
        helper = p.helper("httpd -p 9090\n" + draining(0), livenessProbe=probe)
        setup = p.helper(recording(once("helper", "begin", times=2, within=25)), name="setup")
        return Scene(p.spec(main, helper, init=[setup]), place={"helper": "first"})

    return {
        **waiting_scenes(p),
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
        "ending-classic": (p.scene(p.main(), short), "classic"),
        "ending-native": (p.scene(p.main(), short), "native"),
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
    log: Path

    def reasons(self, name: str) -> set[str]:
        """All reasons for which a container of the scene's Pod was ever seen to wait."""
        lines = (line.split() for line in self.log.read_text().splitlines())
        return {reason for pod, *reasons in lines if pod == self[name].name for reason in reasons}

    def __getitem__(self, name: str) -> Watched:
        return self.stage.pod(name)

    def until_job(self, name: str, condition: str) -> None:
        """Waits until the scene's Job has the condition."""
        stage, job = self.stage, self[name].name
        eventually(
            lambda: condition in job_conditions(stage.cluster, stage.namespace, job),
            what=f"{job} is {condition}",
            timeout=90,
        )

    def pod_of(self, name: str) -> Watched:
        """The one Pod of a scene's Job."""
        job = self[name]
        (pod,) = self.stage.cluster.get("pods", "-l", f"job-name={job.name}", namespace=job.namespace)["items"]
        return replace(job, name=pod["metadata"]["name"])

    def risks(self, name: str, facts: Facts | None = None) -> dict[str, str]:
        return self.scenes[name][0].risks(facts)


WAITING = "".join(
    f"{{.status.{which}[*].state.waiting.reason}} " for which in ("initContainerStatuses", "containerStatuses")
)


@pytest.fixture(scope="module", autouse=True)
def burning(cluster: ControlPlane, node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    log = tmp_path_factory.mktemp("burning") / "reasons"
    with cluster.namespace("long") as namespace:
        stage = Stage(cluster, node.shared, namespace, node.name)
        scenes = burning_scenes(node.shared)
        columns = f"jsonpath={{.metadata.name}} {WAITING}{{'\\n'}}"
        watch = ["get", "pods", "-n", namespace, "--watch", "-o", columns]
        with running([cluster.assets / "kubectl", f"--kubeconfig={cluster.kubeconfig}", *watch], log=log):
            stage.start(**{name.replace("-", "_"): scene for name, scene in scenes.items()})
            yield Burning(stage, scenes, log)


def test_sidecars_stop_in_reverse_one_by_one_and_their_pre_stop_hooks_run_at_once(stage: Stage, parts: Parts) -> None:
    hook = {"preStop": {"exec": {"command": ["sh", "-c", recording("record hook").replace("record begin\n", "")]}}}
    names = ("first", "second", "third")
    helpers = [parts.helper(draining(1), name=name, lifecycle=hook) for name in names]
    # in the native form it waits in vain for their ends
    waits = [once(name, "hook") for name in names] + [once(name, "end", within=PATIENCE // 2) for name in names]
    scene = Scene(parts.spec(parts.main(ending(*waits)), *helpers, terminationGracePeriodSeconds=90), names)
    native, classic = stage.start(native=(scene, "native"), classic=(scene, "classic"))
    for each in (native, classic):
        for name in ("main", *names):
            each.until(name, "begin")
    stage.end(native, classic)

    assert max(native.at(name, "hook") for name in names) < native.at("main", "end")
    ends = [(native.at(name, "stopping"), native.at(name, "end")) for name in ("main", "third", "second", "first")]
    assert [time for pair in ends for time in pair] == sorted(time for pair in ends for time in pair)
    told = [name for step in scene.plan().timeline_after.stop for name in step.containers]
    assert told == sorted(told, key=lambda name: native.at(name, "stopping")), "the plan's timeline says the same"
    assert all(classic.at(name, "end") < classic.at("main", "end") for name in ("first", "second", "third"))
    assert "grace-period" not in scene.risks()


def test_a_pre_stop_hook_that_ends_the_helper_ends_it_before_the_app(stage: Stage, parts: Parts) -> None:
    def ended_by(script: str) -> Scene:
        hook = {"preStop": {"exec": {"command": ["sh", "-c", script]}}}
        main = parts.main(ending(once("helper", "end", within=PATIENCE)))
        return parts.scene(main, parts.helper(lifecycle=hook), terminationGracePeriodSeconds=40)

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


def test_a_startup_probe_gates_and_running_alone_does_not(stage: Stage, parts: Parts) -> None:
    plain = parts.scene(parts.main(), parts.helper(ON_WORD))
    gated = parts.scene(parts.main(), parts.helper(ON_WORD, startupProbe={**READY, "periodSeconds": 1}))
    # is ready as soon as it was asked for the first time, and has to wait until it is asked again
    probe = {"exec": {"command": ["sh", "-c", recording("test -e /tmp/ready").replace("begin", "asked")]}}
    asked = recording(once("helper", "asked") + "record ready\ntouch /tmp/ready\n" + REST)
    slow = parts.scene(parts.main(), parts.helper(asked, startupProbe={**READY, **probe}))
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "sleep 3"]}}}
    hooked = parts.scene(parts.main(), parts.helper(lifecycle=hook))

    assert "startup-probe-slow" in slow.risks()
    assert "startup-probe-slow" not in gated.risks() | plain.risks()
    effects = {name: [r.effect for r in s.plan().removals if r.problem.id == "start-race"] for name, s in
               {"plain": plain, "gated": gated}.items()}  # fmt: skip
    assert all(effect != "removed" for effect in effects["plain"])

    pods = stage.start(
        plain=(plain, "native"), gated=(gated, "native"), slow=(slow, "native"), hooked=(hooked, "native"),
        classic=(gated, "classic"),
    )  # fmt: skip
    at_once, after_probe, late, after_hook, classic = pods
    for each in (at_once, late, after_hook, classic):
        each.until("main", "begin")
    after_probe.until("helper", "begin")
    steadily(lambda: not after_probe.times("main", "begin"), seconds=3, what="the app does not start before the helper")
    for each in (at_once, after_probe, classic):
        each.write("go")
        each.until("helper", "ready")
    after_probe.until("main", "begin")
    assert at_once.at("helper", "begin") < at_once.at("main", "begin") < at_once.at("helper", "ready")
    assert after_probe.at("helper", "ready") < after_probe.at("main", "begin")
    assert late.at("main", "begin") - late.at("helper", "ready") > 9, "asked only every 10 s"
    assert after_hook.at("main", "begin") - after_hook.at("helper", "begin") > 2.9
    assert classic.at("main", "begin") < classic.at("helper", "ready")


def test_when_the_grace_period_is_used_up_helpers_get_two_seconds_together(stage: Stage, parts: Parts) -> None:
    deaf = recording("trap '' TERM\nwhile :; do sleep 1; done")
    names = ("first", "second")

    def scene(main: str, seconds: float, grace: int) -> Scene:
        helpers = (parts.helper(draining(seconds), name=name) for name in names)
        return Scene(parts.spec(parts.main(main), *helpers, terminationGracePeriodSeconds=grace), names)

    starved, enough = scene(deaf, 8, 14), scene(draining(0), 2, 40)
    assert starved.risks()["ignores-sigterm"] == "caution"
    assert not {"ignores-sigterm", "grace-period"} & set(enough.risks())

    starving, classic, well = pods = stage.start(
        starved=(starved, "native"), classic=(starved, "classic"), enough=(enough, "native")
    )
    for each in pods:
        for name in ("main", *names):
            each.until(name, "begin")
    stage.end(*pods)
    first, second = (starving.at(name, "stopping") for name in names)
    assert abs(first - second) < 3, "both are told at once, out of order"
    assert not starving.times("first", "end") + starving.times("second", "end"), "neither has its eight seconds"
    assert all(classic.times(name, "end") for name in names)
    assert well.at("second", "end") <= well.at("first", "stopping") < well.at("first", "end")


def test_a_helper_that_is_deaf_to_sigterm_uses_up_the_time_of_those_before_it(stage: Stage, parts: Parts) -> None:
    def scene(last: str) -> Scene:
        helpers = (parts.helper(draining(6), name="first"), parts.helper(last, name="last"))
        return Scene(parts.spec(parts.main(), *helpers, terminationGracePeriodSeconds=16), ("first", "last"))

    deaf, hearing = scene(recording("while :; do sleep 1; done")), scene(draining(0))
    assert deaf.risks()["ignores-sigterm"] == "caution"
    assert "ignores-sigterm" not in hearing.risks()

    waits, well = pods = stage.start(deaf=(deaf, "native"), hearing=(hearing, "native"))
    for each in pods:
        each.until("main", "begin")
    stage.end(*pods)
    assert waits.at("first", "stopping") - waits.at("main", "end") > 8, "the grace period has 16 s"
    assert not waits.times("first", "end")
    assert well.at("first", "stopping") - well.at("main", "end") < 8
    assert well.times("first", "end")


def test_a_pod_deleted_in_its_init_phase_stops_an_early_sidecar_beside_the_plain_init(
    stage: Stage, parts: Parts
) -> None:
    setup = parts.helper(ending(once("helper", "end", within=PATIENCE)), name="setup")
    spec = parts.spec(parts.main(), parts.helper(), init=[setup], terminationGracePeriodSeconds=40)
    early, late = Scene(spec, place={"helper": "first"}), Scene(spec)
    assert "placed-early" in early.risks()
    assert "placed-early" not in late.risks()

    first, last = pods = stage.start(early=(early, "native"), late=(late, "native"))
    for each in pods:
        each.until("setup", "begin")
    stage.end(*pods)
    assert first.at("helper", "end") < first.at("setup", "end")
    assert not last.times("helper", "begin")


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


def stuck(each: Watched, *, seconds: float = 15) -> None:
    """Asserts that so long after the helper's begin the app has not begun."""
    each.until("helper", "begin")
    begin = each.at("helper", "begin")
    eventually(lambda: uptime() - begin > seconds, what=f"{each.name} had {seconds} s")
    assert not each.times("main", "begin")


def test_a_startup_probe_that_asks_the_app_is_a_deadlock(burning: Burning) -> None:
    assert burning.risks("probe-app")["probe-needs-app"] == "blocker"
    assert burning.risks("probe-name")["probe-needs-app"] == "blocker"
    assert "probe-needs-app" not in burning.risks("probe-own")

    for name in ("probe-app", "probe-name"):
        stuck(burning[name])
        assert burning[name].status("helper")["restartCount"] == 0
    burning["probe-own"].until("main", "begin")
    burning["probe-app-classic"].until("main", "begin")
    eventually(
        lambda: burning["probe-app-classic"].status("helper").get("started"), what="the classic helper is started"
    )


def test_a_command_that_waits_for_the_app_is_a_deadlock_with_a_startup_probe_and_works_without(
    burning: Burning,
) -> None:
    assert burning.risks("command-gated")["command-waits-for-app"] == "blocker"
    assert burning.risks("command-plain")["command-waits-for-app"] == "caution"

    stuck(burning["command-gated"])
    burning["command-plain"].until("helper", "ready")


def test_a_post_start_hook_that_waits_for_the_app_leaves_a_pod_that_neither_starts_nor_ends(burning: Burning) -> None:
    assert burning.risks("hook-app")["post-start-needs-app"] == "blocker"
    assert "post-start-needs-app" not in burning.risks("hook-own")

    burning["hook-own"].until("main", "begin")
    burning["hook-app-classic"].until("main", "begin")
    hung = burning["hook-app"]
    stuck(hung)
    hung.cluster.kubectl("delete", "pod", hung.name, "-n", hung.namespace, "--wait=false")

    def hangs() -> bool:
        return "deletionTimestamp" in hung.object()["metadata"] and not hung.times("helper", "stopping")

    steadily(hangs, seconds=6, what="its grace period of 1 s is over, and its container is not told to end")
    (hung.shared / f"{hung.name}-let-go").touch()
    hung.cluster.kubectl("wait", "--for=delete", f"pod/{hung.name}", "-n", hung.namespace, "--timeout=120s")


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

    # the classic one says so too, but only for the last second or so of each pause: hence all that was ever seen
    eventually(lambda: "CrashLoopBackOff" in burning.reasons("ending-classic"), what="the classic one said so")
    assert "PodInitializing" in burning.reasons("ending-native")
    assert "CrashLoopBackOff" not in burning.reasons("ending-native")
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
    assert delays["job-sleep-stays"] >= SLEEP > delays["job-sleep-goes"]


def test_a_crashed_app_waits_for_the_last_sidecar_unless_another_app_runs(burning: Burning) -> None:
    classic, native, beside = (burning[name] for name in ("coupled-classic", "coupled-native", "beside-native"))
    for each in (classic, native, beside):
        each.until("main", "begin", times=2, timeout=90)

    def pause(each: Watched) -> float:
        """Seconds from the app's crash until it is back."""
        return each.times("main", "begin")[1] - each.at("main", "crash")

    assert max(pause(classic), pause(beside)) < pause(native) / 2
    assert native.times("helper", "begin")[3] < native.times("main", "begin")[1], "first the helper, then the app"
    words = "a crashed main is not restarted while helper is down"
    texts = {name: " ".join(r.text for r in burning.scenes[name][0].plan().risks if r.id == "restart-coupling")
             for name in ("coupled-native", "beside-native")}  # fmt: skip
    assert words in texts["coupled-native"]
    assert words not in texts["beside-native"]
