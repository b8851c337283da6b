"""What this product rests on, seen on a real kubelet: what the classic form does wrong, and that the native form does not.

The faults have the names that the product gives to the problems: start-race, stop-race, job-never-completes.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import eventually, steadily
from tests.node.manifests import Event, Form, deployment, job, read_events
from tests.node.node import Node


def order_faults(events: Sequence[Event]) -> set[str]:
    """What is wrong in the record of a whole life of one Pod of `deployment`, whichever its form.

    start-race: main began before its helper was ready. stop-race: the helper ended before main had drained.
    """
    at = {(event.container, event.event): event.uptime for event in events}
    faults = set()
    if at["main", "begin"] < at["helper", "ready"]:
        faults.add("start-race")
    if at["helper", "end"] < at["main", "end"]:
        faults.add("stop-race")
    return faults


def only_pod(cluster: ControlPlane, namespace: str) -> dict[str, Any]:
    """The namespace's one Pod; empty while there is none."""
    pods = cluster.get("pods", namespace=namespace)["items"]
    assert len(pods) < 2
    return pods[0] if pods else {}


def printed_status(cluster: ControlPlane, namespace: str) -> list[str]:
    """READY and STATUS as kubectl prints them for the namespace's one Pod."""
    return cluster.kubectl("get", "pods", "-n", namespace, "--no-headers").stdout.split()[1:3]


def job_conditions(cluster: ControlPlane, namespace: str, name: str) -> set[str]:
    status = cluster.get("job", name, namespace=namespace)["status"]
    return {condition["type"] for condition in status.get("conditions", ()) if condition["status"] == "True"}


def main_exit_code(pod: dict[str, Any]) -> int | None:
    """The exit code of the Pod's main container; None while it has not ended."""
    states = {status["name"]: status["state"] for status in pod.get("status", {}).get("containerStatuses", ())}
    code: int | None = states.get("main", {}).get("terminated", {}).get("exitCode")
    return code


def test_classic_helper_keeps_a_finished_job_running(cluster: ControlPlane, node: Node, namespace: str) -> None:
    cluster.create(job("report", form="classic", shared=node.shared), namespace=namespace)

    eventually(lambda: main_exit_code(only_pod(cluster, namespace)) == 0, what="main ended with exit code 0")

    def hangs() -> bool:
        active: int = cluster.get("job", "report", namespace=namespace)["status"].get("active", 0)
        return active == 1 and not job_conditions(cluster, namespace, "report")

    steadily(hangs, seconds=6, what="the Job is active and has no condition, though main has ended")
    eventually(lambda: printed_status(cluster, namespace) == ["1/2", "NotReady"], what="kubectl prints it as not ready")


def test_native_helper_lets_the_job_complete(cluster: ControlPlane, node: Node, namespace: str) -> None:
    cluster.create(job("report", form="native", shared=node.shared), namespace=namespace)

    eventually(lambda: "Complete" in job_conditions(cluster, namespace, "report"), what="the Job is complete")

    assert main_exit_code(only_pod(cluster, namespace)) == 0
    events = read_events(node.shared, only_pod(cluster, namespace)["metadata"]["name"])
    assert [(e.container, e.event) for e in events] == [
        ("helper", "begin"),
        ("helper", "ready"),
        ("main", "begin"),
        ("main", "end"),
        ("helper", "end"),
    ]


@pytest.mark.parametrize(
    ("form", "faults"),
    [
        pytest.param(
            "classic", {"start-race", "stop-race"}, id="classic: main starts too early, helper ends too early"
        ),
        pytest.param("native", set(), id="native: helper starts first and stops last"),
    ],
)
def test_order_of_start_and_stop(
    form: Form, faults: set[str], cluster: ControlPlane, node: Node, namespace: str
) -> None:
    cluster.create(deployment("shop", form=form, shared=node.shared), namespace=namespace)
    cluster.kubectl("rollout", "status", "deployment/shop", "-n", namespace, "--timeout=120s")
    pod = only_pod(cluster, namespace)["metadata"]["name"]

    cluster.kubectl("scale", "deployment/shop", "-n", namespace, "--replicas=0")
    cluster.kubectl("wait", "--for=delete", f"pod/{pod}", "-n", namespace, "--timeout=120s")

    assert order_faults(read_events(node.shared, pod)) == faults


def test_logs_and_exec_reach_the_node(cluster: ControlPlane, node: Node, namespace: str) -> None:
    cluster.create(deployment("shop", form="native", shared=node.shared), namespace=namespace)
    cluster.kubectl("rollout", "status", "deployment/shop", "-n", namespace, "--timeout=120s")

    said = cluster.kubectl("exec", "-n", namespace, "deployment/shop", "-c", "helper", "--", "echo", "here").stdout

    assert said == "here\n"
    assert cluster.kubectl("logs", "-n", namespace, "deployment/shop", "-c", "main").returncode == 0


def test_pods_of_other_tests_stay_pending(cluster: ControlPlane, node: Node, namespace: str) -> None:
    plain = deployment("plain", form="native", shared=node.shared)
    del plain["spec"]["template"]["spec"]["tolerations"]
    cluster.create(plain, namespace=namespace)

    def unschedulable() -> str:
        conditions = only_pod(cluster, namespace).get("status", {}).get("conditions", ())
        return next((c["message"] for c in conditions if c.get("reason") == "Unschedulable"), "")

    assert "untolerated taint" in eventually(unschedulable, what="the scheduler has refused the Pod")
