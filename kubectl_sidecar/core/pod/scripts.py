"""What a command line asks for, waits for and makes, read from its text: shell scripts, one-liners of Python or Node, wait tools.

People write the same wait in a dozen ways (`until nc`, `for … && break`, wait-for-it, /dev/tcp), so all of them are known here
and nowhere else. Only addresses on localhost count: all containers of a Pod share it. Nothing is ever run, and whatever text
comes in, the answer comes at once: what is looked at is capped, and so is each pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from kubectl_sidecar.core.classification.pointers import mentions_local
from kubectl_sidecar.core.recipes.globs import TEXT_CAP, word_set

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


_NEXT = re.compile(r"&&|[;\n]")
_QUIET = word_set("cd chmod chown echo export mkdir set umask :")
"""What a script does before its own work, in no time, and without making a file."""
_UNSURE = re.compile(r"\|\||\$\(|`|<<|(?<![&>])&(?![&>\d])")
_REDIRECTED = re.compile(r"\d?>{1,2} *&?\S+")


def last_command(script: str) -> tuple[str, ...]:
    """The words of the command that is a script's whole work: what stands before it only prepares. Empty where a loop, a pause,
    something in the background or a second attempt makes that unsure."""
    script = script[:TEXT_CAP]
    if _UNSURE.search(script) or loops(script):
        return ()
    parts = [part.split() for part in _NEXT.split(script) if part.strip()]
    if not parts or any(part[0] not in _QUIET for part in parts[:-1]):
        return ()
    words = _REDIRECTED.sub("", " ".join(parts[-1])).partition("|")[0].split()
    return tuple(words[1:] if words[:1] == ["exec"] else words)


_FOLLOWS = re.compile(r"-[a-zA-Z\d+]*f[a-zA-Z\d+]*|--follow(?:=\w+)?")
_AWAITS = re.compile(r"-[a-zA-Z\d+]*F[a-zA-Z\d+]*|--retry")


def followed(words: Sequence[str]) -> tuple[str, ...]:
    """The files that a tail follows which ends when none of them is there. `-F` and `--retry` wait for them; `-f` does not, and
    neither does `--follow=name` (seen with GNU coreutils, and `-f` with busybox)."""
    options = [word for word in words[1:] if word.startswith("-")]
    if not words or words[0].rpartition("/")[2] != "tail" or any(map(_AWAITS.fullmatch, options)):
        return ()
    files = [word.strip("\"'") for word in words[1:] if not word.startswith(("-", "+")) and not word.isdecimal()]
    follows = any(map(_FOLLOWS.fullmatch, options))
    return tuple(files) if follows and all(file.startswith("/") for file in files) else ()


class Outlived(NamedTuple):
    """A script that waits until a process has ended. `sign` is how it asks; `at_once`: nothing lets it wait for that process to
    be there first; `goes_on`: it has work left afterwards."""

    sign: str
    at_once: bool
    goes_on: bool


_ALIVE = r"(?:pgrep|pidof|kill +-(?:s +)?0|ps\b[^;&\n|]{0,60}\|[^;&\n|]{0,60}grep)(?: +(?!\d?>|\]+(?:\s|$))[^\s;&|)>]{1,80}){1,6}"
_ASKED_ALIVE = re.compile(rf"\b({_ALIVE})")
_CONDITION = re.compile(r"(?<![\w-])(while|until) +([^;\n]{1,300})[;\n]\s*do\b")
_END = re.compile(r"\bdone\b")
_LEFT = re.compile(
    rf"! *({_ALIVE})[^;\n]{{0,40}}[;\n]\s*then\s+(break|exit)\b|\b({_ALIVE})[^;&|\n]{{0,40}}\|\| *(break|exit)\b"
)
_HELD = re.compile(
    r"\btail\b[^;&|\n]{0,60}--pid[= ][\"']?(?:\$\(|`)((?:pgrep|pidof)(?: +[^\s)`]{1,80}){1,4})[^;&|\n]{0,80}"
)
_NOT = re.compile(r"!|-z\b")
_NONE_LEFT = re.compile(r"-eq +[\"']?0|-lt +[\"']?1\b|={1,2} *(?:\"\"|''|[\"']?0\b)")
_TAKES_TIME = re.compile(r"(?<![\w-])(?:sleep|until|while|for|wait)\b")
_OWN_PROCESS = re.compile(r"\$!|(?<![&>|])&(?![&>\d])")
_NO_WORK = word_set("true exit echo : done")
_PAUSE = re.compile(r"\bkill +-(?:s +)?0 +1\b")
"""Process 1 of a shared namespace is there as long as the Pod."""


@lru_cache(maxsize=4096)
def outlived(text: str) -> Outlived | None:
    """How a script waits for the end of a process that it has not started itself; None where it does not."""
    text = text[:TEXT_CAP]
    found = _first_end(text) if "done" in text or "--pid" in text else None
    if found is None:
        return None
    before, after = text[: found.start], text[found.end :]
    if _OWN_PROCESS.search(before) or "$!" in found.sign or _PAUSE.search(found.sign):
        return None
    goes_on = not found.leaves and _works(after)
    if goes_on and (_GOES_ON.search(after) or _ENDLESS.search(after)):
        return None  # then it begins its real work, which does not end
    return Outlived(found.sign, not found.delayed and _TAKES_TIME.search(before) is None, goes_on)


def _works(after: str) -> bool:
    """Whether the end of a script, from behind its loop, does anything."""
    parts = (_REDIRECTED.sub("", part).strip(" |&\"'").split() for part in _NEXT.split(after))
    return any(part[0] not in _NO_WORK for part in parts if part)


class _Wait(NamedTuple):
    """`leaves`: the script ends with it. `delayed`: something else comes before the first question."""

    sign: str
    start: int
    end: int
    leaves: bool = False
    delayed: bool = False


def _first_end(text: str) -> _Wait | None:
    """The first wait for the end of a process."""
    for loop in _CONDITION.finditer(text):
        done = _END.search(text, loop.end())
        end = done.end() if done else len(text)
        asked = _ASKED_ALIVE.search(loop[2])
        if asked and _until_gone(loop[1], loop[2], asked):
            return _Wait(asked[1], loop.start(), end)
        left = None if asked else _LEFT.search(text, loop.end(), end)
        if left:
            delayed = text[loop.end() : left.start()].strip(" \n[") not in ("", "if")
            return _Wait(left[1] or left[3], loop.start(), end, (left[2] or left[4]) == "exit", delayed)
    held = _HELD.search(text)
    return _Wait(held[1], held.start(), held.end()) if held else None


def _until_gone(word: str, condition: str, asked: re.Match[str]) -> bool:
    """Whether a loop goes on as long as the process is there, and not as long as it is not."""
    negated = bool(_NOT.search(condition[: asked.start()])) != bool(_NONE_LEFT.search(condition[asked.end() :]))
    return negated == (word == "until")


_VARIABLE = re.compile(r"\$(?:\{(\w{1,60})\}|\((\w{1,60})\)|(\w{1,60}))")


def with_values(text: str, values: Mapping[str, str]) -> str:
    """A command line with the variables filled in whose values the spec gives: `nc -z localhost $PORT`. Only to be looked at,
    never to be shown."""
    if "$" not in text:
        return text
    return _VARIABLE.sub(lambda found: values.get(next(n for n in found.groups() if n), found[0]), text)[:TEXT_CAP]
