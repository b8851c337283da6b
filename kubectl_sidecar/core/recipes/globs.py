"""Text that people write to name things: globs, image references, words of commands; and the caps on what is read of them.

Globs are matched in linear time; no pattern of a recipe ever becomes a backtracking expression. What is looked at of a
container is capped (`WORD_CAP`, `TEXT_CAP`), so that megabyte-long arguments cost nothing."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import NamedTuple

from kubectl_sidecar.core.workload import Container

WORD_CAP = 4_096
"""Characters looked at of one word of command or args, or of one value of the environment."""
TEXT_CAP = 16_384
"""Characters looked at of all words of one container."""
WORDS_CAP = 512


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for tables of words."""
    return frozenset(text.split())


class Image(NamedTuple):
    """An image reference, parsed as the container runtimes do (github.com/distribution/reference)."""

    registry: str
    path: str
    tag: str
    digest: str

    @property
    def basename(self) -> str:
        return self.path.rpartition("/")[2]


def parse_image(reference: str) -> Image:
    """`registry:5000/a/b:tag@sha256:…` in its parts, missing ones empty. Never fails: what is no reference is all path.

    The first segment is a registry when it has a dot or a port or is `localhost`."""
    rest, _, digest = reference[:WORD_CAP].strip().partition("@")
    scheme, found, after = rest.partition("://")
    if found and scheme.isalnum():
        rest = after
    head, slash, tail = rest.partition("/")
    registry = ""
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, rest = head, tail
    path, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        path, tag = rest, ""
    return Image(registry, path, tag, digest)


def glob(pattern: str) -> Callable[[str], bool]:
    """A test for whole strings: `*` is any text, `?` one character. Linear in the length of the text."""
    if "?" in pattern or "[" in pattern:
        # fnmatch uses atomic groups, so this does not backtrack either; a bracket is taken literally.
        expression = re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
        return lambda text: expression.match(text) is not None
    first, *rest = pattern.split("*")
    if not rest:
        return pattern.__eq__
    last = rest.pop()
    least = len(pattern) - pattern.count("*")

    def matches(text: str) -> bool:
        if len(text) < least or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in rest:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return matches


_TOKEN = re.compile(r"[\w.+-]+")
_BETWEEN = bytes(c if _TOKEN.match(chr(c)) else 32 for c in range(256))


def tokens(text: str) -> list[bytes]:
    """The words of a text. (The expression takes five times as long, and this is asked of all that is like nothing else.)"""
    if text.isascii():
        return text.encode().translate(_BETWEEN).split()
    return [word.encode(errors="replace") for word in _TOKEN.findall(text)]


def literal(pattern: str) -> str:
    """A text that whatever fits this glob holds: its longest one."""
    return max(pattern.replace("?", "*").split("*"), key=len)


def inside(pattern: str) -> tuple[Callable[[str], bool], str]:
    """A test "anywhere in the text, on whole words", and a token that each match holds ('' if there is none)."""
    core = pattern.strip("*")
    open_left, open_right = pattern.startswith("*"), pattern.endswith("*")
    literal = "*" not in core and "?" not in core
    spans = [(m.start(), m.end()) for m in _TOKEN.finditer(core)]
    whole = [
        core[a:b]
        for a, b in spans
        if (a > 0 or not open_left)
        and (b < len(core) or not open_right)
        and (a == 0 or core[a - 1] not in "*?")
        and (b == len(core) or core[b] not in "*?")
    ]
    token = max(whole, key=len, default="")
    if literal:
        return lambda text: _find_word(text, core, open_left, open_right), token
    test = glob(f"*{core}*")
    return test, token


def _find_word(text: str, core: str, open_left: bool, open_right: bool) -> bool:
    at = text.find(core)
    while at >= 0:
        end = at + len(core)
        left = open_left or at == 0 or not (_is_word(text[at - 1]) and _is_word(core[0]))
        right = open_right or end == len(text) or not (_is_word(text[end]) and _is_word(core[-1]))
        if left and right:
            return True
        at = text.find(core, at + 1)
    return False


def _is_word(char: str) -> bool:
    return char.isalnum() or char in "_.+-"


_USER_INFO = re.compile(r"//(?:[^/\s]{0,4000}|[^\s/:@]{0,200}:(?!\d{1,5}/)\S{0,500})@")
"""Up to the last @ of the authority; a password may have an @, and, written by hand, a slash (but `host:80/@x` has a port)."""


def without_user_info(text: str) -> str:
    """A text that quotes something of a workload, without the user info of URLs: `http://me:secret@host` is `http://host`."""
    return _USER_INFO.sub("//", text) if "@" in text else text


def quoted(text: str) -> str:
    """The head of something that a workload says, fit to be shown: what is cut off after 80 characters could hold the @ by which
    user info is known, so that goes first."""
    return without_user_info(text)[:80]


_EXEC = re.compile(r"(?:^|[;&\n]|\bthen|\bdo|-c)\s*exec\s")


def program_of(text: str) -> str:
    """A command without what a script does before it becomes another program with `exec`, in the background or to prepare."""
    if "exec " not in text:
        return text
    ends = [found.end() for found in _EXEC.finditer(text)]
    return text[ends[-1] :] if ends else text


def words_and_text(container: Container) -> tuple[tuple[str, ...], str]:
    """Command and args as far as they are looked at, and they joined."""
    command, args = container.command, container.args
    words = (command + args if args else command) if command else args
    if not words:
        return (), ""
    if len(words) <= WORDS_CAP:
        text = " ".join(words)
        if len(text) <= WORD_CAP:  # then no word of it is longer
            return words, text
    words = capped_words(container)
    return words, joined(words)


def capped_words(container: Container) -> tuple[str, ...]:
    """Command and args, as far as they are looked at."""
    words = container.words
    if not words:
        return ()
    if len(words) > WORDS_CAP:
        words = words[:WORDS_CAP]
    return tuple([w if len(w) <= WORD_CAP else w[:WORD_CAP] for w in words])


def joined(words: tuple[str, ...]) -> str:
    return " ".join(words)[:TEXT_CAP]
