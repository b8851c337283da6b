"""Controllers and kubelet of the embedded cluster, held against what a real control plane and a real kubelet of Kubernetes 1.35
were seen doing. Times are seconds of the simulation; its kubelet looks once a second, so they are good to ±1."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kubectl_sidecar.core.kinds import Resource, resolve
from kubectl_sidecar.errors import NotFound
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.memory import PODS, MemoryCluster
from kubectl_sidecar.sources.simulate import DemoClock, ManualClock, SimulatedClock, Simulation

NEVER = threading.Event()
DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS, CRON_JOBS = (
    resolve(word).resource for word in ("deploy", "rs", "sts", "ds", "job", "cj")
)
NATIVE = {"restartPolicy": "Always"}
FAST_PROBE = {"startupProbe": {"tcpSocket": {"port": 9}, "periodSeconds": 1}}


def container(name: str, **fields: Any) -> Object:
    return {"name": name, "image": f"{name}:1", **fields}


class World:
    """A cluster with nodes that one can let live for some seconds."""

    def __init__(self, *objects: Mapping[str, Any], nodes: int = 3) -> None:
        self.clock = ManualClock()
        named = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"n{n}"}} for n in range(nodes)]
        self.cluster = MemoryCluster([*named, *objects], now=self.clock.now)
        self.simulation = Simulation(self.cluster, self.clock)
        self.port_clock = SimulatedClock(self.simulation, self.clock)

    def live(self, seconds: float) -> None:
        self.port_clock.wait(seconds, NEVER)

    def until(self, condition: Callable[[], bool], *, within: float = 120) -> float:
        """Seconds until the condition holds."""
        start = self.clock.monotonic()
        while not condition():
            assert self.clock.monotonic() - start < within, "it never came to it"
            self.live(1)
        return self.clock.monotonic() - start

    def get(self, resource: Resource, name: str) -> Object:
        return self.cluster.get(resource, "default", name)

    def pods(self) -> list[Object]:
        return list(self.cluster.objects(PODS))

    def pod(self, name: str = "p") -> Object:
        return self.get(PODS, name)

    def status(self, container_name: str, pod: str = "p") -> Object:
        status = self.pod(pod)["status"]
        both = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
        return next(s for s in both if s["name"] == container_name)

    def running(self, container_name: str, pod: str = "p") -> bool:
        return (
            "running" in self.status(container_name, pod)["state"]
            if self.pod(pod).get("status", {}).get("containerStatuses")
            else False
        )

    def change(self, resource: Resource, name: str, change: Callable[[Object], None]) -> None:
        self.cluster.edit(resource, "default", name, change)


def pod(
    *,
    inits: tuple[Object, ...] = (),
    mains: tuple[Object, ...] = (),
    does: Mapping[str, str] | None = None,
    **spec: Any,
) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": _does(does)},
            "spec": {"initContainers": list(inits), "containers": list(mains or (container("main"),)), **spec}}  # fmt: skip


def _does(does: Mapping[str, str] | None) -> dict[str, str]:
    return {f"simulation/{name}": text for name, text in (does or {}).items()}


def controller(
    kind: str, *, does: Mapping[str, str] | None = None, template: Mapping[str, Any] | None = None, **spec: Any
) -> Object:
    group = "batch/v1" if kind == "Job" else "apps/v1"
    body: Object = {"template": {"metadata": {"labels": {"app": "w"}, "annotations": _does(does)},
                                 "spec": template or {"containers": [container("app"), container("logs")]}}, **spec}  # fmt: skip
    if kind != "Job":
        body["selector"] = {"matchLabels": {"app": "w"}}
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "w"}, "spec": body}


def to_native(obj: Object) -> None:
    """What a migration does to the template of `controller`."""
    spec = obj["spec"]["template"]["spec"]
    spec["initContainers"] = [{**spec["containers"].pop(1), **NATIVE}]


def set_behaviour(name: str, text: str) -> Callable[[Object], None]:
    return lambda obj: (
        obj["spec"]["template"]["metadata"].setdefault("annotations", {}).update({f"simulation/{name}": text})
    )


def condition(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return next(c for c in obj["status"]["conditions"] if c["type"] == kind)


def is_native(pod_: Mapping[str, Any]) -> bool:
    return bool(pod_["spec"].get("initContainers"))


def is_ready(pod_: Mapping[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod_.get("status", {}).get("conditions", ()))


STARTS = [
    ("classic: both at once", (), (container("s"), container("main")), 0),
    ("a native sidecar costs a second", (container("s", **NATIVE),), (), 1),
    ("two cost two", (container("s", **NATIVE), container("t", **NATIVE)), (), 2),
    ("a startupProbe each second costs one more", (container("s", **NATIVE, **FAST_PROBE),), (), 2),
    ("the default period costs nine", (container("s", **NATIVE, startupProbe={"tcpSocket": {"port": 9}}),), (), 10),
    ("a plain init container runs to its end", (container("i"),), (), 1),
]  # fmt: skip


class TestStart:
    @pytest.mark.parametrize(
        ("inits", "mains", "seconds"), [case[1:] for case in STARTS], ids=[case[0] for case in STARTS]
    )
    def test_when_main_starts(self, inits: tuple[Object, ...], mains: tuple[Object, ...], seconds: int) -> None:
        world = World(pod(inits=inits, mains=mains))
        world.live(1)
        took = world.until(lambda: world.running("main"))
        assert abs(took - seconds) <= 1

    def test_main_never_starts_before_its_sidecar(self) -> None:
        world = World(pod(inits=(container("s", **NATIVE, **FAST_PROBE),)))
        world.live(1)
        assert world.running("s")
        assert world.status("main")["state"] == {"waiting": {"reason": "PodInitializing"}}
        assert condition(world.pod(), "Initialized")["message"] == "containers with incomplete status: [s]"
        world.until(lambda: world.running("main"))
        assert world.status("s")["started"] is True

    def test_readiness_of_a_sidecar_does_not_hold_main_back_but_the_pod(self) -> None:
        world = World(pod(inits=(container("s", **NATIVE),), does={"s": "never ready"}))
        world.live(5)
        assert world.running("main")
        assert condition(world.pod(), "Ready")["message"] == "containers with unready status: [s]"

    def test_a_sidecar_whose_probe_asks_main_is_a_deadlock(self) -> None:
        probe = {"startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1}}
        world = World(
            pod(inits=(container("s", **NATIVE, **probe),), mains=(container("main", ports=[{"containerPort": 8080}]),))
        )
        world.live(140)
        assert 3 <= world.status("s")["restartCount"] <= 6
        assert world.status("s")["lastState"]["terminated"]["reason"] == "Completed"
        assert world.pod()["status"]["phase"] == "Pending"
        assert not world.running("main")

    @pytest.mark.parametrize("code", [0, 1])
    def test_a_sidecar_that_dies_at_once_keeps_main_down(self, code: int) -> None:
        world = World(pod(inits=(container("s", **NATIVE),), does={"s": f"exits {code} after 0"}))
        world.live(80)
        assert world.status("s")["restartCount"] >= 3
        assert world.status("main")["state"]["waiting"]["reason"] == "PodInitializing"

    def test_the_gate_is_one_time(self) -> None:
        inits = (container("s", **NATIVE), container("i"))
        world = World(pod(inits=inits, does={"s": "exits 1 after 2", "i": "exits 0 after 8"}))
        took = world.until(lambda: world.running("main"))
        assert 8 <= took <= 12

    def test_a_missing_image(self) -> None:
        inits = (container("s", **NATIVE, imagePullPolicy="Never"),)
        native = World(pod(inits=inits, does={"s": "image missing"}))
        native.live(5)
        assert native.status("s")["state"]["waiting"]["reason"] == "ErrImageNeverPull"
        assert not native.running("main")
        classic = World(pod(mains=(container("main"), container("s")), does={"s": "image missing"}))
        classic.live(5)
        assert classic.running("main")
        seen = set()
        for _ in range(20):
            classic.live(1)
            seen.add(classic.status("s")["state"]["waiting"]["reason"])
        assert seen == {"ErrImagePull", "ImagePullBackOff"}

    def test_a_pod_without_a_node_waits(self) -> None:
        world = World(pod(), nodes=0)
        world.live(3)
        assert condition(world.pod(), "PodScheduled")["reason"] == "Unschedulable"

    def test_a_word_that_is_no_behaviour_is_an_error(self) -> None:
        with pytest.raises(ValueError, match=r'simulation/main: "sings" is no behaviour'):
            World(pod(does={"main": "sings"})).live(1)


class TestRunning:
    def test_a_sidecar_that_exits_0_never_shows_crash_loop_back_off(self) -> None:
        world = World(pod(inits=(container("s", **NATIVE),), does={"s": "exits 0 after 2"}))
        reasons = set()
        for _ in range(90):
            world.live(1)
            state = world.status("s")["state"]
            reasons.add(next(iter(state.values())).get("reason", "running"))
        assert reasons == {"running", "Completed"}
        assert world.status("s")["restartCount"] >= 3
        assert world.status("s")["lastState"]["terminated"]["exitCode"] == 0
        assert world.running("main")

    def test_one_that_exits_1_does(self) -> None:
        world = World(pod(inits=(container("s", **NATIVE),), does={"s": "exits 1 after 2"}))
        world.live(1)
        world.until(lambda: world.status("s")["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff")
        said = world.status("s")["state"]["waiting"]["message"]
        assert said == "back-off 10s restarting failed container=s pod=p"
        assert world.status("s")["lastState"]["terminated"]["reason"] == "Error"
        assert world.running("main")

    def test_restarts_wait_longer_each_time(self) -> None:
        world = World(pod(does={"main": "exits 1 after 0"}))
        starts = []
        for second in range(80):
            before = world.status("main")["restartCount"] if second else 0
            world.live(1)
            if world.status("main")["restartCount"] != before:
                starts.append(second)
        gaps = [b - a for a, b in itertools.pairwise(starts)]
        assert gaps == [10, 20, 40][: len(gaps)]
        assert len(gaps) >= 2


class TestStop:
    def order_of_ends(self, world: World) -> list[str]:
        world.simulation.delete_pod("default", "p")
        ended: list[str] = []
        for _ in range(60):
            try:
                for name in ("main", "s1", "s2"):
                    if name not in ended and not world.running(name):
                        ended.append(name)
            except NotFound:
                return ended
            world.live(1)
        raise AssertionError("the Pod never went")

    def test_sidecars_stop_after_main_in_reverse(self) -> None:
        inits = (container("s1", **NATIVE), container("s2", **NATIVE))
        world = World(pod(inits=inits, does={"main": "stops after 4", "s1": "stops after 3", "s2": "stops after 3"}))
        world.live(6)
        assert self.order_of_ends(world) == ["main", "s2"]  # with s1 the Pod is gone

    def test_none_outlives_the_grace_period_by_more_than_two_seconds(self) -> None:
        inits = (container("s1", **NATIVE),)
        world = World(
            pod(inits=inits, does={"main": "stops after 99", "s1": "stops after 99"}, terminationGracePeriodSeconds=8)
        )
        world.live(5)
        world.simulation.delete_pod("default", "p")
        took = world.until(lambda: not world.pods())
        assert 8 <= took <= 13


class TestDeployment:
    def world(self, **spec: Any) -> World:
        world = World(controller("Deployment", replicas=4, **spec))
        world.until(lambda: self.done(world))
        return world

    def done(self, world: World) -> bool:
        obj = world.get(DEPLOYMENTS, "w")
        status = obj.get("status", {})
        wanted = obj["spec"]["replicas"]
        return status.get("observedGeneration") == obj["metadata"]["generation"] and all(
            status.get(key, 0) == wanted for key in ("replicas", "updatedReplicas", "availableReplicas")
        )

    def test_the_status_at_rest_is_the_real_controllers(self) -> None:
        obj = self.world().get(DEPLOYMENTS, "w")
        name = next(rs["metadata"]["name"] for rs in self.world().cluster.objects(REPLICA_SETS))
        assert {k: v for k, v in obj["status"].items() if k != "conditions"} == {
            "observedGeneration": 1, "replicas": 4, "updatedReplicas": 4, "readyReplicas": 4, "availableReplicas": 4,
            "terminatingReplicas": 0,
        }  # fmt: skip
        said = {c["type"]: (c["status"], c["reason"], c["message"]) for c in obj["status"]["conditions"]}
        assert said == {
            "Available": ("True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            "Progressing": ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'),
        }
        assert obj["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}

    @pytest.mark.parametrize(
        ("surge", "unavailable", "most", "least"),
        [("25%", "25%", 5, 3), (1, 0, 5, 4), (0, 1, 4, 3), ("100%", "0%", 8, 4)],
    )
    def test_a_rollout_keeps_to_its_limits(self, surge: Any, unavailable: Any, most: int, least: int) -> None:
        world = self.world(strategy={"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}})
        world.change(DEPLOYMENTS, "w", to_native)
        for _ in range(60):
            world.live(1)
            kept = [p for p in world.pods() if not p["metadata"].get("deletionTimestamp")]
            assert len(kept) <= most
            assert sum(map(is_ready, kept)) >= least
        assert self.done(world)
        assert all(map(is_native, world.pods()))

    def test_roll_back_uses_the_old_replica_set_with_a_new_revision(self) -> None:
        world = self.world()
        old_template = world.get(DEPLOYMENTS, "w")["spec"]["template"]
        world.change(DEPLOYMENTS, "w", to_native)
        world.until(lambda: self.done(world))
        world.change(DEPLOYMENTS, "w", lambda o: o["spec"].update(template=old_template))
        world.live(1)
        world.until(lambda: self.done(world) and not any(map(is_native, world.pods())))
        sets = world.cluster.objects(REPLICA_SETS)
        assert sorted(rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for rs in sets) == ["2", "3"]

    def test_a_stuck_rollout_passes_its_deadline_and_the_old_pods_serve_on(self) -> None:
        world = self.world(progressDeadlineSeconds=30)
        world.change(DEPLOYMENTS, "w", to_native)
        world.change(DEPLOYMENTS, "w", set_behaviour("logs", "exits 0 after 0"))
        world.until(
            lambda: condition(world.get(DEPLOYMENTS, "w"), "Progressing")["reason"] == "ProgressDeadlineExceeded"
        )
        progress = condition(world.get(DEPLOYMENTS, "w"), "Progressing")
        assert progress["status"] == "False"
        assert progress["message"].endswith("has timed out progressing.")
        assert sum(map(is_ready, world.pods())) >= 3

    def test_paused_does_nothing(self) -> None:
        world = self.world()
        world.change(DEPLOYMENTS, "w", lambda o: o["spec"].update(paused=True))
        world.change(DEPLOYMENTS, "w", to_native)
        world.live(20)
        assert not any(map(is_native, world.pods()))
        assert condition(world.get(DEPLOYMENTS, "w"), "Progressing")["reason"] == "DeploymentPaused"

    def test_recreate_ends_all_old_pods_first(self) -> None:
        world = self.world(strategy={"type": "Recreate"})
        world.change(DEPLOYMENTS, "w", to_native)
        for _ in range(20):
            world.live(1)
            assert len({is_native(p) for p in world.pods()}) <= 1
        assert self.done(world)

    def test_pods_that_the_api_server_refuses_are_named_in_the_status(self) -> None:
        world = World(controller("Deployment", replicas=1))
        world.cluster.webhooks.append(lambda p: {**p, "spec": {**p["spec"], "containers": []}})
        world.live(4)
        failure = condition(world.get(DEPLOYMENTS, "w"), "ReplicaFailure")
        assert failure["reason"] == "FailedCreate"
        assert "spec.containers: Required value" in failure["message"]

    def test_a_replica_set_by_itself_uses_a_new_template_for_new_pods_only(self) -> None:
        world = World(controller("ReplicaSet", replicas=2))
        world.live(4)
        world.change(REPLICA_SETS, "w", to_native)
        world.live(5)
        assert not any(map(is_native, world.pods()))
        world.simulation.delete_pod("default", world.pods()[0]["metadata"]["name"])
        world.live(8)
        assert sorted(map(is_native, world.pods())) == [False, True]


class TestStatefulSet:
    def world(self, **spec: Any) -> World:
        world = World(controller("StatefulSet", replicas=3, serviceName="w", **spec))
        world.until(lambda: self.ready(world) == 3)
        return world

    def ready(self, world: World) -> int:
        return int(world.get(STATEFUL_SETS, "w").get("status", {}).get("readyReplicas", 0))

    def natives(self, world: World) -> list[str]:
        return sorted(p["metadata"]["name"] for p in world.pods() if is_native(p))

    def test_pods_come_one_after_the_other(self) -> None:
        world = World(controller("StatefulSet", replicas=3, serviceName="w"))
        seen = []
        for _ in range(20):
            world.live(1)
            pods = sorted(world.pods(), key=lambda p: p["metadata"]["name"])
            seen.append([p["metadata"]["name"] for p in pods])
            assert all(map(is_ready, pods[:-1]))
        assert seen[-1] == ["w-0", "w-1", "w-2"]

    def test_an_update_goes_from_the_last_to_the_first_one_at_a_time(self) -> None:
        world = self.world()
        world.change(STATEFUL_SETS, "w", to_native)
        order: list[str] = []
        for _ in range(60):
            world.live(1)
            order += [name for name in self.natives(world) if name not in order]
            assert sum(not is_ready(p) for p in world.pods()) <= 1
        assert order == ["w-2", "w-1", "w-0"]
        status = world.get(STATEFUL_SETS, "w")["status"]
        assert status["currentRevision"] == status["updateRevision"]
        assert status["updatedReplicas"] == status["currentReplicas"] == 3

    def test_the_partition_keeps_lower_ordinals(self) -> None:
        world = self.world(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
        world.change(STATEFUL_SETS, "w", to_native)
        world.live(30)
        assert self.natives(world) == ["w-2"]
        world.simulation.delete_pod("default", "w-0")
        world.live(10)
        assert self.natives(world) == ["w-2"]
        status = world.get(STATEFUL_SETS, "w")["status"]
        assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)

    def test_on_delete_waits_for_a_delete(self) -> None:
        world = self.world(updateStrategy={"type": "OnDelete"})
        world.change(STATEFUL_SETS, "w", to_native)
        world.live(20)
        assert self.natives(world) == []
        world.simulation.delete_pod("default", "w-1")
        world.live(10)
        assert self.natives(world) == ["w-1"]

    def test_a_stuck_pod_stays_stuck_after_the_roll_back_until_it_is_deleted(self) -> None:
        world = self.world()
        good = world.get(STATEFUL_SETS, "w")["spec"]["template"]
        world.change(STATEFUL_SETS, "w", to_native)
        world.change(STATEFUL_SETS, "w", set_behaviour("logs", "exits 0 after 0"))
        world.live(30)
        assert self.natives(world) == ["w-2"]
        world.change(STATEFUL_SETS, "w", lambda o: o["spec"].update(template=good))
        world.live(30)
        assert self.natives(world) == ["w-2"]
        world.simulation.delete_pod("default", "w-2")
        world.until(lambda: self.ready(world) == 3)
        assert self.natives(world) == []

    def test_claims_become_volumes(self) -> None:
        claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
        mounted = container("app", volumeMounts=[{"name": "data", "mountPath": "/data"}])
        world = self.world(volumeClaimTemplates=[claim], template={"containers": [mounted]})
        assert world.pod("w-1")["spec"]["volumes"] == [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data-w-1"}}
        ]


class TestDaemonSet:
    def world(self, **spec: Any) -> World:
        world = World(controller("DaemonSet", **spec))
        world.live(5)
        return world

    def test_one_pod_on_each_node(self) -> None:
        world = self.world()
        assert sorted(p["spec"]["nodeName"] for p in world.pods()) == ["n0", "n1", "n2"]
        status = world.get(DAEMON_SETS, "w")["status"]
        assert status == {
            "currentNumberScheduled": 3, "numberMisscheduled": 0, "desiredNumberScheduled": 3, "numberReady": 3,
            "observedGeneration": 1, "updatedNumberScheduled": 3, "numberAvailable": 3,
        }  # fmt: skip

    def test_the_old_pod_goes_before_its_successor_comes_one_node_at_a_time(self) -> None:
        world = self.world()
        world.change(DAEMON_SETS, "w", to_native)
        for _ in range(40):
            world.live(1)
            nodes = [p["spec"]["nodeName"] for p in world.pods()]
            assert len(nodes) == len(set(nodes))
            assert sum(map(is_ready, world.pods())) >= 2
        assert all(map(is_native, world.pods()))
        assert world.get(DAEMON_SETS, "w")["status"]["updatedNumberScheduled"] == 3

    def test_on_delete(self) -> None:
        world = self.world(updateStrategy={"type": "OnDelete"})
        world.change(DAEMON_SETS, "w", to_native)
        world.live(20)
        assert not any(map(is_native, world.pods()))


class TestJob:
    CLASSIC = (container("app"), container("logs"))

    def job(self, *, native: bool, does: Mapping[str, str], policy: str = "Never", **spec: Any) -> World:
        template: Object = {"restartPolicy": policy, "containers": list(self.CLASSIC)}
        if native:
            template = {
                "restartPolicy": policy,
                "containers": [self.CLASSIC[0]],
                "initContainers": [{**self.CLASSIC[1], **NATIVE}],
            }
        return World(controller("Job", template=template, does=does, **spec))

    def ends(self, world: World) -> list[str]:
        return [c["type"] for c in world.get(JOBS, "w").get("status", {}).get("conditions", ())]

    def test_a_classic_helper_keeps_it_not_ready_for_ever(self) -> None:
        world = self.job(native=False, does={"app": "exits 0 after 3"})
        world.live(600)
        status = world.get(JOBS, "w")["status"]
        assert (status["active"], status["ready"], self.ends(world)) == (1, 0, [])
        (only,) = world.pods()
        assert [s["ready"] for s in only["status"]["containerStatuses"]] == [False, True]
        assert only["status"]["phase"] == "Running"

    def test_a_native_one_lets_it_complete(self) -> None:
        world = self.job(native=True, does={"app": "exits 0 after 3", "logs": "stops after 4"})
        took = world.until(lambda: bool(self.ends(world)))
        assert self.ends(world) == ["SuccessCriteriaMet", "Complete"]
        assert 8 <= took <= 14
        assert world.get(JOBS, "w")["status"]["succeeded"] == 1

    def test_a_sidecar_that_is_told_to_stop_and_does_not_is_killed_at_the_grace_period(self) -> None:
        world = self.job(native=True, does={"app": "exits 0 after 3", "logs": "stops after 500"})
        took = world.until(lambda: bool(self.ends(world)))
        assert 30 <= took <= 45
        assert self.ends(world)[-1] == "Complete"

    def test_the_exit_code_of_a_sidecar_does_not_matter(self) -> None:
        world = self.job(native=True, does={"app": "exits 0 after 30", "logs": "exits 1 after 2"})
        world.until(lambda: bool(self.ends(world)))
        assert self.ends(world)[-1] == "Complete"

    @pytest.mark.parametrize("code", [0, 1])
    def test_restarts_of_a_sidecar_count_against_the_limit_on_failure(self, code: int) -> None:
        does = {"app": "exits 0 after 300", "logs": f"exits {code} after 1"}
        world = self.job(native=True, does=does, policy="OnFailure", backoffLimit=2)
        world.until(lambda: "Failed" in self.ends(world))
        assert self.ends(world) == ["FailureTarget", "Failed"]

    def test_failed_pods_are_tried_again_to_the_limit(self) -> None:
        world = self.job(native=True, does={"app": "exits 3 after 1"}, backoffLimit=1)
        world.until(lambda: "Failed" in self.ends(world))
        assert world.get(JOBS, "w")["status"]["failed"] == 2

    def test_a_cron_job_runs_only_when_it_is_told_to_and_with_its_present_template(self) -> None:
        job = controller(
            "Job",
            template={"restartPolicy": "Never", "containers": list(self.CLASSIC)},
            does={"app": "exits 0 after 2"},
        )
        cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"},
                "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": job["spec"]}}}  # fmt: skip
        world = World(cron)
        world.live(30)
        assert world.pods() == []
        first = world.simulation.run_job("default", "c")
        world.live(20)
        assert [a["name"] for a in world.get(CRON_JOBS, "c")["status"]["active"]] == [first]
        world.change(CRON_JOBS, "c", lambda o: to_native(o["spec"]["jobTemplate"]))
        world.live(60)
        second = world.simulation.run_job("default", "c")
        world.live(20)
        assert world.get(JOBS, second)["status"]["succeeded"] == 1
        assert [a["name"] for a in world.get(CRON_JOBS, "c")["status"]["active"]] == [first]

    def test_no_such_cron_job(self) -> None:
        with pytest.raises(NotFound):
            World().simulation.run_job("default", "c")


class TestClocks:
    def test_waiting_lets_the_simulation_live(self) -> None:
        world = World(pod())
        assert world.port_clock.wait(3, threading.Event()) is False
        assert world.running("main")
        assert world.port_clock.monotonic() == 3

    def test_a_stop_ends_the_wait_at_once(self) -> None:
        world, stop = World(pod()), threading.Event()
        stop.set()
        assert world.port_clock.wait(3, stop) is True
        assert world.port_clock.monotonic() == 0

    def test_the_demo_catches_up_when_somebody_asks(self) -> None:
        clock = ManualClock()
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
        cluster = MemoryCluster([node, pod()], now=clock.now)
        demo = DemoClock(Simulation(cluster, clock), clock, speed=10_000)
        cluster.hooks.append(demo.attend)
        phases = iter(lambda: cluster.get(PODS, "default", "p")["status"]["phase"], "Running")
        assert all(phase == "Pending" for phase in phases)

    def test_an_owner_that_is_gone_takes_its_objects_along(self) -> None:
        world = World(controller("Deployment", replicas=2))
        world.live(5)
        world.cluster.remove(DEPLOYMENTS, "default", "w")
        world.live(10)
        assert world.pods() == []
        assert not world.cluster.objects(REPLICA_SETS)
