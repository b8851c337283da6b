"""Risks at the end: helpers now stop one by one after the app, out of the same grace period; preStop hooks still run at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.plan import Relocation, Risk
from kubectl_sidecar.core.pod.hooks import hook_effect, least_seconds, meaning_of, sleep_seconds
from kubectl_sidecar.core.pod.reach import dialled, port_names, script_of, served
from kubectl_sidecar.core.pod.surroundings import services_of, target_ports
from kubectl_sidecar.core.recipes.globs import capped_words
from kubectl_sidecar.core.risks.context import Context
from kubectl_sidecar.core.workload import Container

APP_STOP = 10
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
    return hook_effect(container.pre_stop, r.finding.recipe) if container else None


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
    """By its recipe; without one, a helper that points at an app and owns a port that a Service sends to."""
    recipe, container = r.finding.recipe, r.container
    if recipe is not None:
        return recipe.traffic == "inbound"
    services = services_of(context.workload, context.facts)
    if isinstance(services, Unknown) or not any(dialled(container) & served(app) for app in context.apps):
        return False
    own: set[int | str] = {*served(container), *port_names(container)}
    return any(port in own for service in services for port in target_ports(service))


def grace_period(context: Context) -> Iterator[Risk]:
    """One budget for all: pkg/kubelet/kuberuntime/kuberuntime_termination_order.go, two seconds at least for each."""
    if not context.relocations:
        return
    app = max((least_seconds(c.pre_stop) for c in context.after.main_list), default=0.0)
    helpers = [max(5.0, least_seconds(c.pre_stop) - app) for c in context.sidecars]
    left = context.grace - app
    if left >= 5 + sum(helpers):
        return
    advised = math.ceil((app + APP_STOP + sum(max(10.0, h) for h in helpers)) / 5) * 5
    slowest = next((c.name for c in context.after.main_list if least_seconds(c.pre_stop) == app), "")
    uses = f"{slowest} sleeps {app:g} s of it in its preStop hook" if app else f"{context.app} may use all of it"
    yield Risk(
        "grace-period",
        "caution",
        ", ".join(context.moved),
        f"the Pod has {context.grace} s to end, and {uses}; {len(helpers)} helper{'s' if len(helpers) > 1 else ''} "
        "then stop one after the other in what is left (2 s each at least)",
        f"Raise terminationGracePeriodSeconds to {advised}.",
        "terminationGracePeriodSeconds",
    )


def ignores_sigterm(context: Context) -> Iterator[Risk]:
    """PID 1 gets only the signals that it asks for; a shell in a loop, tail and sleep ask for none."""
    if context.after.share_process_namespace:
        return
    for name, container in context.moved.items():
        if not _deaf(container):
            continue
        place = [c.name for c in context.sidecars].index(name)
        earlier = [c.name for c in context.sidecars[:place]]
        if context.is_job:
            text, severe = f"the Job is complete only {context.grace} s after its work, when the helper is killed", True
        elif earlier:
            text, severe = (
                f"it uses up the grace period of {context.grace} s, and {', '.join(earlier)} then get 2 s instead of their full time",
                True,
            )
        else:
            text, severe = f"the Pod's end takes the whole {context.grace} s, as it does today", False
        yield Risk(
            "ignores-sigterm",
            "caution" if severe else "note",
            name,
            f"its first process is a shell or tool that does not react to SIGTERM: {text}",
            "Start the program with exec, or set a trap (trap 'exit 0' TERM).",
            "command",
        )


_DEAF = frozenset({"tail", "sleep"})
_SCRIPT_DEAF = re.compile(r"\b(?:while|until|for|tail|sleep)\b")


def _deaf(container: Container) -> bool:
    words = capped_words(container)
    script = script_of(container)
    if not script:
        first = words[0].rpartition("/")[2] if words else ""
        return first in _DEAF or (first == "busybox" and len(words) > 1 and words[1] in _DEAF)
    ends_in_exec = (
        script.rstrip().rpartition("\n")[2].rpartition(";")[2].rpartition("&&")[2].strip().startswith("exec ")
    )
    replaced = ends_in_exec and not any(f"exec {tool}" in script for tool in _DEAF)
    return "trap " not in script and not replaced and _SCRIPT_DEAF.search(script) is not None
