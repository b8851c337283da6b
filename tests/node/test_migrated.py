"""The main job on a real kubelet: what `kubectl sidecar migrate` makes of a classic workload starts and stops in order, and what
`undo` brings back does not. The check is the one of test_node.py, which the classic form fails."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import eventually
from tests.node.manifests import deployment, job, read_events
from tests.node.node import Node
from tests.node.test_node import job_conditions, only_pod, order_faults


def sidecar(cluster: ControlPlane, state: Path, *words: str) -> str:
    """What `kubectl sidecar …` prints, through the real kubectl with the plugin on its PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(cluster.assets), os.defpath])
    environ = {"PATH": path, "KUBECONFIG": str(cluster.kubeconfig), "HOME": str(state), "XDG_STATE_HOME": str(state)}
    done = subprocess.run(["kubectl", "sidecar", *words], capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def life_of_the_pod(cluster: ControlPlane, node: Node, namespace: str) -> set[str]:
    """Ends the Deployment's Pod and says what was wrong with the order of its life."""
    pod = only_pod(cluster, namespace)["metadata"]["name"]
    cluster.kubectl("scale", "deployment/shop", "-n", namespace, "--replicas=0")
    cluster.kubectl("wait", "--for=delete", f"pod/{pod}", "-n", namespace, "--timeout=120s")
    return order_faults(read_events(node.shared, pod))


def test_a_migrated_deployment_starts_and_stops_in_order_and_an_undone_one_does_not(
    cluster: ControlPlane, node: Node, namespace: str, tmp_path: Path
) -> None:
    cluster.create(deployment("shop", form="classic", shared=node.shared), namespace=namespace)
    cluster.kubectl("rollout", "status", "deployment/shop", "-n", namespace, "--timeout=120s")

    words = ("deployment/shop", "-n", namespace, "-y")
    said = sidecar(cluster, tmp_path, "migrate", *words, "--container", "helper=sidecar")
    assert "1 of 1 new Pods are available" in said
    eventually(lambda: len(cluster.get("pods", namespace=namespace)["items"]) == 1, what="the old Pod is gone")
    assert life_of_the_pod(cluster, node, namespace) == set()

    cluster.kubectl("scale", "deployment/shop", "-n", namespace, "--replicas=1")
    sidecar(cluster, tmp_path, "undo", *words)
    eventually(lambda: len(cluster.get("pods", namespace=namespace)["items"]) == 1, what="the native Pod is gone")
    assert life_of_the_pod(cluster, node, namespace) == {"start-race", "stop-race"}


def test_a_migrated_cron_job_completes_where_the_classic_one_hangs(
    cluster: ControlPlane, node: Node, namespace: str, tmp_path: Path
) -> None:
    template = job("report", form="classic", shared=node.shared)["spec"]
    spec = {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": template}}
    manifest = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report"}, "spec": spec}
    cluster.create(manifest, namespace=namespace)

    words = ("cronjob/report", "-n", namespace, "-y", "--container", "helper=sidecar")
    assert "next run" in sidecar(cluster, tmp_path, "migrate", *words)

    cluster.kubectl("create", "job", "now", "--from=cronjob/report", "-n", namespace)
    eventually(lambda: "Complete" in job_conditions(cluster, namespace, "now"), what="the Job is complete")
