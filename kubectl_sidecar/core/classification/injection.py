"""What an injector's recipe says of its native form, in sentences. An injected container is never patched: its injector would
put it back; so this is all that can be said of one, and it has to be enough to act on."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.recipes.recipe import Injector, Switch


def advice(injector: Injector) -> str:
    """In one sentence: who injects it, and the first switch to the native form."""
    if injector.switches:
        return f"injected by {injector.by}: {_set(injector.switches[0])}"
    if injector.since or injector.default_since:
        return f"injected by {injector.by}; {_versions(injector)}"
    note = f" ({injector.note.rstrip('.')})" if injector.note else ""
    return f"injected by {injector.by}, which has no switch for native sidecars{note}"


def more(injector: Injector) -> tuple[str, ...]:
    """What `advice` left out: the first switch's note, the other switches, versions, and the injector's own note."""
    return tuple(dict.fromkeys(text for text in _more(injector) if text and text not in advice(injector)))


def options_of(injector: Injector) -> tuple[str, ...]:
    """All of it: each switch, the versions, the note."""
    return tuple(_set(s) + (f". {s.note}" if s.note else "") for s in injector.switches) + tuple(
        text for text in (_versions(injector), injector.note) if text
    )


def _more(injector: Injector) -> Iterator[str]:
    for number, switch in enumerate(injector.switches):
        if number:
            yield f"or {_set(switch)}{'. ' if switch.note else ''}{switch.note}"
        else:
            yield switch.note
    yield _versions(injector)
    if injector.switches or injector.since or injector.default_since:
        yield injector.note


def _set(switch: Switch) -> str:
    value = f"={switch.value}" if switch.value else ""
    span = [
        f"since {switch.since}" if switch.since else "",
        f"only before {switch.until}" if switch.until else "",
    ]
    versions = f" ({', '.join(filter(None, span))})" if any(span) else ""
    return f"set the {switch.kind} {switch.name}{value} on the {switch.scope}{versions}"


def _versions(injector: Injector) -> str:
    parts = [
        f"it can inject native sidecars since {injector.since}" if injector.since else "",
        f"does so by default since {injector.default_since}" if injector.default_since else "",
    ]
    told = " and ".join(filter(None, parts))
    return told if injector.since or not told else f"it {told}"
