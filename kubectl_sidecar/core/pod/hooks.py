"""What a helper's hooks do, and which preStop hook a migration makes needless.

In the native form all preStop hooks still run at the very beginning of a Pod's end, not at the helper's turn (KEP-753; run on
a real kubelet). A hook that only sleeps was there to outlive the app: the order does that now. But where clients still come
in through the helper the same sleep is the endpoints' drain, so it stays on whatever owns a Service's or a probe's port."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.facts import Facts, Unknown
from kubectl_sidecar.core.plain import name_of
from kubectl_sidecar.core.pod.reach import asked_by, command_text, port_names, served
from kubectl_sidecar.core.pod.scripts import files_that_end_it, makes
from kubectl_sidecar.core.pod.surroundings import Objects, services_of, target_ports
from kubectl_sidecar.core.recipes.globs import TEXT_CAP, glob, inside
from kubectl_sidecar.core.recipes.recipe import HookEffect, HookMeaning, Recipe
from kubectl_sidecar.core.workload import Container, Hook, PodSpec, Workload

_SHELL = r"(?:/?(?:usr/)?(?:bin/)?(?:ba|a|da)?sh -[a-z]*c +)?[\"']?"
_SLEEP = re.compile(
    rf"{_SHELL}(?:exec )?(?:/?(?:usr/)?(?:bin/)?)?sleep +(\d{{1,6}}(?:\.\d+)?)(s|m|h)?[\"']?;?", re.ASCII
)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0, None: 1.0}


def sleep_seconds(hook: Hook | None) -> float | None:
    """How long a hook that does nothing but sleep sleeps; None where it does something else."""
    if hook is None:
        return None
    if hook.sleep is not None:
        return float(hook.sleep.seconds or 0)
    if hook.exec is not None:
        found = _SLEEP.fullmatch(" ".join(hook.exec.command or ())[:TEXT_CAP].strip())
        return float(found[1]) * _UNITS[found[2]] if found else None
    return None


_SLEEPS = re.compile(r"\bsleep(?: +|\()[\"']?(\d{1,6}(?:\.\d{1,3})?)([smh]?)(?![\w.])", re.ASCII)
_LOOPS = re.compile(r"(?:^|[;&|\n({\"']|\b(?:then|else|do)\b|-[a-z]*c) *(?:while|until|for)\b[\s\S]*?(?:\bdone\b|$)")
"""A loop of a shell: how often it goes round is not known. In front of it stands the end of what was before, or `sh -c`."""


def least_seconds(hook: Hook | None) -> float:
    """How long a hook takes at least, as far as its sleeps outside of loops say so."""
    slept = sleep_seconds(hook)
    if slept is not None:
        return slept
    return slept_seconds(" ".join((hook.exec.command if hook and hook.exec else None) or ())[:TEXT_CAP])


def slept_seconds(text: str) -> float:
    """The sleeps of a script outside of loops, in seconds."""
    if "sleep" not in text:
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in _SLEEPS.findall(_LOOPS.sub(";", text)))


_PATTERNS: tuple[tuple[HookEffect, re.Pattern[str]], ...] = (
    ("wait-for-app", re.compile(r"\b(?:while|until)\b[^;]{0,200}\b(?:netstat|ss|pgrep|pidof|lsof|nc|curl|wget)\b|\btail --pid=|inotifywait")),
    ("wait-for-app", re.compile(r"\b(?:while|until) +(?:! *)?(?:(?:\[\[?|test) +(?:! +)?-[efsS]|ls|stat) ")),
    ("revoke", re.compile(r"\brevoke\b|\blogout\b")),
    ("exit", re.compile(r"quitquitquit|-s (?:quit|stop)\b|\b(?:wg-quick down|umount)\b|\b(?:os|process)\.kill\(1\b")),
    ("exit", re.compile(r"\bp?kill(?:all)? +(?!-1\b)(?![^;&|\n]{0,40}-(?:s +|-signal[= ])?(?:SIG)?(?:HUP|USR2|CONT|0)\b)\S")),
    ("exit", re.compile(r"\b(?:supervisorctl|systemctl|rc-service) (?:stop|shutdown)\b|\bs6-svscanctl\b|\bs6-svc -\w*d|\bsv (?:stop|down|exit)\b")),
    ("exit", re.compile(r"\bpg_ctl stop\b|\b(?:kill|interrupt)Workers\b")),
    ("exit", re.compile(r"\b(?:apachectl|httpd|apache2ctl) (?:-k )?(?:graceful-)?stop\b|^/(?:\S{0,100}/)?(?:quit|stop|exit|terminate)/?$")),
    ("drain", re.compile(r"healthcheck/fail|drain_listeners|\bPOST drain\b|/drain\b|-(?:s +)?(?:SIG)?USR2\b|graceful_shutdown")),
    ("exit", re.compile(r"\b_?shutdown\b|/-/quit\b|/agent/v1/quit\b")),
    ("flush", re.compile(r"\bflush|\bsync\b|\bsave\b")),
)  # fmt: skip


def hook_effect(hook: Hook | None, recipe: Recipe | None) -> HookEffect | None:
    """What a preStop hook does; the recipe's word first. None where there is none, or it cannot be told."""
    if hook is None:
        return None
    asked = asked_by(hook)
    text = asked.text if asked else ""
    meaning = meaning_of(hook, recipe)
    if meaning is not None:
        return meaning.effect
    if sleep_seconds(hook) is not None:
        return "delay"
    if recipe and any(path in text for path in recipe.quit_endpoints):
        return "exit"
    return next((effect for effect, pattern in _PATTERNS if pattern.search(text)), None)


def pre_stop_effect(container: Container, recipe: Recipe | None) -> HookEffect | None:
    """What a container's own preStop hook does; a file that it makes and that its own command waits for ends it too."""
    effect, asked = hook_effect(container.pre_stop, recipe), asked_by(container.pre_stop)
    if effect in (None, "flush") and asked and asked.way == "exec":
        own = command_text(container)
        if any(makes(asked.text, file) for file in files_that_end_it(own)):
            return "exit"
    return effect


def meaning_of(hook: Hook | None, recipe: Recipe | None) -> HookMeaning | None:
    """What the recipe says of a hook, if anything."""
    asked = asked_by(hook) if hook and recipe and recipe.hooks else None
    if recipe is None or asked is None or not asked.text:
        return None
    text = asked.text
    return next((m for m in recipe.hooks if inside(m.pattern)[0](text) or glob(m.pattern)(text)), None)


def removable_pre_stop(
    container: Container, finding: Finding, spec: PodSpec, facts: Facts, *, workload: Workload | None = None
) -> tuple[bool, str]:
    """Whether the plan takes the helper's preStop hook away, and the reason for or against (empty without a pure sleep).
    With `workload` only Services that select it count, else every Service among the facts."""
    seconds = sleep_seconds(container.pre_stop)
    if seconds is None:
        return False, ""
    services = services_of(workload, facts) if workload else facts.services
    keeps = next(_drains(container, finding, spec, services), "")
    if keeps:
        return False, f"its preStop sleep of {seconds:g} s stays: {keeps}"
    return True, (
        f"its preStop sleep of {seconds:g} s goes: it was there to outlive the app, which the stop order does now; "
        "left there, it would only delay the Pod's end"
    )


def _drains(container: Container, finding: Finding, spec: PodSpec, services: Objects | Unknown) -> Iterator[str]:
    """Why a sleep may be there for the endpoints to drain."""
    if finding.recipe and finding.recipe.traffic == "inbound":
        yield "users come in through it, and it gives the endpoints time to drain"
    ports, names = served(container), port_names(container)
    if isinstance(services, Unknown):
        if ports:
            yield f"it has a port, and whether a Service sends to it is not known ({services.reason})"
    else:
        for service in services:
            for port in target_ports(service):
                if port in ports or port in names:
                    yield f"Service {name_of(service)} sends to its port {port}, and the sleep gives the endpoints time to drain"
    for other in (*spec.main_list, *spec.init_list):
        for probe in (other.readiness_probe, other.liveness_probe, other.startup_probe):
            asked = asked_by(probe)
            if asked and (asked.ports & ports or (other is container and (asked.ports or asked.name))):
                yield f"a probe of {other.name} asks its port, and the sleep keeps it answering while endpoints drain"
