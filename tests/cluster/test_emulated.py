"""What an API server without native sidecars does to the field, and that the tool notices before it writes anything.

No old Kubernetes is built for the tests. The one of today plays 1.32 (--emulated-version), where the gate SidecarContainers may
still be switched off; then it handles the field as a server that does not know it. The gitVersion of its /version goes on to be
the real one; only emulationMinor says what it plays, and nothing but the dry runs that the gate is off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.assets import find_assets
from tests.cluster.classic import classic
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.plugin import Plugin, plugin_in
from tests.cluster.processes import eventually

FLAGS = ("--emulated-version=1.32", "--feature-gates=SidecarContainers=false")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own, for this module."""
    assets = find_assets()
    assert isinstance(assets, Path), assets
    with control_plane(assets, tmp_path_factory.mktemp("old"), flags=FLAGS) as running:
        yield running


@pytest.fixture
def place(old: ControlPlane) -> Iterator[str]:
    with old.namespace() as name:
        yield name


@pytest.fixture
def tool(old: ControlPlane, tmp_path: Path) -> Plugin:
    return plugin_in(tmp_path, kubectl=old.assets / "kubectl", kubeconfig=old.kubeconfig)


def native(**fields: Any) -> dict[str, Any]:
    """A Pod's spec with one native sidecar."""
    helper = {"name": "helper", "image": "registry.example.com/helper:1", "restartPolicy": "Always", **fields}
    return {"initContainers": [helper], "containers": [{"name": "app", "image": "registry.example.com/app:1"}]}


def test_such_a_server_drops_the_field_without_a_word(old: ControlPlane, place: str) -> None:
    """So the helper is a plain init container, in the Deployment and in its Pods."""
    said = json.loads(old.kubectl("get", "--raw", "/version").stdout)
    assert (said["minor"], said["emulationMinor"]) == ("35", "32")
    old.create(
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
            "spec": {
                "selector": {"matchLabels": {"app": "shop"}},
                "template": {"metadata": {"labels": {"app": "shop"}}, "spec": native()},
            },
        },
        namespace=place,
    )  # fmt: skip
    pods = eventually(lambda: old.get("pods", namespace=place)["items"], what="the Deployment has a Pod")
    stored = old.get("deployment", "shop", namespace=place)["spec"]["template"]
    for spec in (stored["spec"], pods[0]["spec"]):
        assert [(c["name"], c.get("restartPolicy")) for c in spec["initContainers"]] == [("helper", None)]


def test_with_a_probe_it_refuses_the_pod(old: ControlPlane, place: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}}
    probed = {**pod, "spec": native(startupProbe={"tcpSocket": {"port": 9090}})}
    made = old.kubectl("create", "-n", place, "-f", "-", input=json.dumps(probed), check=False)
    assert "startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always" in made.stderr


def test_a_resize_policy_is_dropped_and_not_refused(old: ControlPlane, place: str) -> None:
    """In either list, as long as the gate InPlacePodVerticalScaling is off, which it is by default before 1.33."""
    rule = [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]
    spec = native(resizePolicy=rule)
    spec["containers"][0]["resizePolicy"] = rule
    old.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}, "spec": spec}, namespace=place)
    stored = old.get("pod", "shop", namespace=place)["spec"]
    assert not [c for key in ("initContainers", "containers") for c in stored[key] if "resizePolicy" in c]


def test_doctor_proves_that_the_field_is_gone(tool: Plugin, place: str) -> None:
    ran = tool.run("doctor", "-n", place, "-o", "json")
    assert ran.code == 1
    (proof,) = (check for check in ran.json["checks"] if check["id"] == "pod-dry-run")
    assert proof["status"] == "blocker"
    assert proof["text"].startswith("the API server (v1.32.0) removes restartPolicy")
    assert ran.json["podWebhooks"] == [], "no webhook did it"
    assert ran.json["server"] == "1.32.0"
    (version,) = (check for check in ran.json["checks"] if check["id"] == "server-version")
    assert (version["status"], "v1.32.0: native sidecars work as a beta" in version["text"]) == ("warning", True)


def test_migrate_refuses_and_writes_nothing(tool: Plugin, old: ControlPlane, place: str) -> None:
    old.create(classic(), namespace=place)
    before = old.get("deployment", "shop", namespace=place)["spec"]
    ran = tool.run("migrate", "deployment/shop", "-n", place, "-y")
    assert ran.code == 3
    assert "the server drops restartPolicy of log-shipper: it does not know native sidecars" in ran.out
    assert "the API server (v1.32.0) removes restartPolicy of log-shipper from Pods" in ran.out
    assert "a webhook" not in ran.out
    assert "the oldest version that this Pod meets is 1.32.0" in ran.out
    assert old.get("deployment", "shop", namespace=place)["spec"] == before
    assert tool.records == []
