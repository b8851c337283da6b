"""What a command is pointed at: `deployment/foo`, `deploy/foo sts/bar`, `deploy foo bar`, as kubectl reads it."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_sidecar.actions.migrate import Target
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.errors import InputError


def parse_targets(words: Sequence[str], namespace: str) -> tuple[Target, ...]:
    """The objects that the words name, each once, in their order. Raises InputError."""
    if "," in namespace:
        raise InputError(f'"{namespace}": names belong to one namespace; give -n one of them')
    if not words:
        raise InputError("name what to look at, as TYPE/NAME (deployment/checkout), or give a selector with -l")
    slashed = [word for word in words if "/" in word]
    if slashed and len(slashed) != len(words):
        odd = next(word for word in words if "/" not in word)
        raise InputError(f'"{odd}": use either TYPE/NAME for all, or one TYPE and then names')
    if slashed:
        pairs = [_split(word) for word in words]
    elif len(words) == 1:
        resolve(words[0])
        raise InputError(f'"{words[0]}" needs a name: {words[0]}/NAME')
    else:
        pairs = [(words[0], name) for name in words[1:]]
    return tuple(dict.fromkeys(Target(resolve(kind), namespace, name) for kind, name in pairs))


def _split(word: str) -> tuple[str, str]:
    kind, _, name = word.partition("/")
    if not kind or not name or "/" in name:
        raise InputError(f'"{word}" is not of the form TYPE/NAME, as deployment/checkout')
    return kind, name
