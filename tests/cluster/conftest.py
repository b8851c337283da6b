"""Fixtures of the tests that call the plugin through the real kubectl, or its functions through the real client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.sources.kube import KubeCluster, connect
from kubectl_sidecar.sources.recipes import packaged
from tests.cluster.control_plane import ControlPlane
from tests.cluster.desk import Desk
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


@pytest.fixture(scope="module")
def kube(cluster: ControlPlane) -> Iterator[KubeCluster]:
    """The product's own client, as admin."""
    connected = connect(kubeconfig=str(cluster.kubeconfig), environ={})
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def index() -> RecipeIndex:
    """The packaged recipes."""
    return RecipeIndex(packaged())


@pytest.fixture
def desk(cluster: ControlPlane, kube: KubeCluster, index: RecipeIndex, namespace: str) -> Desk:
    """The tool in a namespace of this test alone."""
    return Desk(cluster, kube, index, namespace)
