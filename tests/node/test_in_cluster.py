"""The tool in a Pod: no kubeconfig, only what the kubelet puts into every container that has a service account.

The files are where they are in a Pod, /var/run/secrets/kubernetes.io/serviceaccount, but in a mount namespace of the command
alone, which needs root. The token is a real one of the API server's, and the rights are the service account's own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.classic import classic, is_native, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import Plugin, Ran, alone_in
from tests.cluster.processes import eventually

ACCOUNT = "migrator"
# $1 is the folder with the three files. /var/run is a link to /run, which is an empty file system in memory in here.
AS_IN_A_POD = """
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
cp "$1"/* /var/run/secrets/kubernetes.io/serviceaccount
shift
exec "$@"
"""


@pytest.fixture
def files(cluster: ControlPlane, namespace: str, tmp_path: Path) -> Path:
    """What the kubelet would mount for the service account of this namespace, which has no rights yet."""
    cluster.kubectl("create", "serviceaccount", ACCOUNT, "-n", namespace)
    folder = tmp_path / "serviceaccount"
    folder.mkdir(mode=0o700)
    (folder / "token").write_text(cluster.kubectl("create", "token", ACCOUNT, "-n", namespace).stdout.strip())
    (folder / "ca.crt").write_bytes(cluster.ca.read_bytes())
    (folder / "namespace").write_text(namespace)
    return folder


@pytest.fixture
def pod(files: Path, tmp_path: Path) -> Plugin:
    own = tmp_path / "home"
    own.mkdir()
    plugin = alone_in(own)
    inside = ("unshare", "--mount", "--propagation", "private", "sh", "-c", AS_IN_A_POD, "pod", str(files))
    return Plugin(plugin.folder, None, plugin.path, (*inside, *plugin.command))


def ran(pod: Plugin, cluster: ControlPlane, *words: str) -> Ran:
    host, port = cluster.server.removeprefix("https://").split(":")
    return pod.run(*words, env={"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port})


def test_without_rights_it_is_the_service_account_that_is_refused(
    pod: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    refused = ran(pod, cluster, "describe", "deployment/shop")
    assert refused.code == 5
    assert f'User "system:serviceaccount:{namespace}:{ACCOUNT}" cannot get resource "deployments"' in refused.err


def test_it_migrates_and_undoes_with_the_rights_of_the_service_account(
    pod: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    account = f"{namespace}:{ACCOUNT}"
    cluster.kubectl(
        "create", "rolebinding", "edit", "-n", namespace, "--clusterrole=edit", f"--serviceaccount={account}"
    )
    cluster.create(classic(), namespace=namespace)
    before = template_of(cluster.get("deployment", "shop", namespace=namespace))
    eventually(lambda: ran(pod, cluster, "describe", "deployment/shop").code == 0, what="the rights are known")

    migrated = ran(pod, cluster, "migrate", "deployment/shop", "-y", "--no-wait")
    assert migrated.code == 0, migrated.err
    assert is_native(template_of(cluster.get("deployment", "shop", namespace=namespace)))
    assert pod.records[0]["context"] == "in-cluster"
    assert ran(pod, cluster, "undo", "deployment/shop", "-y", "--no-wait").code == 0
    assert template_of(cluster.get("deployment", "shop", namespace=namespace)) == before

    def writers() -> list[str]:
        patches = (e for e in cluster.audited(namespace=namespace) if e["verb"] == "patch")
        return [e["user"]["username"] for e in patches if "dryRun" not in e["requestURI"]]

    eventually(lambda: writers() == [f"system:serviceaccount:{account}"] * 2, what="the audit log has both writes")


def test_a_kubeconfig_comes_first(pod: Plugin, cluster: ControlPlane, namespace: str) -> None:
    """As with kubectl: someone in a Pod who logs in elsewhere means that."""
    cluster.create(classic(), namespace=namespace)
    admin = ("--kubeconfig", str(cluster.kubeconfig), "-n", namespace)
    assert ran(pod, cluster, "list", "-o", "name", *admin).out == "deployment.apps/shop\n"
