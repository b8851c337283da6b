"""`kubectl sidecar` from the archive, installed by krew, on a real API server: list, describe, browse, migrate, undo."""

import os
from pathlib import Path

import pytest

from tests.cluster.classic import classic, is_native, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.hollow_kubelet import hollow_kubelet
from tests.cluster.plugin import Plugin
from tests.cluster.processes import eventually
from tests.packaging.tools import Krew

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def plugin(cluster: ControlPlane, krew_with_plugin: Krew, tmp_path: Path) -> Plugin:
    """The archive as krew installed it, behind the real kubectl. There is no Python on its PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(cluster.assets / "kubectl")
    path = f"{tmp_path / 'bin'}{os.pathsep}{krew_with_plugin.root / 'bin'}"
    return Plugin(tmp_path, cluster.kubeconfig, path)


@pytest.fixture
def shop(cluster: ControlPlane, namespace: str) -> str:
    """A namespace with a classic Deployment."""
    cluster.create(classic("deployment", "shop"), namespace=namespace)
    return namespace


def native(cluster: ControlPlane, shop: str) -> bool:
    return is_native(template_of(cluster.get("deployment", "shop", namespace=shop)))


def test_list_and_describe(plugin: Plugin, shop: str) -> None:
    assert plugin.ok("list", "-n", shop, "--at-risk", "-o", "name") == "deployment.apps/shop\n"
    assert "Fluent Bit" in plugin.ok("describe", "-n", shop, "deployment/shop")


def test_migrate_and_undo(plugin: Plugin, cluster: ControlPlane, shop: str) -> None:
    before = template_of(cluster.get("deployment", "shop", namespace=shop))
    with hollow_kubelet(cluster, shop):
        plugin.ok("migrate", "-n", shop, "deployment/shop", "-y")
        assert native(cluster, shop)
        plugin.ok("undo", "-n", shop, "deployment/shop", "-y")
    assert template_of(cluster.get("deployment", "shop", namespace=shop)) == before


def test_without_a_place_for_the_record_nothing_is_patched(plugin: Plugin, cluster: ControlPlane, shop: str) -> None:
    ran = plugin.run("migrate", "-n", shop, "deployment/shop", "-y", env={"XDG_STATE_HOME": "/proc/none"})
    assert ran.code == 2
    assert "the record for undo cannot be written to /proc/none/kubectl-sidecar" in ran.err
    assert "Set XDG_STATE_HOME to a directory that you may write" in ran.err
    assert not native(cluster, shop)


def test_browse_lists_the_cluster_and_migrates(plugin: Plugin, cluster: ControlPlane, shop: str) -> None:
    with hollow_kubelet(cluster, shop), plugin.terminal("browse", "-n", shop) as screen:
        screen.until("log-shipper")
        screen.type("m")
        screen.until("go, after a yes")
        screen.type("m")
        screen.until("Patch (y)")
        screen.type("y")
        eventually(lambda: native(cluster, shop), what="browse migrated the Deployment")
        screen.type("\x03")
        assert screen.end().code in (0, 130)
