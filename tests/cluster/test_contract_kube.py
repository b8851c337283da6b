"""The contract, held by a real API server through the real client."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kubectl_sidecar.sources.kube import KubeCluster, connect
from tests.cluster.control_plane import CERTIFICATE_USER, ControlPlane
from tests.contract.contract import CASES, Case, Stage


@pytest.fixture(scope="module")
def admin(cluster: ControlPlane) -> Iterator[KubeCluster]:
    connected = connect(kubeconfig=str(cluster.kubeconfig), environ={})
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def viewer(cluster: ControlPlane) -> Iterator[KubeCluster]:
    connected = connect(kubeconfig=str(cluster.kubeconfig), context="viewer", environ={})
    yield connected
    connected.close()


@pytest.fixture
def stage(cluster: ControlPlane, admin: KubeCluster, viewer: KubeCluster) -> Iterator[Stage]:
    def make(manifest: Mapping[str, Any]) -> None:
        cluster.kubectl("create", "-f", "-", input=json.dumps(manifest))

    with cluster.namespace("contract") as one, cluster.namespace("contract") as two:
        yield Stage(admin, viewer, one, two, make)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_contract(case: Case, stage: Stage) -> None:
    case(stage)


def test_client_certificate(cluster: ControlPlane) -> None:
    connected = connect(kubeconfig=str(cluster.kubeconfig), context=CERTIFICATE_USER, environ={})
    assert connected.version().startswith("v1.")
    connected.close()


def test_impersonation_is_real(cluster: ControlPlane) -> None:
    """Who the server takes us for, in its own words."""
    from kubectl_sidecar.core.kinds import Resource

    reviews = Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False)
    connected = connect(
        kubeconfig=str(cluster.kubeconfig), impersonate_user="jane", impersonate_groups=("a", "b"), environ={}
    )
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    who = connected.create(reviews, None, body, dry_run=False).object["status"]["userInfo"]
    connected.close()
    assert who["username"] == "jane"
    assert {"a", "b"} <= set(who["groups"])
