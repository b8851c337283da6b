"""What a recipe says of one family of helpers, in a closed vocabulary. A recipe is data (migrations/*.yaml); no family's name
appears in code. Every field here changes some result, and a field that is not here is an error with its path
(recipe_reader.py reads it, and derives the editors' schema from these classes)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Traffic = Literal["inbound", "outbound", "none"]
Movable = Literal["yes", "operator", "never"]
PlacementClass = Literal[
    "network-proxy", "tunnel", "identity", "secrets", "data-proxy", "config-sync", "policy", "telemetry", "log-shipper", "other"
]  # fmt: skip
"""In start order: what later classes may need of earlier ones. Stop order is the reverse."""

HookEffect = Literal["delay", "drain", "exit", "flush", "revoke", "wait-for-app"]


@dataclass(frozen=True, slots=True)
class Match:
    """Patterns over one container. Each group is a list of alternatives; all are globs (`*`, `?`), never regular expressions.

    images    repository path without registry, tag and digest, on whole path segments from the end: `fluent/fluent-bit`
              matches `docker.io/fluent/fluent-bit:3.2`; a pattern with a dot or port in its first segment includes the registry;
              a glob after a colon has to fit the tag: `php:*fpm*`
    names     the container's name
    command   command and args joined with blanks, anywhere inside: `vault agent`, `--upstream=http://127.0.0.1:*`
    args      one whole word of command or args
    env       names of environment variables, or NAME=value glob
    ports     numbers of containerPort
    mounts    mountPath of volume mounts
    """

    images: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    mounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """How an injector is told to inject the native form. `since` and `until` are the injector's versions."""

    scope: str
    kind: str
    name: str
    value: str = ""
    since: str = ""
    until: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Injector:
    """Who puts this container into Pods at admission. `marks` are annotation or label keys (globs) that it leaves on the Pod;
    `asks` are those (key or key=value) by which a user asks for injection."""

    by: str
    marks: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()
    since: str = ""
    default_since: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class StartupProbe:
    """A probe that passes without the app. `probe` is its Kubernetes form (httpGet, tcpSocket, exec or grpc, no timings);
    it is offered only where `requires` matches the container (all of its non-empty groups).

    `port_from` are patterns with one `*` over the words and over NAME=value of the environment; where one fits, what the `*`
    stands for is the address or port to probe: `--http-port=*` (also as two words), `--metrics=*`.
    `not_with` are such patterns, or whole words, with which the probe would fail: `--web.config.file=*` (TLS)."""

    probe: dict[str, Any]
    requires: Match = field(default_factory=Match)
    port_from: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()
    note: str = ""

    def configured(self, words: Sequence[str], env: Mapping[str, str]) -> dict[str, Any] | None:
        """The probe for a container with these words of command and args and this environment: with the port that they set.
        None where they bind it to localhost or set no usable port, because the kubelet could not reach it, and where one of
        `not_with` is set."""
        pairs = [f"{name}={value}" for name, value in env.items()]
        if any(p in words or p in pairs or any(_set_values((p,), words, env)) for p in self.not_with):
            return None
        port = next(_set_values(self.port_from, words, env), None)
        if port is None:
            return self.probe
        host, _, number = port.rpartition(":")
        if host.rpartition("//")[2].strip("[]") in _LOOPBACK or not number.isascii() or not number.isdigit():
            return None
        if not 0 < int(number[:6]) < 65536:
            return None
        kind = next(iter(self.probe))
        return {kind: {**self.probe[kind], "port": int(number)}} if kind != "exec" else self.probe


_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _set_values(patterns: Sequence[str], words: Sequence[str], env: Mapping[str, str]) -> Iterator[str]:
    """What the `*` of each pattern stands for, first in the words, then in the environment."""
    for pattern in patterns:
        head, star, tail = pattern.partition("*")
        if not star:
            continue
        for index, word in enumerate(words):
            if len(word) >= len(head) + len(tail) and word.startswith(head) and word.endswith(tail):
                yield word[len(head) : len(word) - len(tail)]
            elif head.endswith("=") and word == head[:-1] and index + 1 < len(words):
                yield words[index + 1]
        name = head.rstrip("=")
        if head.endswith("=") and name in env:
            yield env[name]


@dataclass(frozen=True, slots=True)
class HookMeaning:
    """What a preStop command (glob over the joined words, or the httpGet path) does: see prestop classes in docs."""

    pattern: str
    effect: HookEffect
    note: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where among several sidecars this one goes. `serves_inits`: plain init containers may need it running."""

    place: PlacementClass = "other"
    serves_inits: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One family. `origin` is where it was read from (for errors and `recipes show`)."""

    family: str
    title: str
    category: str
    match: Match
    unless: Match = field(default_factory=Match)
    """Any hit here and it is not this family: what looks alike."""
    generic: bool = False
    """The image serves many purposes (nginx, busybox, redis): it proves nothing without a hit in command, args, env, ports or mounts."""
    attached: bool = False
    """It works for another container of its Pod (over its socket, files or port), so beside another one it is never the main,
    be it the first in the list."""
    role: Literal["sidecar", "peer", "main"] = "sidecar"
    """What a container of this family usually is beside another; `peer` and `main` are never flagged."""
    movable: Movable = "yes"
    reason: str = ""
    """Why it is operator-managed or never movable, and what to do instead."""
    traffic: Traffic = "none"
    injector: Injector | None = None
    startup_probe: StartupProbe | None = None
    waits_for_app: tuple[str, ...] = ()
    """Probe paths, or globs over a probe's command, that pass only once the app is up: a deadlock as startupProbe."""
    placement: Placement = field(default_factory=Placement)
    one_shot: Match = field(default_factory=Match)
    """Flags or environment that make it exit when its work is done: as native sidecar it would be restarted for ever."""
    needs_app: Match = field(default_factory=Match)
    """Flags that make it depend on the app being up at its own start (and exit when it is not)."""
    quit_endpoints: tuple[str, ...] = ()
    """URL paths with which an app tells it to exit: needless after the migration."""
    wrappers: Match = field(default_factory=Match)
    """Programs and settings with which an app waits for it and ends it with itself: needless after the migration."""
    hooks: tuple[HookMeaning, ...] = ()
    sigterm: str = ""
    """What it does on SIGTERM, in words, with the knob that bounds it."""
    companions: tuple[str, ...] = ()
    """Init containers (name globs) that belong to it: set-up, or a one-time copy of itself."""
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    """Values of `match` from general knowledge that were not read in a source: shown, and they never raise a confidence."""
    origin: str = ""
