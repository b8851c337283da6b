"""One real node for tests: kubelet, containerd, runc and a bridge network, beside a control plane of tests.cluster.

Everything that the node starts lives in a process namespace and a mount namespace of its own: ending the first process of the
namespace ends kubelet, containerd, shims and containers at once, and the mounts go with them. /run, /var/lib and /var/log are
empty file systems in memory in there, so the fixed paths that these programs share with others of their kind (a machine's own
kubelet or containerd, a second run) are private. What the kernel keeps beyond that, a bridge and a cgroup, carries a name that
no other run has, and a guard process removes both, even if pytest itself is killed.

It needs root. What it does change on the machine are sysctls that a kubelet and the bridge plugin set, such as ip_forward.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.assets import BUSYBOX, find_cni
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import NotUp, running, tail
from tests.node.image import IMAGE, PAUSE, write_archive

TAINT = {"key": "kubectl-sidecar-tests", "value": "node", "effect": "NoSchedule"}
CGROUPS = Path("/sys/fs/cgroup")

# Process 1 of the namespace; it also reaps what the shims leave behind. $1 is the kubelet, $2 the node's name, $3 its address.
INIT = """
set -eu
for folder in /run /var/lib /var/log; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p /var/log/pods /var/lib/kubelet
containerd --config containerd.toml >containerd.log 2>&1 &
tries=0
until ctr --address containerd.sock version >/dev/null 2>&1; do
  tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "containerd does not answer"; exit 1; }
  sleep 0.1
done
ctr --address containerd.sock --namespace k8s.io images import image.tar
"$1" --kubeconfig=node.kubeconfig --config=kubelet.json --hostname-override="$2" --node-ip="$3" >kubelet.log 2>&1 &
wait
"""

# Waits until its input ends, which it does with pytest at the latest; then the namespace is ending too, so it tries again
# until the cgroup's last process is gone. $1 is the name of bridge and cgroup.
GUARD = """
trap '' INT TERM HUP
cat >/dev/null
ip link delete "$1"
for try in $(seq 150); do
  left=
  for root in /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1"; do
    [ -d "$root" ] || continue
    find "$root" -depth -type d -exec rmdir {} ';'
    [ ! -d "$root" ] || left=$root
  done
  [ -n "$left" ] || exit 0
  sleep 0.1
done
exit 1
"""


@dataclass(frozen=True)
class Node:
    """A running node. Pods see its folder `shared` as a hostPath volume of that path: what they write, tests read."""

    name: str
    shared: Path
    folder: Path

    def add_image(self, reference: str) -> None:
        """Gives the busybox image one more name, e.g. the image that a workload under test asks for. Such a Pod must not
        have imagePullPolicy Always: there is no registry."""
        _ctr(self.folder, "images", "tag", "--force", IMAGE, reference)


@contextmanager
def node(control_plane: ControlPlane, dir: Path) -> Iterator[Node]:
    """Adds a node to the control plane until the block ends (about 4 s to start); its logs stay in the empty folder `dir`.

    The node has TAINT, so only Pods that tolerate it run there. Raises NotUp, with the end of the kubelet's log.
    """
    shared = dir / "shared"
    shared.mkdir()
    with _bridge() as (name, network):
        _make_cgroup(name)
        _write_configuration(control_plane, dir, name, network)
        write_archive(dir / "image.tar", busybox=BUSYBOX)
        namespaces = ("--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc")
        init = [
            "unshare",
            *namespaces,
            "sh",
            "-c",
            INIT,
            "init",
            str(control_plane.assets / "kubelet"),
            name,
            f"{network}.1",
        ]
        with running(init, log=dir / "init.log") as process:
            _wait_until_ready(control_plane, name, dir, process)
            try:
                yield Node(name=name, shared=shared, folder=dir)
            finally:
                control_plane.kubectl("delete", "node", name, "--ignore-not-found", check=False)


@contextmanager
def _bridge() -> Iterator[tuple[str, str]]:
    """A bridge that no other run has, as (name, first three numbers of its network), and its guard."""
    for number in range(1, 255):
        name, network = f"kst{number}", f"10.213.{number}"
        routes = ["ip", "-4", "route", "show", "root", f"{network}.0/24"]
        if subprocess.run(routes, capture_output=True, text=True, check=True).stdout:
            continue
        # the kernel refuses a name that exists: who makes the bridge has the number
        if not subprocess.run(
            ["ip", "link", "add", name, "type", "bridge"], capture_output=True, check=False
        ).returncode:
            break
    else:
        raise NotUp("None of the networks 10.213.1.0/24 to 10.213.254.0/24 is free for a test node's bridge.")
    with subprocess.Popen(
        ["sh", "-c", GUARD, "guard", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):  # leaving the block closes its input and waits for it
        # The node's address must not be a loopback one: the bridge's own, which only this machine and its Pods reach.
        subprocess.run(["ip", "address", "add", f"{network}.1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        yield name, network


def _make_cgroup(name: str) -> None:
    """The node's own root of cgroups: a kubelet kills the containers that it does not know under its root."""
    controllers = CGROUPS / "cgroup.controllers"
    if controllers.exists():  # cgroup v2
        wanted = " ".join(f"+{controller}" for controller in controllers.read_text().split())
        (CGROUPS / "cgroup.subtree_control").write_text(wanted)
        (CGROUPS / name).mkdir()
        (CGROUPS / name / "cgroup.subtree_control").write_text(wanted)
        return
    for hierarchy in CGROUPS.iterdir():
        if hierarchy.is_dir() and not hierarchy.is_symlink():
            (hierarchy / name).mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):  # empty in a new cgroup, which then takes no process
                if (hierarchy / file).exists():
                    (hierarchy / name / file).write_text((hierarchy / file).read_text())


def _write_configuration(control_plane: ControlPlane, folder: Path, name: str, network: str) -> None:
    cni = {
        "cniVersion": "0.4.0",
        "name": name,
        "plugins": [
            {
                "type": "bridge",
                "bridge": name,
                "isGateway": True,
                "ipam": {"type": "host-local", "subnet": f"{network}.0/24", "routes": [{"dst": "0.0.0.0/0"}]},
            }
        ],
    }
    (folder / "cni").mkdir()
    (folder / "cni" / "10-test.conflist").write_text(json.dumps(cni))
    (folder / "containerd.toml").write_text(_containerd(folder))
    (folder / "kubelet.json").write_text(json.dumps(_kubelet(control_plane, folder, name, network)))
    kubeconfig = control_plane.kubeconfig.read_text()
    (folder / "node.kubeconfig").touch(mode=0o600)
    (folder / "node.kubeconfig").write_text(kubeconfig)


def _containerd(folder: Path) -> str:
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE runc may not lower it ("can't get final child's PID from pipe: EOF").
    return f"""
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{find_cni()}"
conf_dir = "{folder}/cni"
"""


def _kubelet(control_plane: ControlPlane, folder: Path, name: str, network: str) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,  # 1.35 refuses cgroup v1 unless told
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{name}",
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "makeIPTablesUtilChains": False,  # it would leave chains on the machine; nothing here needs them
        "address": f"{network}.1",
        "healthzPort": 0,
        "readOnlyPort": 0,
        "resolvConf": "",
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%"},
        "registerWithTaints": [TAINT],
        # the API server alone, by its client certificate: who reaches a kubelet is root
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(control_plane.ca)},
        },
        "authorization": {"mode": "AlwaysAllow"},
    }


def _wait_until_ready(control_plane: ControlPlane, name: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
    for wait in ("create", "condition=Ready"):
        done = control_plane.kubectl("wait", f"--for={wait}", f"node/{name}", "--timeout=120s", check=False)
        if done.returncode or process.poll() is not None:
            logs = "\n".join(tail(folder / f"{program}.log") for program in ("init", "containerd", "kubelet"))
            raise NotUp(f"The test node did not become Ready: {done.stderr.strip()}\n{logs}")


def _ctr(folder: Path, *arguments: str) -> None:
    command = ["ctr", "--address", f"{folder}/containerd.sock", "--namespace", "k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"ctr {' '.join(arguments)} failed: {done.stderr.strip()}")
