"""How much of a Pod's grace period its stops need, as far as its spec says so.

Native sidecars stop one after the other once the app has ended, all out of one budget (kuberuntime_termination_order.go). Most
programs end within a second or two, so only what is written counts: sleeps of preStop hooks, and options that give a program
its time to drain. What buffers (a log shipper) is given some seconds; nothing is added to frighten people with short periods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kubectl_sidecar.core.classification.pointers import key_parts
from kubectl_sidecar.core.pod.hooks import least_seconds, slept_seconds
from kubectl_sidecar.core.recipes.globs import capped_words, joined, word_set
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container, EnvVar

QUICK = 2.0
"""Seconds that a program of which nothing is known may take to end: what the kubelet grants in any case."""
DRAINS, FLUSHES = 5.0, 5.0
"""Seconds for an app that drains (it has a preStop sleep), and for a helper that empties its buffers."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One container's end in seconds: its preStop hook, which runs when the Pod's end begins, and what it needs after SIGTERM."""

    name: str
    hook: float
    after: float


def app_stop(container: Container) -> Stop:
    hook = least_seconds(container.pre_stop)
    return Stop(container.name, hook, max(drain_seconds(container), DRAINS if hook else QUICK))


def helper_stop(container: Container, recipe: Recipe | None) -> Stop:
    """A helper that only carries the app's own connections outwards has none left to drain when the app has ended."""
    flushes = recipe is not None and recipe.placement.place == "log-shipper"
    known = 0.0 if recipe is not None and recipe.traffic == "outbound" else drain_seconds(container)
    return Stop(container.name, least_seconds(container.pre_stop), max(known, FLUSHES if flushes else QUICK))


def serial(apps: Sequence[Stop], helpers: Sequence[Stop]) -> float:
    """Seconds until the last of `helpers` (in stop order) has ended: after all apps, one by one, each after its own hook."""
    time = max((a.hook + a.after for a in apps), default=0.0)
    for helper in helpers:
        time = max(time, helper.hook) + helper.after
    return time


def drain_seconds(container: Container) -> float:
    """The longest time to drain that options or variables give a program (`--shutdown-timeout=20s`, `GRACEFUL_TIMEOUT=30`), or
    that a script takes for its end (`trap 'sleep 4; exit' TERM`)."""
    return _drain(container.command, container.args, container.env)


_END = word_set("graceful grace shutdown drain draining sigterm termination terminate stop")
_TIME = word_set("timeout delay period seconds secs wait duration limit")
_AMOUNT = r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|sec|secs|seconds|m|min|h)?"
_OPTION = re.compile(rf"(?<!\w)--?([A-Za-z][\w.-]{{3,60}})[= ][\"']?{_AMOUNT}(?![\w.])", re.ASCII)
_VALUE = re.compile(rf" *{_AMOUNT} *", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_LONGEST = 3600.0
_TRAP = re.compile(r"""\btrap +['"]([^'"]{1,400})['"] [^\n;&|]{0,40}\b(?:SIG)?TERM\b""")
_HINTS = ("grace", "shutdown", "drain", "sigterm", "terminat", "stop")


@lru_cache(maxsize=4096)
def _drain(command: tuple[str, ...] | None, args: tuple[str, ...] | None, env: tuple[EnvVar, ...] | None) -> float:
    text = joined(capped_words(Container(command=command, args=args)))
    found = [*_options(text), *_variables(env or ()), *(slept_seconds(body) for body in _TRAP.findall(text))]
    return max((seconds for seconds in found if seconds <= _LONGEST), default=0.0)


def _options(text: str) -> Iterator[float]:
    if any(hint in text.lower() for hint in _HINTS):
        for name, number, unit in _OPTION.findall(text):
            if _is_drain(name):
                yield _seconds(name, number, unit)


def _variables(env: Sequence[EnvVar]) -> Iterator[float]:
    for variable in env:
        if variable.value and any(hint in variable.name.lower() for hint in _HINTS) and _is_drain(variable.name):
            found = _VALUE.fullmatch(variable.value[:40])
            if found:
                yield _seconds(variable.name, found[1], found[2])


def _is_drain(name: str) -> bool:
    parts = key_parts(name)
    return bool(parts & _END) and (bool(parts & _TIME) or {"time", "out"} <= parts)


def _seconds(name: str, number: str, unit: str | None) -> float:
    """A bare number is in seconds, unless its name or its size says milliseconds."""
    if unit:
        return float(number) * _UNITS[unit]
    amount = float(number)
    return amount / 1000 if "ms" in key_parts(name) or "millis" in key_parts(name) or amount >= 1000 else amount
