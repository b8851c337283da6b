"""Values of recipes that were added because a real manifest has them: each container here must be found beside an app, at
least likely. One line a shape; what a recipe finds in general is in its own folder."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.sources.recipes import packaged

APP = {"name": "app", "image": "registry.example.com/shop/app:1.4", "ports": [{"containerPort": 8080}]}
SOCKET = {"name": "socket", "mountPath": "/csi"}

# what is told: (family, the container)
VALUES: dict[str, tuple[str, dict[str, Any]]] = {
    "the log agent of a cloud, by its image": (
        "fluentd",
        {"name": "adapter", "image": "registry.k8s.io/fluentd-gcp:1.30", "volumeMounts": [{"name": "logs", "mountPath": "/var/log"}]},
    ),
    "the registrar, called in full": (
        "csi-node-driver-registrar",
        {"name": "csi-node-driver-registrar", "image": "registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.15.0"},
    ),
    "the registrar, called in full, of a mirror": (
        "csi-node-driver-registrar",
        {"name": "csi-node-driver-registrar", "image": "mirror.example.com/csi-node-driver-registrar:v2.15.0",
         "args": ["--kubelet-registration-path=/var/lib/kubelet/plugins/x/csi.sock"]},
    ),
    "a helper of storage, by a mirror that keeps the project": (
        "csi-controller-sidecars",
        {"name": "csi-attacher", "image": "mirror.example.com/oss/kubernetes-csi/csi-attacher:v3.4.0", "volumeMounts": [SOCKET]},
    ),
    "a helper of storage, its option with one dash": (
        "csi-controller-sidecars",
        {"name": "csi-resizer", "image": "mirror.example.com/storage/resizer:v1.3.0", "args": ["-v=2", "-csi-address=$(ADDRESS)"]},
    ),
    "a helper of storage, its option with two dashes": (
        "csi-controller-sidecars",
        {"name": "csi-provisioner", "image": "mirror.example.com/storage/provisioner:v1.2.0", "args": ["--csi-address=$(ADDRESS)"]},
    ),
    "the backup of the tutorial for replicated databases": (
        "backup-sidecar",
        {"name": "xtrabackup", "image": "gcr.io/google-samples/xtrabackup:1.0", "command": ["bash", "-c", "exec ncat --listen 3307"]},
    ),
    "a daemon of containers, called one": (
        "docker-in-docker",
        {"name": "docker-daemon", "image": "docker:27-dind", "securityContext": {"privileged": True}},
    ),
    "files from a repository, by the image at the registry's root": (
        "git-sync",
        {"name": "git-sync", "image": "registry.k8s.io/git-sync:v3.1.3", "env": [{"name": "GIT_SYNC_REPO", "value": "https://git.example.com/x"}]},
    ),
    "the backup of ClickHouse, that listens": (
        "backup-sidecar",
        {"name": "clickhouse-backup", "image": "altinity/clickhouse-backup:2.4.15", "command": ["bash", "-xc", "/bin/clickhouse-backup server"]},
    ),
    "the backup of a game's world": (
        "backup-sidecar",
        {"name": "backup", "image": "itzg/mc-backup:2025.1", "env": [{"name": "BACKUP_INTERVAL", "value": "2h"}]},
    ),
    "Gatekeeper under its name before": (
        "keycloak-gatekeeper",
        {"name": "proxy", "image": "quay.io/louketo/louketo-proxy:1.0.0", "args": ["--upstream-url=http://127.0.0.1:8080"]},
    ),
    "the router of MySQL, from its maker's registry": (
        "mysql-router",
        {"name": "mysql-router", "image": "container-registry.oracle.com/mysql/community-router:8.4", "ports": [{"containerPort": 6446}]},
    ),
    "the SDK of game servers, by a mirror": (
        "agones-sdk",
        {"name": "agones-gameserver-sidecar", "image": "mirror.example.com/games/agones-sdk:1.46.0"},
    ),
}  # fmt: skip
VOLUMES: list[dict[str, Any]] = [{"name": name, "emptyDir": {}} for name in ("logs", "socket")]


@pytest.fixture(scope="module")
def index() -> RecipeIndex:
    return RecipeIndex(packaged())


@pytest.mark.parametrize(("family", "container"), VALUES.values(), ids=VALUES.keys())
def test_a_value_of_a_recipe_is_found(family: str, container: dict[str, Any], index: RecipeIndex) -> None:
    app = {**APP, "volumeMounts": [{"name": "logs", "mountPath": "/var/log"}, SOCKET]}
    spec = {"containers": [app, container], "volumes": VOLUMES}
    obj = {"metadata": {"name": "shop"}, "spec": {"template": {"metadata": {}, "spec": spec}}}
    found = {f.name: f for f in classify(decode_object(resolve("Deployment"), obj), index)}
    own = found[container["name"]]
    assert (own.role, own.family) == ("sidecar", family), own
    assert own.confidence != "possible", own
    assert found["app"].role == "main"
