"""What the measurements run on: the two programs, a control plane filled up to a size, a slow network before it, and what a user's
machine would have (a home with kubectl's discovery cache, a terminal's TERM), all in one folder that goes away.

The controllers are stopped, so that 10,000 new Deployments do not keep both cores busy while others are measured.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from kubectl_sidecar.actions.inspect import FIRST_PAGE, NEXT_PAGES
from kubectl_sidecar.core.kinds import KINDS, Resource
from tests.bench.fill import connect, create_deployments, make_namespaces, request
from tests.bench.measure import BenchError, Surroundings
from tests.bench.workloads import deployments
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.processes import bound_to_us, tail

CHECKOUT = Path(__file__).parents[2]
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@dataclass(frozen=True)
class Programs:
    """Absolute paths of kubectl and of the plugin of the environment that runs the benchmark."""

    kubectl: str
    sidecar: str


@dataclass(frozen=True)
class World:
    """A control plane with `count` Deployments."""

    programs: Programs
    where: Surroundings
    cluster: ControlPlane
    count: int


def programs(assets: Path) -> Programs:
    """The two programs. Raises BenchError."""
    sidecar = Path(sys.executable).parent / "kubectl-sidecar"
    if not sidecar.exists():
        raise BenchError(f"{sidecar} is not there: install the package into the environment of the benchmark")
    return Programs(str(assets / "kubectl"), str(sidecar))


def surroundings(folder: Path, found: Programs) -> Surroundings:
    """A home of its own in the folder, and a PATH on which kubectl finds the plugin."""
    home, path = folder / "home", folder / "bin"
    for each in (home, path):
        each.mkdir(exist_ok=True)
    for name, program in (("kubectl", found.kubectl), ("kubectl-sidecar", found.sidecar)):
        if not (path / name).exists():
            (path / name).symlink_to(program)
    environ = {"HOME": str(home), "PATH": f"{path}{os.pathsep}/usr/bin{os.pathsep}/bin", "TERM": "xterm-256color",
               "LANG": "C.UTF-8"}  # fmt: skip
    return Surroundings(environ, folder)


@contextmanager
def empty_world(assets: Path, folder: Path) -> Iterator[World]:
    """A control plane without any Deployment, its controllers stopped."""
    found = programs(assets)
    where = surroundings(folder, found)
    planes = folder / "plane"
    planes.mkdir()
    with control_plane(assets, planes) as cluster:
        _stop_controllers(cluster)
        make_namespaces(cluster)
        yield World(found, where, cluster, 0)


def filled(world: World, count: int, *, containers: int | None = None) -> World:
    """The same control plane with `count` Deployments, the missing ones created now."""
    begin = time.monotonic()
    more = deployments(count - world.count, containers=containers, first=world.count)
    create_deployments(world.cluster, more)
    took = time.monotonic() - begin
    size = sum(map(len, deployment_pages(world.cluster)))
    print(
        f"# {count:,} Deployments are there, {size / count / 1000:.1f} kB each; creating took {took:.0f} s", flush=True
    )
    return World(world.programs, world.where, world.cluster, count)


def _stop_controllers(cluster: ControlPlane) -> None:
    """Ends the controller manager and the scheduler of this control plane, and of no other: its kubeconfig names it."""
    mine = f"--kubeconfig={cluster.kubeconfig}".encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if Path(os.fsdecode(words[0])).name in _CONTROLLERS and mine in words:
            os.kill(int(entry.parent.name), signal.SIGKILL)


# Pages, as our list asks for them


def _path(resource: Resource) -> str:
    return f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"


def page_paths(cluster: ControlPlane) -> list[str]:
    """The paths with query of all pages of all kinds, each with a fresh continue token. A token lives for some minutes."""
    paths = []
    with closing(connect(cluster)) as connection:
        for kind in KINDS:
            limit, token = FIRST_PAGE, ""
            while True:
                query = f"?limit={limit}" + (f"&continue={quote(token)}" if token else "")
                path = f"{_path(kind.resource)}/{kind.resource.plural}{query}"
                paths.append(path)
                token = json.loads(_body(cluster, connection, path, accept=_METADATA))["metadata"].get("continue") or ""
                if not token:
                    break
                limit = NEXT_PAGES
    return paths


def deployment_pages(cluster: ControlPlane) -> list[bytes]:
    """All pages of Deployments, as JSON bytes without line breaks."""
    with closing(connect(cluster)) as connection:
        wanted = [path for path in page_paths(cluster) if "/deployments" in path]
        return [_body(cluster, connection, path).rstrip(b"\n") for path in wanted]


def _body(cluster: ControlPlane, connection: Any, path: str, *, accept: str = "application/json") -> bytes:
    status, body = request(connection, cluster, "GET", path, accept=accept)
    if status != 200:
        raise BenchError(f"GET {path}: {status} {body[:300].decode(errors='replace')}")
    return body


_REQUEST = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.M)


def served_requests(cluster: ControlPlane) -> float:
    """How many LISTs and GETs of kinds with a Pod template, and of the version, the API server has answered so far."""
    with closing(connect(cluster)) as connection:
        text = _body(cluster, connection, "/metrics").decode()
    plurals = {f'resource="{kind.resource.plural}"' for kind in KINDS}
    counted = 0.0
    for labels, value in _REQUEST.findall(text):
        words = set(labels.split(","))
        if words & plurals and words & {'verb="LIST"', 'verb="GET"'}:
            counted += float(value)
    return counted


@contextmanager
def slow_network(world: World, *, round_trip_ms: float, megabits: float) -> Iterator[Path]:
    """A kubeconfig that reaches the control plane through the relay."""
    server = urlsplit(world.cluster.server)
    log = world.where.folder / "relay.log"
    command = [
        *(*bound_to_us(), sys.executable, "-m", "tests.bench.relay", str(server.hostname), str(server.port)),
        *(f"--round-trip-ms={round_trip_ms}", f"--megabits={megabits}"),
    ]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=errors, text=True) as relay,
    ):
        try:
            port = relay.stdout.readline().strip() if relay.stdout else ""
            if not port:
                raise BenchError(f"the relay did not start. {tail(log)}")
            config = json.loads(world.cluster.kubeconfig.read_text())
            # A name that the certificate has, which no client takes for this machine: it is the proxy that connects.
            config["clusters"][0]["cluster"] |= {
                "server": "https://kubernetes:6443",
                "proxy-url": f"http://127.0.0.1:{port}",
            }
            far = world.where.folder / "far-kubeconfig"
            far.touch(mode=0o600)
            far.write_text(json.dumps(config))
            yield far
        finally:
            relay.kill()
