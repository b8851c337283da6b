"""The tests' own control plane is what they take it for: a real API server with rights, and controllers that act."""

import json
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster.assets import Missing, cache_folder, find_assets
from tests.cluster.control_plane import CERTIFICATE_USER, USERS, ControlPlane, control_plane
from tests.cluster.processes import eventually

NO_RIGHTS = [user for user in USERS if user != "admin"]


def who_am_i(cluster: ControlPlane, context: str) -> str:
    answer = json.loads(cluster.kubectl("auth", "whoami", "-o", "json", context=context).stdout)
    name: str = answer["status"]["userInfo"]["username"]
    return name


@contextmanager
def open_tls_1_2(host: str, port: int, ca: Path) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((host, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        yield secure


def test_it_is_kubernetes_1_35(cluster: ControlPlane) -> None:
    version = json.loads(cluster.kubectl("version", "-o", "json").stdout)["serverVersion"]
    assert (version["major"], version["minor"]) == ("1", "35")


@pytest.mark.parametrize("context", [*USERS, CERTIFICATE_USER])
def test_each_context_logs_in_as_its_user(cluster: ControlPlane, context: str) -> None:
    assert who_am_i(cluster, context) == context


@pytest.mark.parametrize("user", NO_RIGHTS)
def test_a_user_without_rights_is_refused(cluster: ControlPlane, namespace: str, user: str) -> None:
    refused = cluster.kubectl("get", "pods", "-n", namespace, check=False, token=cluster.token_for(user))
    assert refused.returncode == 1
    assert f'(Forbidden): pods is forbidden: User "{user}" cannot list resource "pods"' in refused.stderr


def test_rbac_grants_exactly_what_it_says(cluster: ControlPlane, namespace: str) -> None:
    cluster.kubectl("create", "role", "reader", "-n", namespace, "--verb=list", "--resource=deployments.apps")
    cluster.kubectl("create", "rolebinding", "reader", "-n", namespace, "--role=reader", "--user=patcher")

    def may(verb: str) -> str:
        asked = cluster.kubectl(
            "auth", "can-i", verb, "deployments.apps", "-n", namespace, check=False, context="patcher"
        )
        return asked.stdout.strip()

    eventually(lambda: may("list") == "yes", what="the new role has reached the authorizer")
    assert may("patch") == "no"


def test_without_a_token_nobody_is_let_in(cluster: ControlPlane) -> None:
    trust = ssl.create_default_context(cafile=str(cluster.ca))
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{cluster.server}/api/v1/namespaces", context=trust)
    with refused.value as answer:
        assert answer.code == 403


def test_controllers_make_the_pods_of_a_deployment(cluster: ControlPlane, namespace: str) -> None:
    cluster.kubectl("create", "deployment", "shop", "-n", namespace, "--image=shop", "--replicas=2")

    def pods() -> list[str]:
        items = cluster.get("pods", "--selector=app=shop", namespace=namespace)["items"]
        return [pod["metadata"]["ownerReferences"][0]["kind"] for pod in items]

    eventually(lambda: pods() == ["ReplicaSet", "ReplicaSet"], what="two Pods of the Deployment's ReplicaSet")


def test_a_failing_kubectl_says_what_it_said(cluster: ControlPlane, namespace: str) -> None:
    with pytest.raises(AssertionError, match=r'deployments\.apps "absent" not found'):
        cluster.get("deployment", "absent", namespace=namespace)


def test_two_control_planes_share_nothing(cluster: ControlPlane, namespace: str, tmp_path: Path) -> None:
    with control_plane(cluster.assets, tmp_path, min_tls="VersionTLS13") as other:
        assert other.server != cluster.server
        assert other.kubectl("get", "namespace", namespace, check=False).returncode == 1
        assert who_am_i(other, CERTIFICATE_USER) == CERTIFICATE_USER
        address = urlsplit(other.server)
        assert address.hostname
        with pytest.raises(ssl.SSLError), open_tls_1_2(address.hostname, address.port or 0, other.ca):
            pass
    assert other.kubectl("get", "--raw", "/readyz", check=False).returncode == 1
    assert cluster.kubectl("get", "--raw", "/readyz").stdout == "ok"


def test_assets_are_looked_for_where_they_are_built(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    script = Path(__file__).parent / "build.sh"
    printed = subprocess.run(
        ["bash", script, "--where"], capture_output=True, text=True, check=True, env=environ
    ).stdout
    assert Path(printed.strip()) == cache_folder(environ)
    assert isinstance(find_assets(environ), Missing)
