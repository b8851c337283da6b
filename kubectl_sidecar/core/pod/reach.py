"""Who reaches whom inside a Pod, as far as its spec says so: ports that a container serves, ports and files that commands,
probes and hooks ask for. The judging modules (placement, problems, probes, hooks, risks) all ask here, so they agree.

A port counts as a container's own when its spec declares or sets it; what nobody declares is nobody's, and proves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from kubectl_sidecar.core.classification.pointers import in_env, in_words, listened, mentions_local, probe_ports
from kubectl_sidecar.core.pod.scripts import local_ports, loops, with_values
from kubectl_sidecar.core.recipes.globs import TEXT_CAP, capped_words, joined
from kubectl_sidecar.core.workload import Container, EnvVar, Hook, PodSpec, Port, Probe


def served(container: Container) -> frozenset[int]:
    """The ports that a container serves: those that it declares, and those that its options say it listens on."""
    return _served(container.command, container.args, container.ports)


def answers(container: Container) -> frozenset[int]:
    """The same, and the ports that its own readiness and liveness probes ask: of a main container these are its own too."""
    return served(container) | probe_ports(
        Container(readiness_probe=container.readiness_probe, liveness_probe=container.liveness_probe)
    )


def dialled(container: Container) -> frozenset[int]:
    """The ports on localhost that a container's command, arguments and environment point at, its own left out."""
    return _dialled(container.command, container.args, container.env) - served(container)


Words = tuple[str, ...] | None


@lru_cache(maxsize=4096)
def _served(command: Words, args: Words, ports: tuple[Port, ...] | None) -> frozenset[int]:
    words = capped_words(Container(command=command, args=args))
    text = joined(words)
    own = listened(words, text) | {p.container_port for p in ports or () if p.container_port}
    if mentions_local(text):
        own |= in_words(words, len(command or ()))[1]
    return frozenset(own)


@lru_cache(maxsize=4096)
def _dialled(command: Words, args: Words, env: tuple[EnvVar, ...] | None) -> frozenset[int]:
    container = Container(command=command, args=args, env=env)
    words = capped_words(container)
    text = joined(words)
    found: set[int] = set(local_ports(text))
    if mentions_local(text):
        found |= {p.port for p in in_words(words, len(command or ()))[0] if p.port}
    return frozenset(found | {p.port for p in in_env(container) if p.port})


def command_text(container: Container) -> str:
    """Command and arguments as one text, with variables filled in where the spec gives them a path, a port or a local host."""
    text = joined(capped_words(container))
    return with_values(text, _plain_values(container)) if "$" in text else text


_PLAIN_VALUE = re.compile(r"/[\w./-]{1,200}|\d{2,5}|localhost|127\.0\.0\.1", re.ASCII)


def _plain_values(container: Container) -> dict[str, str]:
    """What may be filled in: nothing that could be a secret."""
    return {e.name: e.value for e in container.env or () if e.value and _PLAIN_VALUE.fullmatch(e.value)}


def port_names(container: Container) -> frozenset[str]:
    return frozenset(p.name for p in container.ports or () if p.name)


def need(client: Container, server: Container) -> int | None:
    """The port of `server` that `client` points at on localhost; None where it does not."""
    return min(dialled(client) & served(server), default=None)


_MESH_PORTS = range(15_000, 15_100)
"""Istio's agent and proxy have these in every Pod that they are injected into, and no template says so:
https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio"""


def calls(text: str, path: str, server: Container, others: Iterable[Container]) -> bool:
    """Whether a command line calls this URL path of `server`. Where the URL has a port, it is not that of another container, nor
    one of a mesh's agent, unless `server` has it too; a port that nobody declares may be its own."""
    ports = re.findall(rf"(?::(\d{{1,5}})/?)?{re.escape(path)}", text[:TEXT_CAP])
    if not any(ports):
        return bool(ports)
    own = answers(server)
    foreign = {port for other in others if other.name != server.name for port in answers(other)} | {*_MESH_PORTS}
    return any(not port or int(port) not in foreign - own for port in ports)


class Asked(NamedTuple):
    """What a probe or a hook asks: ports by number (or one by name), the path or command for patterns of recipes, and
    whether it only ends when something has come true (a loop)."""

    ports: frozenset[int]
    name: str
    text: str
    waits: bool
    way: str
    """How a person writes it: `httpGet :8080/healthz`, `exec`."""


def asked_by(action: Probe | Hook | None, container: Container | None = None) -> Asked | None:
    """What a probe or hook asks for inside its Pod; None where there is none or another host is meant. With its container the
    variables of a command are filled in."""
    if action is None:
        return None
    if action.exec is not None:
        text = with_values(joined(action.exec.command or ()), _plain_values(container) if container else {})
        return Asked(local_ports(text), "", text, loops(text), "exec")
    if action.http_get is not None:
        asks, path = action.http_get, action.http_get.path or "/"
        return None if _elsewhere(asks.host) else _by_port(asks.port, path, f"httpGet :{asks.port}{path}")
    if action.tcp_socket is not None:
        return (
            None
            if _elsewhere(action.tcp_socket.host)
            else _by_port(action.tcp_socket.port, "", f"tcpSocket :{action.tcp_socket.port}")
        )
    if isinstance(action, Probe) and action.grpc is not None:
        return _by_port(action.grpc.port, action.grpc.service or "", f"grpc :{action.grpc.port}")
    return None


_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


def _elsewhere(host: str | None) -> bool:
    """Whether a `host` field names another machine. Without one the kubelet asks the Pod's own address; a loopback address is the
    node's, and so the Pod's own where it uses the node's network. Where it does not, the Pod's own is what was meant."""
    return bool(host) and host not in _LOOPBACK


def _by_port(port: int | str | None, text: str, way: str) -> Asked:
    if isinstance(port, str) and port.isascii() and port.isdecimal() and len(port) <= 5:
        port = int(port)
    numbers = frozenset((port,)) if isinstance(port, int) else frozenset[int]()
    return Asked(numbers, port if isinstance(port, str) else "", text, False, way)


_SHELLS = ("sh", "bash", "ash", "dash", "zsh")


def script_of(container: Container) -> str:
    """The shell script that a container runs (`sh -c SCRIPT`); empty where it runs none."""
    words = capped_words(container)
    if not words or words[0].rpartition("/")[2] not in _SHELLS:
        return ""
    for i, word in enumerate(words[1:4], start=1):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c") and i + 1 < len(words):
            return words[i + 1]
    return ""


def volume_at(container: Container, path: str) -> str:
    """The volume that holds a path in a container, by the longest mount; empty where it is in none."""
    mounts = [m for m in container.volume_mounts or () if m.mount_path and _below(path, m.mount_path)]
    return max(mounts, key=lambda m: len(m.mount_path)).name if mounts else ""


def _below(path: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return path == folder or path.startswith(f"{folder}/")


def writes(container: Container) -> frozenset[str]:
    """The volumes that a container mounts and may write."""
    return frozenset(m.name for m in container.volume_mounts or () if not m.read_only)


def mounts(container: Container) -> frozenset[str]:
    return frozenset(m.name for m in container.volume_mounts or ())


def passing_volumes(spec: PodSpec) -> frozenset[str]:
    """The volumes that containers of one Pod can hand each other files by: emptyDirs, claims and host paths; and those of a
    StatefulSet's claim templates, which are in no list."""
    listed = {v.name for v in spec.volumes or ()}
    passing = {v.name for v in spec.volumes or () if v.empty_dir or v.persistent_volume_claim or v.host_path}
    mounted = {m.name for c in (*spec.main_list, *spec.init_list) for m in c.volume_mounts or ()}
    return frozenset(passing | (mounted - listed))


def same_file(path: str, here: Container, there: Container) -> str:
    """What a container calls a file of another one: by the volume that both mount. The same path where neither has it in a volume."""
    volume = volume_at(here, path)
    if not volume:
        return path
    base = max(
        (m.mount_path.rstrip("/") for m in here.volume_mounts or () if m.name == volume and _below(path, m.mount_path)),
        key=len,
    )
    mount = next(
        (m.mount_path.rstrip("/") for m in there.volume_mounts or () if m.name == volume and not m.sub_path), None
    )
    return "" if mount is None else mount + path[len(base) :]
