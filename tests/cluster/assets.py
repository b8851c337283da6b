"""Where the real Kubernetes of the tests is, or a sentence that says why there is none.

Looking never builds or downloads anything: `make cluster` does that (build.sh). KUBEBUILDER_ASSETS wins when it is set; else
it is a folder of the user's cache whose name is a hash of the Go sources in kube/, the same rule as in build.sh.
"""

import hashlib
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
NODE_COMMANDS = ("containerd", "ctr", "runc", "ip", "iptables", "unshare", "setpriv")
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
BUSYBOX = Path("/bin/busybox")
INSTALL = (
    "apt-get install --no-install-recommends "
    "containerd runc containernetworking-plugins iptables busybox-static iproute2"
)
SOURCES = Path(__file__).parent / "kube"


@dataclass(frozen=True)
class Missing:
    """What a test cannot do without and why it is not here; `remedy` is what the reader does about it."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason} Remedy: {self.remedy}."


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that `make cluster` fills, whether or not it exists."""
    digest = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in ("go.mod", "go.sum", "main.go")))
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "kubectl-sidecar" / f"kube-{digest.hexdigest()[:16]}"


def find_assets(environ: Mapping[str, str] = os.environ) -> Path | Missing:
    """The folder with a whole control plane and kubectl."""
    given = environ.get("KUBEBUILDER_ASSETS")
    folder = Path(given).absolute() if given else cache_folder(environ)
    absent = [name for name in CONTROL_PLANE if not os.access(folder / name, os.X_OK)]
    if given and absent:
        return Missing(
            f"KUBEBUILDER_ASSETS={given} has no {', '.join(absent)}.",
            "`unset KUBEBUILDER_ASSETS`, then `make cluster`",
        )
    if absent:
        return Missing("No Kubernetes has been built for the tests.", "`make cluster` (needs Go, takes some minutes)")
    if not shutil.which("openssl"):
        return Missing("There is no 'openssl' to make the control plane's certificates.", "install the package openssl")
    return folder


def find_cni() -> Path | None:
    """The folder with the network plugins that a node needs."""
    return next((f for f in CNI_FOLDERS if all((f / name).exists() for name in ("bridge", "host-local"))), None)


def node_missing(assets: Path | Missing) -> Missing | None:
    """Everything that this machine lacks for a kubelet beside the control plane in `assets`; None if it can run one."""
    lacks = [assets] if isinstance(assets, Missing) else []
    if isinstance(assets, Path) and not os.access(assets / "kubelet", os.X_OK):
        lacks.append(Missing(f"{assets} has no kubelet.", "`unset KUBEBUILDER_ASSETS`, then `make cluster`"))
    if platform.system() != "Linux":
        lacks.append(Missing(f"A kubelet needs Linux, and this is {platform.system()}.", "run them on Linux"))
    else:
        absent = [name for name in NODE_COMMANDS if not shutil.which(name)]
        absent += ["CNI plugins"] * (find_cni() is None) + [str(BUSYBOX)] * (not BUSYBOX.exists())
        if absent:
            lacks.append(Missing(f"A kubelet needs {', '.join(absent)} here.", f"as root, `{INSTALL}`"))
        if os.geteuid() != 0:
            lacks.append(Missing("A kubelet needs root.", "run the tests as root"))
    if not lacks:
        return None
    return Missing(" ".join(lack.reason for lack in lacks), "; ".join(lack.remedy for lack in lacks))
