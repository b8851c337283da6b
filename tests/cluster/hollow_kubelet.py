"""A kubelet of paper: it says of the Pods of one namespace what a kubelet would say of them, and runs nothing.

A thread gives the namespace a Node of its own, binds Pods to it and writes their status (Running and Ready, native sidecars
started first), so that controllers complete their rollouts. A taint keeps the Pods of other tests away from the Node. With
`break_helper`, the named native sidecar of every Pod that is new from then on fails in one of the ways that real ones do.
"""

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from tests.cluster.control_plane import ControlPlane

Failure = Literal["crashes", "ends with 0", "no image"]
TAINT = {"key": "hollow.test/only", "value": "true", "effect": "NoSchedule"}
TOLERATIONS = [{"key": TAINT["key"], "operator": "Exists"}]
_LOOK_SECONDS = 0.1
_HEARTBEAT_LOOKS = 100
"""A Node that is silent for 50 s is taken for dead, and its Pods for not ready."""
MERGE = "application/merge-patch+json"


@dataclass
class HollowKubelet:
    """The thread's work. Errors of requests other than a Pod that changed or went away meanwhile are kept in `fault`."""

    cluster: ControlPlane
    namespace: str
    version: str = "v1.35.4"
    broken: dict[str, Failure] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    fault: BaseException | None = None
    _said: dict[str, str] = field(default_factory=dict)

    @property
    def node(self) -> str:
        return f"hollow-{self.namespace}"

    def break_helper(self, container: str, how: Failure) -> None:
        """From now on this native sidecar fails in new Pods."""
        self.broken[container] = how

    def repair(self) -> None:
        """New Pods are well again."""
        self.broken.clear()

    def run(self) -> None:
        """Looks at the namespace's Pods until `stop` is set."""
        looks = 0
        try:
            self._make_node()
            while not self.stop.wait(_LOOK_SECONDS):
                looks += 1
                if looks % _HEARTBEAT_LOOKS == 0:
                    self._send("PATCH", f"/api/v1/nodes/{self.node}/status", self._node_status(), MERGE)
                for pod in self._send("GET", self._pods)["items"]:
                    self._care_for(pod)
        except BaseException as error:  # noqa: BLE001 what stops the thread is told by the fixture
            self.fault = error

    def remove(self) -> None:
        """Takes the Node away, and the Pods that nobody would end any more."""
        self._send("DELETE", f"{self._pods}?gracePeriodSeconds=0")
        self._send("DELETE", f"/api/v1/nodes/{self.node}")

    @property
    def _pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def _make_node(self) -> None:
        meta = {"name": self.node, "labels": {"kubernetes.io/hostname": self.node}}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": {"taints": [TAINT]}}
        self._send("POST", "/api/v1/nodes", node)
        self._send("PATCH", f"/api/v1/nodes/{self.node}/status", self._node_status(), MERGE)

    def _node_status(self) -> dict[str, Any]:
        ready = {**_condition("Ready"), "lastHeartbeatTime": _now(), "reason": "Hollow", "message": "hollow"}
        size = {"cpu": "64", "memory": "256Gi", "pods": "500"}
        info = {"kubeletVersion": self.version, "operatingSystem": "linux", "architecture": "amd64"}
        return {
            "status": {"conditions": [ready], "capacity": size, "allocatable": size, "nodeInfo": {**_NO_INFO, **info}}
        }

    def _care_for(self, pod: Mapping[str, Any]) -> None:
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        path = f"{self._pods}/{name}"
        try:
            if pod["metadata"].get("deletionTimestamp"):
                self._send("DELETE", f"{path}?gracePeriodSeconds=0")
            elif not pod["spec"].get("nodeName"):
                target = {"apiVersion": "v1", "kind": "Node", "name": self.node}
                binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
                self._send("POST", f"{path}/binding", binding)
            elif pod["spec"]["nodeName"] == self.node and uid not in self._said:
                self._send("PATCH", f"{path}/status", {"metadata": {"uid": uid}, "status": self._status(pod)}, MERGE)
                self._said[uid] = name
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in (404, 409, 422):
                    raise

    def _status(self, pod: Mapping[str, Any]) -> dict[str, Any]:
        spec = pod["spec"]
        inits, apps = spec.get("initContainers") or [], spec["containers"]
        broken = next(
            (c["name"] for c in inits if c.get("restartPolicy") == "Always" and c["name"] in self.broken), None
        )
        well = broken is None
        states = [self._container(c, native=c.get("restartPolicy") == "Always") for c in inits]
        return {
            "phase": "Running" if well else "Pending",
            "conditions": [_condition("PodScheduled"), _condition("Initialized", well=well),
                           _condition("ContainersReady", well=well), _condition("Ready", well=well)],
            "initContainerStatuses": states,
            "containerStatuses": [_running(c) if well else _waiting(c, "PodInitializing") for c in apps],
            "startTime": _now(),
            "hostIP": "192.0.2.1",
            "podIP": "192.0.2.2",
        }  # fmt: skip

    def _container(self, container: Mapping[str, Any], *, native: bool) -> dict[str, Any]:
        if not native:
            return {**_base(container), "ready": True, "state": {"terminated": _ended(0, "Completed")}}
        match self.broken.get(container["name"]):
            case "crashes":
                last = {"restartCount": 3, "lastState": {"terminated": _ended(1, "Error")}}
                return {**_waiting(container, "CrashLoopBackOff"), **last}
            case "ends with 0":
                # its state never says CrashLoopBackOff: only the count of restarts tells
                ended = _ended(0, "Completed")
                return {
                    **_base(container),
                    "restartCount": 3,
                    "state": {"terminated": ended},
                    "lastState": {"terminated": ended},
                }
            case "no image":
                return _waiting(container, "InvalidImageName")
            case None:
                return _running(container)

    def _send(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Any:
        request = urllib.request.Request(
            self.cluster.server + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self.cluster.token_for('admin')}", "Content-Type": content_type},
        )
        trust = ssl.create_default_context(cafile=str(self.cluster.ca))
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
            return json.load(answer)


_NO_INFO = dict.fromkeys(
    ("machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeProxyVersion"), ""
)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(type: str, *, well: bool = True) -> dict[str, Any]:
    return {"type": type, "status": "True" if well else "False", "lastTransitionTime": _now()}


def _base(container: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0, "ready": False}


def _running(container: Mapping[str, Any]) -> dict[str, Any]:
    return {**_base(container), "ready": True, "started": True, "state": {"running": {"startedAt": _now()}}}


def _waiting(container: Mapping[str, Any], reason: str) -> dict[str, Any]:
    return {**_base(container), "started": False, "state": {"waiting": {"reason": reason}}}


def _ended(code: int, reason: str) -> dict[str, Any]:
    return {"exitCode": code, "reason": reason, "startedAt": _now(), "finishedAt": _now()}


@contextmanager
def hollow_kubelet(cluster: ControlPlane, namespace: str) -> Iterator[HollowKubelet]:
    """Cares for the namespace's Pods until the block ends."""
    kubelet = HollowKubelet(cluster, namespace)
    thread = threading.Thread(target=kubelet.run, name=kubelet.node, daemon=True)
    thread.start()
    try:
        yield kubelet
    finally:
        kubelet.stop.set()
        thread.join(40)
        kubelet.remove()
    if kubelet.fault is not None:
        raise AssertionError(f"the hollow kubelet of {namespace} stopped: {kubelet.fault!r}") from kubelet.fault
