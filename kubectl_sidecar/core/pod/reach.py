"""Who reaches whom inside a Pod, as far as its spec says so: ports that a container serves, ports and files that commands,
probes and hooks ask for. The judging modules (placement, problems, probes, hooks, risks) all ask here, so they agree.

A port counts as a container's own when its spec declares or sets it; what nobody declares is nobody's, and proves nothing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from kubectl_sidecar.core.classification.pointers import in_env, in_words, mentions_local, own_ports, probe_ports
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
    container = Container(command=command, args=args, ports=ports)
    words = capped_words(container)
    own = own_ports(container, words)
    if mentions_local(joined(words)):
        own |= in_words(words, len(command or ()), "")[1]
    return frozenset(own)


@lru_cache(maxsize=4096)
def _dialled(command: Words, args: Words, env: tuple[EnvVar, ...] | None) -> frozenset[int]:
    container = Container(command=command, args=args, env=env)
    words = capped_words(container)
    text = joined(words)
    found: set[int] = set(local_ports(text))
    if mentions_local(text):
        found |= {p.port for p in in_words(words, len(command or ()), "")[0] if p.port}
    return frozenset(found | {p.port for p in in_env(container, "") if p.port})


def port_names(container: Container) -> frozenset[str]:
    return frozenset(p.name for p in container.ports or () if p.name)


def need(client: Container, server: Container) -> int | None:
    """The port of `server` that `client` points at on localhost; None where it does not."""
    return min(dialled(client) & served(server), default=None)


_SELF = re.compile(r"\$[({]?(?:\w{0,20}POD_IP|HOSTNAME)[)}]?|\$\(hostname(?: -[iI])?\)|`hostname(?: -[iI])?`")
"""How a script names its own Pod: all containers of a Pod have one address."""
_LOCAL = re.compile(
    r"(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0)(?:[:/]| {1,4}(?:-p |--port[ =])?)(\d{2,5})(?!\d)", re.ASCII
)
_OPTION = re.compile(r"(?:-p|--port)[ =](\d{2,5})(?!\d)", re.ASCII)
_BASH_TCP = re.compile(r"/dev/tcp/(?:localhost|127\.0\.0\.1)/(\d{2,5})", re.ASCII)


_DEFAULT_PORTS = {"mysql": 3306, "mysqladmin": 3306, "mariadb": 3306, "psql": 5432, "pg_isready": 5432, "redis-cli": 6379,
                  "mongo": 27017, "mongosh": 27017, "curl": 80, "wget": 80}  # fmt: skip
_WITHOUT_PORT = re.compile(r"(?<![\w/-])([a-z][\w-]{2,12})\b[^;|&]{0,80}?(?:localhost|127\.0\.0\.1)(?![:\w.])")


def local_ports(text: str) -> frozenset[int]:
    """The ports on localhost that a command line asks: `curl localhost:80`, `nc -z 127.0.0.1 5432`, `/dev/tcp/localhost/80`;
    where none is written, the tool's own: `mysql -h 127.0.0.1`."""
    text = text[:TEXT_CAP]
    if "$" in text or "`" in text:
        text = _SELF.sub("localhost", text)
    if not mentions_local(text) and "0.0.0.0" not in text:
        return frozenset()
    found = {int(port) for port in (*_LOCAL.findall(text), *_BASH_TCP.findall(text))}
    if not found:  # pg_isready -h localhost -p 5432
        found = {int(port) for port in _OPTION.findall(text)}
    if not found:
        found = {_DEFAULT_PORTS[tool] for tool in _WITHOUT_PORT.findall(text) if tool in _DEFAULT_PORTS}
    return frozenset(port for port in found if 0 < port < 65_536)


class Asked(NamedTuple):
    """What a probe or a hook asks: ports by number (or one by name), the path or command for patterns of recipes, and
    whether it only ends when something has come true (a loop)."""

    ports: frozenset[int]
    name: str
    text: str
    waits: bool
    way: str
    """How a person writes it: `httpGet :8080/healthz`, `exec`."""


def asked_by(action: Probe | Hook | None) -> Asked | None:
    """What a probe or hook asks for inside its Pod; None where there is none or another host is meant."""
    if action is None:
        return None
    if action.exec is not None:
        text = joined(action.exec.command or ())
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


def _elsewhere(host: str | None) -> bool:
    """Whether a `host` field names another machine; without one the kubelet asks the Pod's own address."""
    return bool(host)


def _by_port(port: int | str | None, text: str, way: str) -> Asked:
    if isinstance(port, str) and port.isascii() and port.isdecimal() and len(port) <= 5:
        port = int(port)
    numbers = frozenset((port,)) if isinstance(port, int) else frozenset[int]()
    return Asked(numbers, port if isinstance(port, str) else "", text, False, way)


_LOOP = re.compile(r"\b(?:while|until)\b|\bwait-for(?:-it)?\b|\bdockerize\b.{0,200}-wait|\bwait4x\b|\binotifywait\b")


@lru_cache(maxsize=4096)
def loops(text: str) -> bool:
    """Whether a command line waits for something to come true."""
    return _LOOP.search(text[:TEXT_CAP]) is not None


_WAIT = re.compile(
    r"(?:\b(?:until|while)\b(?! (?:true|:)\b)([^;]{0,400})|\b(?:wait-for(?:-it)?(?:\.sh)?|wait4x)\b(.{0,200})|\bdockerize\b(.{0,400}))"
)


@lru_cache(maxsize=4096)
def waited_for(text: str) -> frozenset[int]:
    """The ports on localhost that a command line waits for before it goes on."""
    found: set[int] = set()
    for match in _WAIT.finditer(text[:TEXT_CAP]):
        found |= local_ports(" ".join(part for part in match.groups() if part))
    return frozenset(found)


_FILE = re.compile(
    r"\b(?:until|while) +(?:! *)?(?:(?:\[\[?|test) +(?:! +)?-[efsSdrp]|(?:ls|stat|cat)(?: +-\w+)?) +[\"']?(/[\w./-]{1,200})"
)


@lru_cache(maxsize=4096)
def files_waited_for(text: str) -> tuple[str, ...]:
    """The files whose appearance a loop waits for."""
    return tuple(dict.fromkeys(_FILE.findall(text[:TEXT_CAP])))


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
