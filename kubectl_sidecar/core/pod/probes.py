"""A startupProbe for a helper that has none, where one is known that passes without the app; and which probes need the app.

Only a startupProbe (or a postStart hook) makes the app wait until the helper works: without one, "running" is enough. But one
that needs the app is a deadlock: the app starts only when it has passed. So a probe is only ever derived from what a recipe
says, or from the helper's own readinessProbe where nothing ties that to the app, and never for a helper that waits for the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kubectl_sidecar.core.pod.reach import (
    Asked,
    answers,
    asked_by,
    command_text,
    dialled,
    port_names,
    served,
    volume_at,
    writes,
)
from kubectl_sidecar.core.pod.resources import is_native
from kubectl_sidecar.core.pod.scripts import files_tested, files_waited_for, waited_for, watched_once
from kubectl_sidecar.core.pod.through import asks_about, passes_through
from kubectl_sidecar.core.recipes.globs import capped_words, glob, inside, joined, quoted
from kubectl_sidecar.core.recipes.patterns import tests_of
from kubectl_sidecar.core.recipes.recipe import Match, Recipe
from kubectl_sidecar.core.workload import Container, PodSpec, Probe

TIMINGS: Mapping[str, int] = {"periodSeconds": 1, "failureThreshold": 120}
"""Asked each second (the default of 10 s costs 9 s at every start), for two minutes before the kubelet restarts the helper."""


def derived_startup_probe(
    container: Container, recipe: Recipe | None, spec: PodSpec
) -> tuple[Mapping[str, Any] | None, str]:
    """A startupProbe in Kubernetes' form that passes without the app, or None; and the reason for either."""
    if container.startup_probe is not None:
        return None, "it has a startupProbe of its own"
    apps = others(container, spec)
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
    return _from_readiness(container, recipe, apps, filled_before(container, spec))


def _from_readiness(
    container: Container, recipe: Recipe | None, apps: Sequence[Container], filled: frozenset[str]
) -> tuple[Mapping[str, Any] | None, str]:
    probe = container.readiness_probe
    if probe is None:
        return None, "no safe startupProbe is known for it: it has no readinessProbe, and no recipe gives one that fits"
    tied = needs_app(probe, container, recipe, apps, filled) or asks_about(probe, container, apps)
    if tied:
        return None, f"its readinessProbe is no startupProbe for it: {tied}"
    behind_it = recipe is not None and recipe.traffic == "inbound" and probe.http_get and dialled(container)
    if behind_it or passes_through(probe, container, recipe):
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
        return f'exec "{quoted(" ".join(action.get("command") or ()))}"'
    return f"{kind} :{action.get('port')}{action.get('path', '')}"


def others(container: Container, spec: PodSpec) -> tuple[Container, ...]:
    """The other regular containers of the Pod: what a helper could wait for in vain. Other helpers too, because one that stays,
    or is placed behind it, starts later."""
    return tuple(c for c in spec.main_list if c.name != container.name)


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


_NONE: frozenset[str] = frozenset()


def needs_app(
    probe: Probe | None,
    container: Container,
    recipe: Recipe | None,
    apps: Sequence[Container],
    filled: frozenset[str] = _NONE,
) -> str:
    """Why a helper's probe passes only once the app is up, as the rest of "it …"; '' where nothing says so. `filled` are the
    volumes that somebody wrote before: what is tested there need not come from the app."""
    asked = asked_by(probe, container)
    return asks_app(asked, container, recipe, apps, filled) if asked else ""


def filled_before(container: Container, spec: PodSpec) -> frozenset[str]:
    """The volumes that plain init containers before this one may write (before a regular container: all of them), and those
    that are not empty at the start anyway."""
    found = {v.name for v in spec.volumes or () if v.empty_dir is None}
    for init in spec.init_list:
        if init.name == container.name:
            break
        if not is_native(init):
            found |= writes(init)
    return frozenset(found)


def asks_app(
    asked: Asked,
    container: Container,
    recipe: Recipe | None,
    apps: Sequence[Container],
    filled: frozenset[str] = _NONE,
) -> str:
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
    if asked.waits:
        return _waits_for_file(asked.text, container, apps)
    return _tests_file(asked.text, container, apps, filled) if asked.way == "exec" else ""


def _tests_file(text: str, container: Container, apps: Sequence[Container], filled: frozenset[str]) -> str:
    """A file that only an app can make: in a volume that the app writes and neither the helper nor anybody before it does."""
    for file in files_tested(text):
        volume = volume_at(container, file)
        owner = next((a for a in apps if volume and volume in writes(a)), None)
        if owner and volume not in filled | writes(container):
            return f"it looks for the file {quoted(file)}, in a volume that {owner.name} writes"
    return ""


def _fits(pattern: str, text: str) -> bool:
    """A pattern of `waits_for_app`: a whole path, or a part of a command."""
    return glob(pattern)(text) if pattern.startswith("/") and " " not in text else inside(pattern)[0](text)


def waits_in_command(container: Container, apps: Sequence[Container]) -> str:
    """How a helper's own command waits for the app, as the rest of "its command …"; '' where nothing says so."""
    text = command_text(container)
    for port in sorted(waited_for(text) - served(container)):
        owner = next((a for a in apps if port in answers(a)), None)
        if owner:
            return f"waits for port {port}, which {owner.name} serves"
    return _waits_for_file(text, container, apps).replace("it waits", "waits")


def _waits_for_file(text: str, container: Container, apps: Sequence[Container]) -> str:
    for file in (*files_waited_for(text), *watched_once(text)):
        volume = volume_at(container, file)
        owner = next((a for a in apps if volume and volume in writes(a)), None)
        if owner and volume not in _own_first(container, text):
            return f"it waits for the file {quoted(file)}, in a volume that {owner.name} writes"
    return ""


def _own_first(container: Container, text: str) -> frozenset[str]:
    """Volumes that the container writes itself before it waits: what it waits for may be its own."""
    return writes(container) if " > " in text or "touch " in text else frozenset()
