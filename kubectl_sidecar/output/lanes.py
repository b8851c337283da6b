"""Start and stop order as lanes: a line per container, a bar for the time in which it runs, and beside it what gates the next.
A lane fits into 80 columns; its words say the same as its bar."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.pod.timeline import Step, Timeline

_NAME, _BARS, _STEP = 20, 12, 6
"""Columns for the longest name, for all bars together, and for one step where there are few."""
_BAR = "━"


def start_lanes(timeline: Timeline) -> Iterator[str]:
    """Who starts when. A bar goes to the right edge, but for what has to complete before the next may start."""
    steps = timeline.start
    width, name_width = _widths(steps)
    for number, step in enumerate(steps):
        for place, name in enumerate(step.containers):
            ends = number + 1 if step.gate == "completed" else len(steps)
            bar = " " * (width * number) + _BAR * (width * (ends - number))
            said = "" if place else _start_word(step, number, len(steps))
            yield _lane(name, name_width, bar, width * len(steps), said)


def stop_lanes(timeline: Timeline) -> Iterator[str]:
    """Who is told to stop when. A bar ends where the container does."""
    steps = timeline.stop
    width, name_width = _widths(steps)
    for number, step in enumerate(steps):
        for place, name in enumerate(step.containers):
            said = "" if place else _stop_word(step, number, len(steps))
            yield _lane(name, name_width, _BAR * (width * (number + 1)), width * len(steps), said)


def _start_word(step: Step, number: int, count: int) -> str:
    if number < count - 1:
        return f"next, once {_GATES.get(step.gate, step.gate)}:"
    return "no order among them" if len(step.containers) > 1 else ""


_GATES = {
    "running": "it runs",
    "completed": "completed",
    "startupProbe": "its probe passes",
    "running, postStart": "postStart ends",
    "startupProbe, postStart": "hook+probe pass",
}


def _stop_word(step: Step, number: int, count: int) -> str:
    if number:
        return "SIGTERM after those above"
    together = len(step.containers) > 1
    return "SIGTERM to all at once" if together and count == 1 else "SIGTERM first" if count > 1 else ""


def _widths(steps: tuple[Step, ...]) -> tuple[int, int]:
    longest = max((len(name) for step in steps for name in step.containers), default=0)
    return max(1, min(_STEP, _BARS // max(1, len(steps)))), min(longest, _NAME)


def _lane(name: str, name_width: int, bar: str, bars: int, said: str) -> str:
    shown = name if len(name) <= name_width else f"{name[: name_width - 1]}…"
    return f"{shown:<{name_width}}  {bar:<{bars}}  {said}".rstrip()
