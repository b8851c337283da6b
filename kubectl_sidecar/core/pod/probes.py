"""A startupProbe for a helper that has none, where one is known that passes without the app; and which probes need the app.

Only a startupProbe (or a postStart hook) makes the app wait until the helper works: without one, "running" is enough. But one
that needs the app is a deadlock: the app starts only when it has passed. So a probe is only ever derived from what a recipe
says, or from the helper's own readinessProbe where nothing ties that to the app, and never for a helper that waits for the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.pod.reach import (
    Asked,
    answers,
    asked_by,
    dialled,
    files_waited_for,
    port_names,
    served,
    volume_at,
    waited_for,
    writes,
)
from kubectl_sidecar.core.recipes.globs import capped_words, glob, inside, joined, without_user_info
from kubectl_sidecar.core.recipes.patterns import tests_of
from kubectl_sidecar.core.recipes.recipe import Match, Recipe
from kubectl_sidecar.core.workload import Container, PodSpec, Probe

TIMINGS: Mapping[str, int] = {"periodSeconds": 1, "failureThreshold": 120}
"""Asked each second (the default of 10 s costs 9 s at every start), for two minutes before the kubelet restarts the helper."""


def derived_startup_probe(
    container: Container, recipe: Recipe | None, spec: PodSpec, findings: Sequence[Finding]
) -> tuple[Mapping[str, Any] | None, str]:
    """A startupProbe in Kubernetes' form that passes without the app, or None; and the reason for either."""
    if container.startup_probe is not None:
        return None, "it has a startupProbe of its own"
    apps = others(container, spec, findings)
    waits = waits_in_command(container, apps)
    if waits:
        return None, f"none can be added: its command {waits}, so the app must not wait for it"
    known = recipe.startup_probe if recipe else None
    if recipe and known and requires(known.requires, container):
        env = {e.name: e.value or "" for e in container.env or ()}
        probe = known.configured(capped_words(container), env)
        if probe is not None:
            note = f"; {known.note.rstrip('.')}" if known.note else ""
            return {
                **probe,
                **TIMINGS,
            }, f"startupProbe {_brief(probe)} passes without the app (recipe {recipe.family}{note})"
    return _from_readiness(container, recipe, apps)


def _from_readiness(
    container: Container, recipe: Recipe | None, apps: Sequence[Container]
) -> tuple[Mapping[str, Any] | None, str]:
    probe = container.readiness_probe
    if probe is None:
        return None, "no safe startupProbe is known for it: it has no readinessProbe, and no recipe gives one that fits"
    tied = needs_app(probe, container, recipe, apps)
    if tied:
        return None, f"its readinessProbe is no startupProbe for it: {tied}"
    if recipe and recipe.traffic == "inbound" and probe.http_get is not None and dialled(container):
        return None, "its readinessProbe may be answered by the app behind it, so it is no safe startupProbe"
    action = _plain(probe)
    if action is None:
        return None, "its readinessProbe has no action that could be copied"
    timeout = {"timeoutSeconds": probe.timeout_seconds} if probe.timeout_seconds else {}
    return {
        **action,
        **timeout,
        **TIMINGS,
    }, f"startupProbe {_brief(action)} as its readinessProbe asks, which nothing ties to the app"


def _plain(probe: Probe) -> dict[str, Any] | None:
    for name, action in (
        ("httpGet", probe.http_get),
        ("tcpSocket", probe.tcp_socket),
        ("exec", probe.exec),
        ("grpc", probe.grpc),
    ):
        if action is not None:
            built = msgspec.to_builtins(action)
            headers = built.get("httpHeaders")
            if headers:
                built["httpHeaders"] = [dict(h) for h in headers]
            return {name: {k: list(v) if isinstance(v, tuple) else v for k, v in built.items() if v is not None}}
    return None


def _brief(probe: Mapping[str, Any]) -> str:
    kind, action = next(iter(probe.items()))
    if kind == "exec":
        return f'exec "{without_user_info(" ".join(action.get("command") or ()))[:80]}"'
    return f"{kind} :{action.get('port')}{action.get('path', '')}"


def others(container: Container, spec: PodSpec, findings: Sequence[Finding]) -> tuple[Container, ...]:
    """The regular containers of the Pod that are not known to be helpers: what a helper could wait for in vain."""
    helpers = {f.name for f in findings if f.role == "sidecar" and f.list == "containers"}
    return tuple(c for c in spec.main_list if c.name != container.name and c.name not in helpers)


def requires(match: Match, container: Container) -> bool:
    """Whether all groups of a `requires` that say anything fit the container."""
    tests, words = tests_of(match), capped_words(container)
    text = joined(words)
    one_of = [
        *([any(test(text) for _, test in tests.command)] if tests.command else ()),
        *([any(test(w) for _, test in tests.args for w in words)] if tests.args else ()),
        *([_env(match, container)] if match.env else ()),
        *([bool(tests.ports & served(container))] if tests.ports else ()),
        *(
            [any(test(m.mount_path) for _, test in tests.mounts for m in container.volume_mounts or ())]
            if tests.mounts
            else ()
        ),
    ]
    return all(one_of)


def _env(match: Match, container: Container) -> bool:
    tests = tests_of(match)
    return any(test(e.name) for _, test in tests.env_names for e in container.env or ()) or any(
        test(f"{e.name}={e.value or ''}") for _, test in tests.env_pairs for e in container.env or ()
    )


def any_fits(match: Match, container: Container) -> str:
    """The first pattern of a Match that fits the container's command, args, environment, ports or mounts; '' for none."""
    tests, words = tests_of(match), capped_words(container)
    return tests.first_command(words, joined(words)) or tests.first_other(container)


def needs_app(probe: Probe | None, container: Container, recipe: Recipe | None, apps: Sequence[Container]) -> str:
    """Why a helper's probe passes only once the app is up, as the rest of "it …"; '' where nothing says so."""
    asked = asked_by(probe)
    return asks_app(asked, container, recipe, apps) if asked else ""


def asks_app(asked: Asked, container: Container, recipe: Recipe | None, apps: Sequence[Container]) -> str:
    """The same for what a probe or hook asks."""
    for port in sorted(asked.ports - served(container)):
        owner = next((a for a in apps if port in answers(a)), None)
        if owner:
            return f"it asks port {port}, which {owner.name} serves"
    if asked.name and asked.name not in port_names(container):
        owner = next((a for a in apps if asked.name in port_names(a)), None)
        if owner:
            return f"it names port {asked.name}, which {owner.name} declares"
    for pattern in recipe.waits_for_app if recipe and asked.text else ():
        if _fits(pattern, asked.text):
            return f"{asked.way} answers only when the app is up"
    return _waits_for_file(asked.text, container, apps) if asked.waits else ""


def _fits(pattern: str, text: str) -> bool:
    """A pattern of `waits_for_app`: a whole path, or a part of a command."""
    return glob(pattern)(text) if pattern.startswith("/") and " " not in text else inside(pattern)[0](text)


def waits_in_command(container: Container, apps: Sequence[Container]) -> str:
    """How a helper's own command waits for the app, as the rest of "its command …"; '' where nothing says so."""
    text = joined(capped_words(container))
    for port in sorted(waited_for(text) - served(container)):
        owner = next((a for a in apps if port in answers(a)), None)
        if owner:
            return f"waits for port {port}, which {owner.name} serves"
    return _waits_for_file(text, container, apps).replace("it waits", "waits")


def _waits_for_file(text: str, container: Container, apps: Sequence[Container]) -> str:
    for file in files_waited_for(text):
        volume = volume_at(container, file)
        owner = next((a for a in apps if volume and volume in writes(a)), None)
        if owner and volume not in _own_first(container, text):
            return f"it waits for the file {file[:80]}, in a volume that {owner.name} writes"
    return ""


def _own_first(container: Container, text: str) -> frozenset[str]:
    """Volumes that the container writes itself before it waits: what it waits for may be its own."""
    return writes(container) if " > " in text or "touch " in text else frozenset()
