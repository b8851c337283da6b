"""What a cluster's administrator sees of a migration in the API server's own audit log."""

from __future__ import annotations

from typing import Any

from kubectl_sidecar import __version__
from tests.cluster.classic import classic
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import Plugin
from tests.cluster.processes import eventually

AGENT = f"kubectl-sidecar/{__version__}"


def test_every_request_of_a_migration_names_the_tool(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")

    def of_ours() -> list[dict[str, Any]]:
        """By the user and not by the agent: kubectl and the controllers name themselves, so what is left must be ours."""
        events = cluster.audited(namespace=namespace)
        others = ("kube-controller-manager", "kube-scheduler", "kubectl/")
        return [event for event in events if not event["userAgent"].startswith(others)]

    def wrote() -> bool:
        return any(event["verb"] == "patch" and "dryRun" not in event["requestURI"] for event in of_ours())

    eventually(wrote, what="the patch is in the audit log")
    seen = of_ours()
    assert {event["userAgent"] for event in seen} == {AGENT}
    asked = [(e["verb"], e["objectRef"]["resource"], "dryRun=All" in e["requestURI"]) for e in seen]
    assert ("get", "deployments", False) in asked
    assert ("create", "pods", True) in asked
    patches = [dry for verb, resource, dry in asked if (verb, resource) == ("patch", "deployments")]
    assert patches.count(False) == 1
    assert patches[0] is True, "first without effect"
    assert [event["responseStatus"]["code"] for event in seen] == [
        201 if event["verb"] == "create" else 200 for event in seen
    ]
