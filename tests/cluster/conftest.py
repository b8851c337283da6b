"""Fixtures of the tests that call the plugin through the real kubectl."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.hollow_kubelet import HollowKubelet, hollow_kubelet
from tests.cluster.plugin import Plugin, plugin_in


@pytest.fixture
def plugin(cluster: ControlPlane, tmp_path: Path) -> Plugin:
    """`kubectl sidecar` as admin, with a home of this test alone."""
    return plugin_in(tmp_path, kubectl=cluster.assets / "kubectl", kubeconfig=cluster.kubeconfig)


@pytest.fixture
def kubelet(cluster: ControlPlane, namespace: str) -> Iterator[HollowKubelet]:
    """Makes the Pods of the test's namespace run, on paper."""
    with hollow_kubelet(cluster, namespace) as running:
        yield running
