"""Risks at the end: helpers now stop one by one after the app, out of the same grace period; preStop hooks still run at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.plan import Relocation, Risk
from kubectl_sidecar.core.pod.budget import DRAINS, FLUSHES, QUICK, Stop, app_stop, drain_seconds, helper_stop, serial
from kubectl_sidecar.core.pod.hooks import hook_effect, least_seconds, meaning_of, pre_stop_effect, sleep_seconds
from kubectl_sidecar.core.pod.reach import command_text, dialled, port_names, script_of, served
from kubectl_sidecar.core.pod.surroundings import services_of, target_ports
from kubectl_sidecar.core.recipes.globs import capped_words
from kubectl_sidecar.core.risks.context import Context
from kubectl_sidecar.core.workload import Container

APP_STOP = 10.0
"""Seconds that an app may take after SIGTERM, where a recommendation has to assume something."""


def pre_stop_ends_helper(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        if _effect(context, r) == "exit":
            yield Risk(
                "pre-stop-ends-helper",
                "caution",
                r.finding.name,
                f"its preStop hook makes it exit when the Pod's end begins, not at its turn: {context.app} stops "
                "without it, and it is not started again",
                _said(context, r) or "Remove the hook: SIGTERM comes when the app has ended.",
                "lifecycle.preStop",
            )


def pre_stop_revokes(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        if _effect(context, r) == "revoke":
            yield Risk(
                "pre-stop-revokes",
                "caution",
                r.finding.name,
                f"its preStop hook revokes credentials when the Pod's end begins, while {context.app} still uses them",
                _said(context, r) or "Let the helper revoke on SIGTERM, or let the credentials expire.",
                "lifecycle.preStop",
            )


def pre_stop_waits_for_app(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        if _effect(context, r) == "wait-for-app":
            yield Risk(
                "pre-stop-waits-for-app",
                "note",
                r.finding.name,
                "its preStop hook waits until the app is gone; the stop order does that now",
                "Remove the hook.",
                "lifecycle.preStop",
            )


def pre_stop_delays(context: Context) -> Iterator[Risk]:
    """A sleep that the plan keeps runs at a Job's end too."""
    for name, container in context.moved.items():
        seconds = sleep_seconds(container.pre_stop)
        if context.is_job and seconds:
            yield Risk(
                "pre-stop-delays",
                "note",
                name,
                f"its preStop sleep of {seconds:g} s also runs when the Job's work is done, so the Job is complete that much later",
                "Remove the hook if nobody drains through it.",
                "lifecycle.preStop",
            )


def _effect(context: Context, r: Relocation) -> str | None:
    container = context.moved.get(r.finding.name)
    return pre_stop_effect(container, r.finding.recipe) if container else None


def _said(context: Context, r: Relocation) -> str:
    """What the recipe says of the hook: it knows its helper better."""
    container = context.moved.get(r.finding.name)
    meaning = meaning_of(container.pre_stop, r.finding.recipe) if container else None
    return meaning.note if meaning else ""


def inbound_outlives_app(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        if context.is_job or not _is_inbound(context, r):
            continue
        if any(least_seconds(app.pre_stop) > 0 or hook_effect(app.pre_stop, None) == "drain" for app in context.apps):
            continue  # the app drains before it stops, so nothing comes in any more
        yield Risk(
            "inbound-outlives-app",
            "caution",
            r.finding.name,
            f"it goes on accepting requests after {context.app} has stopped; until the Pod is out of all endpoints, they get errors (502)",
            f"Give {context.app} a preStop sleep of a few seconds, so that the endpoints drain first.",
        )


def _is_inbound(context: Context, r: Relocation) -> bool:
    """By its recipe, unless the spec says otherwise: then the app is its client, or Services send to others only, or what it
    guards are metrics, whose reader tries again. Without a recipe, a helper that points at an app and owns a Service's port."""
    recipe, container = r.finding.recipe, r.container
    if recipe is not None and recipe.traffic != "inbound":
        return False
    services = services_of(context.workload, context.facts)
    own: set[int | str] = {*served(container), *port_names(container)}
    targets = [] if isinstance(services, Unknown) else [port for service in services for port in target_ports(service)]
    if recipe is None:
        points = any(dialled(container) & served(app) for app in context.apps)
        return points and any(port in own for port in targets)
    if any(dialled(app) & served(container) for app in context.apps) or _guards_metrics(context, container):
        return False
    return not (own and targets) or any(port in own for port in targets)


_METRICS_AT = re.compile(r"--?[\w.-]{0,40}metrics[\w.-]{0,40}[= ][\w.\[\]:]{0,80}?:(\d{2,5})(?!\d)", re.ASCII)


def _guards_metrics(context: Context, container: Container) -> bool:
    """Whether all that it sends to are ports that an app's option names for its metrics."""
    sends = dialled(container)
    metrics = {int(port) for app in context.apps for port in _METRICS_AT.findall(command_text(app))}
    return bool(sends) and sends <= metrics


def grace_period(context: Context) -> Iterator[Risk]:
    """One budget for all: pkg/kubelet/kuberuntime/kuberuntime_termination_order.go, two seconds at least for each. An app that
    does not react to SIGTERM uses all of it, today as well: ignores-sigterm tells that."""
    recipes = {f.name: f.recipe for f in context.findings}
    helpers = [helper_stop(c, recipes.get(c.name)) for c in reversed(context.sidecars)]
    apps = [app_stop(c) for c in context.after.main_list if not _deaf(c)]
    if any(least_seconds(c.pre_stop) >= context.grace for c in (*context.after.main_list, *context.sidecars)):
        apps = [app_stop(c) for c in context.after.main_list]  # a hook that is cut off is told whatever the app does
    if not context.relocations or not apps or serial(apps, helpers) <= context.grace or context.grace <= QUICK:
        return  # with 2 s or less nobody loses anything: that much the kubelet grants each
    written = [replace(a, after=min(a.after, DRAINS)) for a in apps]
    if all(h.after <= QUICK for h in helpers) and serial(written, helpers) <= context.grace:
        return  # the app may drain that long, and its helpers need no more than they get in any case
    slow = max(apps, key=lambda stop: stop.hook + stop.after)
    advised = serial(
        [replace(a, after=max(a.after, APP_STOP)) for a in apps],
        [replace(h, after=max(h.after, FLUSHES)) for h in helpers],
    )
    needs = ", ".join(f"{h.name} {max(h.after, h.hook):g} s" for h in helpers)
    yield Risk(
        "grace-period",
        "caution",
        ", ".join(context.moved),
        f"the Pod has {context.grace} s to end, and {_uses(slow)}; its helpers then stop one after the other and need about "
        f"{needs}: what still runs when the time is over gets 2 s",
        f"Raise terminationGracePeriodSeconds to {math.ceil(advised / 5) * 5}.",
        "terminationGracePeriodSeconds",
    )


def _uses(app: Stop) -> str:
    if app.hook:
        return f"{app.name} sleeps {app.hook:g} s of it in its preStop hook"
    return f"{app.name} may take {app.after:g} s to end"


def ignores_sigterm(context: Context) -> Iterator[Risk]:
    """PID 1 gets only the signals that it asks for; a shell in a loop, tail and sleep ask for none."""
    if context.after.share_process_namespace or not context.relocations:
        return
    order = [c.name for c in context.sidecars]
    for name, container in context.moved.items():
        if not _deaf(container):
            continue
        earlier = order[: order.index(name)]
        if context.is_job:
            text = f"the Job is complete only {context.grace} s after its work, when the helper is killed"
        elif earlier:
            text = f"it uses up the grace period of {context.grace} s, and {', '.join(earlier)} then get 2 s instead of their full time"
        else:
            text = f"the Pod's end takes the whole {context.grace} s, as it does today"
        yield _deaf_one(name, text, severe=context.is_job or bool(earlier))
    slow = any(drain_seconds(helper) > QUICK for helper in context.sidecars)
    for app in () if context.is_job else context.after.main_list:
        if _deaf(app):
            text = f"the Pod's end takes the whole {context.grace} s, as it does today, and only then its helpers get SIGTERM, with 2 s"
            yield _deaf_one(app.name, text, severe=slow)


def _deaf_one(name: str, text: str, *, severe: bool) -> Risk:
    return Risk(
        "ignores-sigterm",
        "caution" if severe else "note",
        name,
        f"its first process is a shell or tool that does not react to SIGTERM: {text}",
        "Start the program with exec, or set a trap (trap 'exit 0' TERM).",
        "command",
    )


_DEAF = frozenset({"tail", "sleep"})
_SCRIPT_DEAF = re.compile(r"\b(?:while|until|for|tail|sleep)\b")
_QUOTED = re.compile(r"'[^']{0,4000}'|\"[^\"]{0,4000}\"|\d?>&\d|&>")
_SEVERAL = re.compile(r"[;&|\n]\s*\S|&\s*$")


_TERM_IGNORED = re.compile(r"""\btrap +(?:''|"") [^\n;&|]{0,40}\b(?:SIG)?TERM\b""")


def _deaf(container: Container) -> bool:
    words = capped_words(container)
    script = script_of(container).replace("\\\n", " ")
    first = words[0].rpartition("/")[2] if words else ""
    if not script:
        return first in _DEAF or (first == "busybox" and len(words) > 1 and words[1] in _DEAF)
    last = script.rstrip().rpartition("\n")[2].rpartition(";")[2].rpartition("&&")[2].strip()
    replaced = last.startswith("exec ") and not any(f"exec {tool}" in script for tool in _DEAF)
    if replaced:
        return False
    if "trap " in script:
        return _TERM_IGNORED.search(script) is not None
    # bash replaces itself with the last of several commands, the smaller shells stay in front of it
    stays = first != "bash" and _SEVERAL.search(_QUOTED.sub("", script)) is not None
    return stays or _SCRIPT_DEAF.search(script) is not None
