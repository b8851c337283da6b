"""Who dials whom on localhost, and who listens where: read from arguments and environment of one container.

All containers of a Pod share the loopback interface, so `localhost:5432` in one names a port that another serves. What the
option or variable is called tells in which direction the dependence goes: `--upstream=http://127.0.0.1:8080` stands in front
of the app, `DB_HOST=127.0.0.1` belongs to a client. Only host:port is ever kept of a value."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from kubectl_sidecar.core.recipes.globs import WORD_CAP, word_set
from kubectl_sidecar.core.workload import Container, Probe

Use = Literal["front", "client", "some"]
"""`front`: it forwards to, watches, scrapes or pokes the other. `client`: it uses a service that the other offers (a
database, a proxy, a collector). `some`: it dials the other, the reason does not show."""


class Pointer(msgspec.Struct, frozen=True, gc=False):
    """One address on localhost that a container dials. `port` is None where the value names only the host; `path` is the field
    of the container (`args[2]`, `env[0]`)."""

    use: Use
    key: str
    host: str
    port: int | None
    path: str

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host

    def __str__(self) -> str:
        return f"{_shown(self.key)}={self.address}" if self.key else self.address


# What may not stand before a host is asked behind it: so the search skips quickly to where one may begin.
_LOCAL = re.compile(
    r"(localhost(?<![\w.-]localhost)|127\.0\.0\.1(?<![\w.-]127\.0\.0\.1)|\[::1\](?<![\w.-]\[::1\]))"
    r"(?![\w.-])(?:[:#](\d{1,5})(?!\d))?"
)
_PART = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])")
_SERVES = re.compile(r"=tcp:(?:[\w.]+:)?(\d{2,5})\b")

FRONT = word_set(
    "upstream upstreams scrape reload reloader probe target targets monitor poll forward delegate delegates"
)
CLIENT = word_set(
    "db database dsn sql jdbc cache broker queue proxy otlp collector tracing trace tracer statsd telemetry docker tunnel secrets"
)
STORES = word_set("redis memcached session sessions store storage repository repo")
"""What a program keeps its own things in: it uses what it dials by such a name, and does not work for it."""
LISTEN = word_set(
    "listen listener bind serve serving advertise expose metrics health healthz diagnostic insecure readiness liveness"
)
PLAIN = word_set(
    "addr address host hostname port http https grpc tcp web server ui admin debug pprof ip url uri api endpoint"
)


_NAME = re.compile(r"--?[a-z][\w.-]{0,59}")


def _shown(key: str) -> str:
    """The name of an option or variable as far as it surely is one: a value may be written onto an option of one letter
    (`-pSECRET`), or begin with a dash itself."""
    if key[:1] != "-":
        return key
    if _NAME.fullmatch(key) and (key[:2] == "--" or key_parts(key) <= FRONT | CLIENT | LISTEN | PLAIN):
        return key
    return "--" if key[:2] == "--" else key[:2]


def mentions_local(text: str) -> bool:
    """Whether a text may name an address on localhost: a cheap question to ask first."""
    return "localhost" in text or "127.0.0.1" in text or "[::1]" in text


@lru_cache(maxsize=4096)
def key_parts(key: str) -> frozenset[str]:
    """`--secureListenAddress`, `OTEL_EXPORTER_OTLP_ENDPOINT` in lower-case words."""
    return frozenset([part.lower() for part in _PART.findall(key[:200])])


class _Meaning(NamedTuple):
    """What the name of an option or variable says of an address in its value."""

    use: Use
    listens: bool
    listens_with_scheme: bool


@lru_cache(maxsize=4096)
def _meaning(key: str) -> _Meaning:
    parts = key_parts(key)
    use: Use = "front" if parts & FRONT else "client" if parts & CLIENT else "some"
    listens = "no" in parts or bool(parts & _LISTEN_URL)  # NO_PROXY names what is not dialled
    return _Meaning(use, listens or bool(parts & LISTEN) or not (parts - PLAIN), listens)


_LISTEN_URL = word_set("listen listener bind advertise")


def _with_scheme(text: str, at: int) -> bool:
    return text[max(0, at - 3) : at].endswith("//") or text[max(0, at - 1) : at] == "@"


def _use(said: Use, text: str, end: int) -> Use:
    """What is dialled at `/-/reload` is poked, whatever the option is called: `end` is where the address ends in the text."""
    return "front" if "reload" in text and text.find("reload", end) >= 0 else said


def in_words(words: tuple[str, ...], command_words: int) -> tuple[list[Pointer], set[int]]:
    """What the words of command and args dial, and the ports that they say are its own."""
    dialled: list[Pointer] = []
    own: set[int] = set()
    for i, word in enumerate(words):
        if not mentions_local(word):
            continue
        path = f"command[{i}]" if i < command_words else f"args[{i - command_words}]"
        before = words[i - 1] if i and words[i - 1].startswith("-") and "=" not in words[i - 1] else ""
        flag, equals, _ = word.partition("=")
        simple = word.startswith("-") and bool(equals) and " " not in flag
        key = flag if simple else ("" if word.startswith("-") or " " in word else before)
        script = not key and " " in word
        for found in _LOCAL.finditer(word):
            port = int(found[2]) if found[2] else None
            if port == 0 or (port and port > 65_535):
                continue
            if script:
                key = _option_before(word, found.start())
            meaning = _meaning(key)
            if key and (meaning.listens_with_scheme if _with_scheme(word, found.start()) else meaning.listens):
                if port:
                    own.add(port)
                continue
            use = _use(meaning.use if key else "some", word, found.end())
            dialled.append(Pointer(use, key, found[1], port, path))
            if len(dialled) >= 16:
                return dialled, own
    return dialled, own


_OPTION_BEFORE = re.compile(r"(--[A-Za-z][\w.-]{0,79})(?:=|[ \t]+)[\"']?[^\s\"']{0,80}$")


def _option_before(script: str, at: int) -> str:
    """The long option whose value an address inside a shell script is: `exec proxy --target=https://localhost:2379`."""
    found = _OPTION_BEFORE.search(script, max(0, at - 200), at)
    return found[1] if found else ""


def in_env(container: Container) -> list[Pointer]:
    """What the environment's values dial: the first address on localhost in each, unless the variable's name says that it is not
    dialled. A variable that only names a host is completed by its `…PORT` neighbour."""
    dialled: list[Pointer] = []
    for i, variable in enumerate(container.env or ()):
        value = variable.value
        if not value or not ("localhost" in value or "127.0.0.1" in value or "[::1]" in value):
            continue
        found = _LOCAL.search(value, 0, WORD_CAP)
        if found is None:
            continue
        name = variable.name[:80]
        meaning = _meaning(name)
        if meaning.listens and (meaning.listens_with_scheme or not _with_scheme(value, found.start())):
            continue
        host, digits = found.groups()
        port = int(digits) if digits else _neighbour(container, variable.name)
        if port is None or 0 < port < 65_536:
            dialled.append(Pointer(_use(meaning.use, value, found.end()), name, host, port, f"env[{i}]"))
            if len(dialled) >= 16:
                break
    return dialled


def _neighbour(container: Container, name: str) -> int | None:
    if not name.endswith("HOST"):
        return None
    wanted = name[:-4] + "PORT"
    text = next((v.value for v in container.env or () if v.name == wanted and v.value), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65_536 else None


_DIGITS = frozenset("0123456789")


def listened(words: tuple[str, ...], text: str) -> set[int]:
    """The ports that options say are listened on (`--port=5432`, `--listen 0.0.0.0:80`, `-p 8001`, `…=tcp:3306`). `text` are the
    words joined."""
    own: set[int] = set()
    for i, word in enumerate(words):
        if word[-1:] in _DIGITS:
            port = _option(word) if word[0] == "-" else _value(_flag_before(words, i), word)
            if port is not None:
                own.add(port)
    if "=tcp:" in text:
        own.update(int(port) for port in _SERVES.findall(text))
    return own


@lru_cache(maxsize=4096)
def _option(word: str) -> int | None:
    """The port at the end of an option that says where is listened: 80 of `--listen=:80`."""
    return _value(word, word)


def _value(option: str, word: str) -> int | None:
    if not option or len(word) > 120:
        return None
    port = word[max(word.rfind(":"), word.rfind("=")) + 1 :]
    if not (2 <= len(port) <= 5 and port.isdecimal()) or "//" in word:
        return None
    return int(port) if _is_listen_option(option.partition("=")[0]) else None


def _flag_before(words: tuple[str, ...], i: int) -> str:
    """The word before a value, if it is an option that has no value yet."""
    before = words[i - 1] if i else ""
    return before if before[:1] == "-" and "=" not in before else ""


@lru_cache(maxsize=4096)
def _is_listen_option(option: str) -> bool:
    low = option[:120].lower()
    if not (low == "-p" or any(word in low for word in ("port", "listen", "addr", "bind"))):
        return False
    return not key_parts(option) & (FRONT | CLIENT)


def probe_ports(container: Container) -> set[int]:
    """Numbers of the ports that the container's own probes ask."""
    found: set[int] = set()
    for probe in (container.readiness_probe, container.startup_probe, container.liveness_probe):
        if probe is None:
            continue
        port = probe_port(probe)
        if isinstance(port, int):
            found.add(port)
    return found


def probe_port(probe: Probe | None) -> int | str | None:
    if probe is None:
        return None
    for action in (probe.http_get, probe.tcp_socket):
        if action is not None and not action.host:
            return action.port
    return probe.grpc.port if probe.grpc else None
