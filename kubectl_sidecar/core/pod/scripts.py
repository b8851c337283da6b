"""What a command line asks for, waits for and makes, read from its text: shell scripts, one-liners of Python or Node, wait tools.

People write the same wait in a dozen ways (`until nc`, `for … && break`, wait-for-it, /dev/tcp), so all of them are known here
and nowhere else. Only addresses on localhost count: all containers of a Pod share it. Nothing is ever run, and whatever text
comes in, the answer comes at once: what is looked at is capped, and so is each pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from kubectl_sidecar.core.classification.pointers import mentions_local
from kubectl_sidecar.core.recipes.globs import TEXT_CAP

_SELF = re.compile(r"\$[({]?(?:\w{0,20}POD_IP|HOSTNAME)[)}]?|\$\(hostname(?: -[iI])?\)|`hostname(?: -[iI])?`")
"""How a script names its own Pod: all containers of a Pod have one address."""
_HOST = r"(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0)"
_LOCAL = re.compile(
    rf"{_HOST}(?:[:/]| {{1,4}}(?:-p |--port[ =])?|[\"'],? {{0,2}}(?:port *[=:] *)?)(\d{{2,5}})(?!\d)", re.ASCII
)
_REVERSED = re.compile(rf"(?<!\d)(\d{{2,5}}), {{0,2}}(?:host *[=:] *)?[\"']{_HOST}[\"']", re.ASCII)
_OPTION = re.compile(r"(?:-p|--port)[ =](\d{2,5})(?!\d)", re.ASCII)
_BASH_TCP = re.compile(r"/dev/tcp/(?:localhost|127\.0\.0\.1)/(\d{2,5})", re.ASCII)
_GRPC = re.compile(rf"grpc[-_]health[-_]probe\b[^;|&]{{0,200}}?-addr[= ][\"']?{_HOST}?:(\d{{2,5}})(?!\d)", re.ASCII)
"""Its address is written without a host as often as with one."""

_DEFAULT_PORTS = {"mysql": 3306, "mysqladmin": 3306, "mariadb": 3306, "psql": 5432, "pg_isready": 5432, "redis-cli": 6379,
                  "mongo": 27017, "mongosh": 27017, "curl": 80, "wget": 80}  # fmt: skip
_WITHOUT_PORT = re.compile(r"(?<![\w/-])([a-z][\w-]{2,12})\b[^;|&]{0,80}?(?:localhost|127\.0\.0\.1)(?![:\w.])")


def local_ports(text: str) -> frozenset[int]:
    """The ports on localhost that a command line asks: `curl localhost:80`, `nc -z 127.0.0.1 5432`, `/dev/tcp/localhost/80`,
    `create_connection(("localhost", 80))`; where none is written, the tool's own: `mysql -h 127.0.0.1`."""
    text = text[:TEXT_CAP]
    if "$" in text or "`" in text:
        text = _SELF.sub("localhost", text)
    found = {int(port) for port in _GRPC.findall(text)} if "grpc" in text else set[int]()
    if mentions_local(text) or "0.0.0.0" in text:
        found |= _on_localhost(text)
    return frozenset(port for port in found if 0 < port < 65_536)


def _on_localhost(text: str) -> set[int]:
    found = {int(p) for p in (*_LOCAL.findall(text), *_REVERSED.findall(text), *_BASH_TCP.findall(text))}
    if not found:  # pg_isready -h localhost -p 5432
        found = {int(port) for port in _OPTION.findall(text)}
    return found or {_DEFAULT_PORTS[tool] for tool in _WITHOUT_PORT.findall(text) if tool in _DEFAULT_PORTS}


_BREAKS = re.compile(
    r"(?<![\w-])(?:for|while|until)\b[^;\n]{1,120}[;\n]\s*do\b"
    r"((?:(?!\bdone\b)[\s\S]){0,600}?)\b(?:break|exit|return)\b"
)
"""A loop that goes on until something in it says otherwise: `for i in $(seq 60); do nc -z localhost 80 && break; …`."""
_PYTHON = re.compile(r"\bwhile (?:True|1|not [\w.]{1,40})\b *:([\s\S]{0,600}?)\b(?:break|return|exit)\b")
_LEAVES = ("break", "exit", "return")
_LOOP = re.compile(
    r"\b(?:while|until)\b|\bwait-for(?:-it)?\b|\bdockerize\b.{0,200}-wait|\bwait4x\b|\bwait-on\b|\binotifywait\b"
)


def _bodies(text: str) -> list[str]:
    """The bodies of loops that are left from within, up to there."""
    if not any(word in text for word in _LEAVES):
        return []
    return [*_BREAKS.findall(text), *_PYTHON.findall(text)]


@lru_cache(maxsize=4096)
def loops(text: str) -> bool:
    """Whether a command line waits for something to come true."""
    text = text[:TEXT_CAP]
    return _LOOP.search(text) is not None or bool(_bodies(text))


_WAIT = re.compile(
    r"(?:\b(?:until|while)\b(?! (?:true|True|1|:)(?!\w))([^;]{0,400})|\b(?:wait-for(?:-it)?(?:\.sh)?|wait4x|wait-on)\b(.{0,200})"
    r"|\bdockerize\b(.{0,400})|\bcurl\b(?=[^;|&]{0,300}--retry-(?:connrefused|all-errors)\b)([^;|&]{0,300}))"
)


@lru_cache(maxsize=4096)
def waited_for(text: str) -> frozenset[int]:
    """The ports on localhost that a command line waits for before it goes on."""
    text = text[:TEXT_CAP]
    found: set[int] = set()
    for match in _WAIT.finditer(text):
        found |= local_ports(" ".join(part for part in match.groups() if part))
    for body in _bodies(text):
        found |= local_ports(body)
    return frozenset(found)


_PATH = r"[\"']?(/[\w./-]{1,200})"
_TOOL = r"(?:ls|stat|cat|find)(?: +-\w+)?"
_TESTED = rf"(?:(?:\[\[?|test) +(?:! +)?-[efsSdrp]|{_TOOL}) +{_PATH}"
_FILE = re.compile(
    rf"\b(?:until +|while +! *)(?:(?:\[\[?|test) +-[efsSdrp]|{_TOOL}) +{_PATH}|\bwhile +(?:\[\[?|test) +! +-[efsSdrp] +{_PATH}"
)
"""`while [ -f X ]` waits for the file to go."""
_PYTHON_FILE = re.compile(r"\bwhile not (?:os\.path\.(?:exists|isfile)|(?:pathlib\.)?Path)\([\"'](/[^\"']{1,200})")


@lru_cache(maxsize=4096)
def files_waited_for(text: str) -> tuple[str, ...]:
    """The files whose appearance a loop waits for."""
    text = text[:TEXT_CAP]
    in_shell = (one or other for one, other in _FILE.findall(text))
    return tuple(dict.fromkeys((*in_shell, *_PYTHON_FILE.findall(text))))


_ANY_TEST = re.compile(rf"(?:^|[\s(;&|!])(?:{_TESTED}|grep(?: +-\w+)* +\S{{1,80}} +{_PATH})")


def files_tested(text: str) -> tuple[str, ...]:
    """The files without which a probe's command fails: `cat /run/ready`, `test -S /run/x.sock`, `[ -f /run/ready ]`."""
    found = (one or other for one, other in _ANY_TEST.findall(text[:TEXT_CAP]))
    return tuple(dict.fromkeys(found))


_IF_THERE = re.compile(
    rf"(?:\[\[?|\btest) +-[efsS] +{_PATH}[\"']?(?: *\]\]?)?\s*(?:&&[^;\n]{{0,80}}?|[;\n]\s*then(?:(?!\bfi\b)[\s\S]){{0,120}}?)"
    r"\b(?:exit|break|return|kill(?! +-(?:s +)?(?:SIG)?(?:HUP|USR\d|0)\b))"
)
_INOTIFY = re.compile(rf"\binotifywait\b(?![^;&|]{{0,80}} (?:-\w*m|--monitor)\b)[^;&|]{{0,120}}? {_PATH}")
_ENDLESS = re.compile(r"(?<![\w-])(?:while|until)\b")
_GOES_ON = re.compile(r"\bexec +\S")


def watched_once(text: str) -> tuple[str, ...]:
    """The files or folders that inotifywait waits for, once: not what a reloader watches for ever."""
    return () if _ENDLESS.search(text[:TEXT_CAP]) else tuple(_INOTIFY.findall(text[:TEXT_CAP]))


@lru_cache(maxsize=4096)
def files_that_end_it(text: str) -> tuple[str, ...]:
    """The files, or folders that are watched, whose appearance ends a command or lets it come to its last work. A wait that
    goes on with `exec` is a start, not an end."""
    text = text[:TEXT_CAP]
    waits = () if _GOES_ON.search(text) else files_waited_for(text)
    return tuple(dict.fromkeys((*waits, *_IF_THERE.findall(text), *watched_once(text))))


def makes(text: str, path: str) -> bool:
    """Whether a command line makes a file, or one in a folder of this path."""
    if path not in text:
        return False
    made = rf"(?:\b(?:touch|mkfifo|tee)\b(?: +-\w+)*(?: +[^\s;&|]{{1,200}}){{0,4}}? +|>{{1,2}} *)[\"']?{re.escape(path)}(?![\w-])"
    python = rf"\b(?:open|Path)\([\"']{re.escape(path)}[\"'](?:, *[\"'](?:mode=)?[wax]|\)\.(?:touch|write_text))"
    return any(re.search(pattern, text[:TEXT_CAP]) for pattern in (made, python))


_VARIABLE = re.compile(r"\$(?:\{(\w{1,60})\}|\((\w{1,60})\)|(\w{1,60}))")


def with_values(text: str, values: Mapping[str, str]) -> str:
    """A command line with the variables filled in whose values the spec gives: `nc -z localhost $PORT`. Only to be looked at,
    never to be shown."""
    if "$" not in text:
        return text
    return _VARIABLE.sub(lambda found: values.get(next(n for n in found.groups() if n), found[0]), text)[:TEXT_CAP]
