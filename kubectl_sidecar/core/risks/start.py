"""Risks at the start: from now on the app starts only when its helpers run, so whatever waits for the app waits for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kubectl_sidecar.core.plan import Relocation, Risk, Severity
from kubectl_sidecar.core.pod.needed import Missing, missing_at_start
from kubectl_sidecar.core.pod.probes import asks_app, filled_before, needs_app, waits_in_command
from kubectl_sidecar.core.pod.reach import Asked, asked_by, command_text, port_names, script_of, served
from kubectl_sidecar.core.pod.scripts import outlived
from kubectl_sidecar.core.pod.through import asks_about, passes_through
from kubectl_sidecar.core.recipes.globs import capped_words, joined, parse_image, quoted, word_set
from kubectl_sidecar.core.recipes.patterns import any_fits
from kubectl_sidecar.core.risks.context import Context
from kubectl_sidecar.core.workload import Container


def one_shot_helper(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        recipe = r.finding.recipe
        sign = any_fits(recipe.one_shot, r.container) if recipe else ""
        sign = sign or _one_shot_word(r.container) or _finite(r.container, job=context.is_job)
        if sign:
            yield Risk(
                "one-shot-helper",
                "blocker",
                r.finding.name,
                f"it ends when its work is done ({sign}): as a native sidecar it would be started again for ever, and one that "
                f"ends at once keeps {context.app} from starting",
                "Leave it where it is; or make it a plain init container if its work comes before the app's; or take the one-shot option away.",
            )


_ONE_SHOT = word_set(
    "--one-time --one-shot --oneshot --once -once -onetime --onetime --run-once --exit-after-auth -exit-after-auth"
)
_ONE_SHOT_ENV = re.compile(r"(?:^METHOD=LIST|(?:^|_)(?:ONE_?TIME|ONE_?SHOT|RUN_ONCE)=(?:true|1|yes))$", re.IGNORECASE)


def _one_shot_word(container: Container) -> str:
    words = capped_words(container)
    for word in words:
        option, _, value = word.partition("=")
        if option in _ONE_SHOT and value.lower() not in ("false", "0", "no"):
            return option
    setting = _ONE_SHOT_SETTING.search(joined(words))
    if setting:
        return setting[0]
    names = [e.name for e in container.env or () if e.value and _ONE_SHOT_ENV.search(f"{e.name[:80]}={e.value[:8]}")]
    return f"env {names[0][:80]}" if names else ""  # values of the environment are never quoted


_ONE_SHOT_SETTING = re.compile(r"\bexit_after_auth *[=:] *true\b|\bdaemon_mode *[=:] *false\b")
_FINITE = word_set(
    "cp mv mkdir chmod chown echo printf touch rm ln tar zip unzip gunzip gzip curl wget aws gsutil s3cmd azcopy scp pg_dump "
    "pg_restore mysqldump mongodump envsubst jq yq base64 sleep test true exit date cat ls find sed export set cd"
)
_SUBCOMMANDS: Mapping[str, frozenset[str]] = {
    "rclone": word_set("copy copyto sync move moveto"),
    "git": word_set("clone pull fetch checkout config"),
}
_ENTRYPOINTS: Mapping[str, str] = {"aws-cli": "aws", "git": "git", "rclone": "rclone", "curl": "curl"}
"""Image (the last part of its name) -> the program that its arguments are given to."""
_SEPARATOR = re.compile(r"&&|\|\||[;|\n]")
_ENDLESS = re.compile(r"\b(?:while|until|for|exec|wait|trap)\b|(?<!&)&(?!&)|\binfinity\b|-[fF]\b")


def _finite(container: Container, *, job: bool) -> str:
    """A command, or a script of nothing but commands, that ends: no loop, nothing in the background. Beside an app that runs
    on, one that sleeps is there to stay."""
    words, script = capped_words(container), script_of(container)
    if words and not container.command:
        program = _ENTRYPOINTS.get(parse_image(container.image or "").basename)
        words = (program, *words) if program and not script else words
    text = script or joined(words)
    if not words or _ENDLESS.search(text):
        return ""
    parts = [part.split() for part in (_SEPARATOR.split(text) if script else [text]) if part.strip()]
    ends = parts and all(_ends(part) for part in parts) and (job or all(part[0] != "sleep" for part in parts))
    return ("its script ends" if script else f"{parts[0][0][:40]} ends") if ends else ""


def _ends(command: list[str]) -> bool:
    program = command[0].rpartition("/")[2]
    if program == "cat" and len(command) == 1:
        return False  # with a terminal, as build agents are kept up
    return program in _FINITE or (len(command) > 1 and command[1] in _SUBCOMMANDS.get(program, ()))


def probe_needs_app(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        container = context.moved.get(r.finding.name, r.container)
        asked = asked_by(container.startup_probe, container)
        if asked is None:
            continue
        filled = filled_before(container, context.after)
        apps = context.apps_beside(r.finding.name)
        why = needs_app(container.startup_probe, container, r.finding.recipe, apps, filled)
        if not why and asked.name and asked.name not in port_names(container):
            why = f"it names port {asked.name}, which this container does not declare, so it can never pass"
        through = "" if why else passes_through(container.startup_probe, container, r.finding.recipe)
        if why or through == "yes":
            why = why or f"{asked.way} is answered by the app behind it"
            text = f"its startupProbe would never pass: {why}, and the app starts only after it"
            yield Risk("probe-needs-app", "blocker", r.finding.name, text, _ASK_ITSELF, "startupProbe")
            continue
        about = asks_about(container.startup_probe, container, apps)
        if about:  # many exporters answer all the same, and say in the answer that it is down
            text = f"its startupProbe may never pass: {about}, and the app starts only after it"
            yield Risk("probe-needs-app", "caution", r.finding.name, text, _ASK_ITSELF, "startupProbe")
        elif through == "maybe":
            text = (
                f"its startupProbe may be answered by the app behind it ({asked.way}), and the app starts only after it"
            )
            yield Risk("probe-needs-app", "caution", r.finding.name, text, _ASK_ITSELF, "startupProbe")


_ASK_ITSELF = "Let the probe ask the helper itself, or remove it."


def post_start_needs_app(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        container = context.moved.get(r.finding.name, r.container)
        asked = asked_by(container.post_start, container)
        if asked is None:
            continue
        filled = filled_before(container, context.after)
        why = asks_app(asked, container, r.finding.recipe, context.apps_beside(r.finding.name), filled)
        if why:
            severity, fate = _fate(asked)
            yield Risk(
                "post-start-needs-app",
                severity,
                r.finding.name,
                f"its postStart hook needs the app: {why}. The app starts only when the hook is done, so {fate}",
                "Remove the hook, or move what it does into the helper's own start.",
                "lifecycle.postStart",
            )


_FORGIVES = re.compile(r"(?:\|\| *(?:true|:|exit 0|echo\b[^;&|]{0,200})|[^&]&)[\s\"']*$")
_BOUNDED = re.compile(r"(?<![\w-])for\b|\btimeout\b|--timeout\b|\bwait-for(?:-it)?\b|\bdockerize\b|\bwait4x\b")
_FOR = re.compile(r"(?<![\w-])for\b")
_FAILS = re.compile(r"\bexit [1-9]|\bfalse\b")


def _fate(asked: Asked) -> tuple[Severity, str]:
    """What becomes of a Pod whose hook asks in vain (seen on a real kubelet): a hook that fails is as bad as one without end."""
    if _FORGIVES.search(asked.text):
        return "caution", "what it asks for never happens any more: the call fails, and the hook goes on"
    if asked.waits and not _BOUNDED.search(asked.text):
        return "blocker", "the Pod can neither start nor be deleted"
    if _FOR.search(asked.text) and not _FAILS.search(asked.text):
        return "caution", "each start takes as long as the hook waits, and what it waits for does not come"
    return "blocker", "the hook fails, the helper is started again and again, and the app never starts"


def post_start_waits(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        container = context.moved.get(r.finding.name, r.container)
        asked = asked_by(container.post_start, container)
        if (
            asked is None
            or not asked.waits
            or asks_app(
                asked,
                container,
                r.finding.recipe,
                context.apps_beside(r.finding.name),
                filled_before(container, context.after),
            )
        ):
            continue
        if asked.ports and asked.ports <= served(container):
            continue  # it waits for the helper itself: the gate that a startupProbe would be
        yield Risk(
            "post-start-waits",
            "caution",
            r.finding.name,
            "its postStart hook waits for something, and from now on nothing else of the Pod starts meanwhile; "
            "while it waits, the Pod's deletion waits too",
            "Use a startupProbe instead, or give the loop an end.",
            "lifecycle.postStart",
        )


def liveness_needs_app(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        container = context.moved.get(r.finding.name, r.container)
        apps, filled = context.apps_beside(r.finding.name), filled_before(container, context.after)
        why = needs_app(container.liveness_probe, container, r.finding.recipe, apps, filled)
        if why:
            yield Risk(
                "liveness-needs-app",
                "caution",
                r.finding.name,
                f"its livenessProbe needs the app: {why}. The helper now runs before the app does, and is killed "
                "when the app takes longer than the probe allows",
                "Let the probe ask the helper itself, or allow more failures.",
                "livenessProbe",
            )


def command_waits_for_app(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        container = context.moved.get(r.finding.name, r.container)
        why = waits_in_command(container, context.apps_beside(r.finding.name))
        if why:
            gated = container.startup_probe is not None
            yield Risk(
                "command-waits-for-app",
                "blocker" if gated else "caution",
                r.finding.name,
                f"its command {why}"
                + (
                    ", while the app waits for its startupProbe: neither goes on"
                    if gated
                    else ": it works as before only as long as it has no startupProbe"
                ),
                "Remove the startupProbe." if gated else "Never add a startupProbe to it.",
            )


def exits_without_app(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        found = _exits(context, r)
        if found:
            yield Risk(
                "exits-without-app",
                "blocker",
                r.finding.name,
                f"it depends on the app being up when it starts ({found.sign}) and ends when that is not so; the app "
                "starts only when it keeps running",
                found.remedy,
            )


def _exits(context: Context, r: Relocation) -> Missing | None:
    """By an option that its recipe names, by a file that only the app makes, or by a process that is not there yet."""
    sign = any_fits(r.finding.recipe.needs_app, r.container) if r.finding.recipe else ""
    if sign:
        return Missing(sign, "Leave it where it is, or let it try again by itself.")
    waits = outlived(command_text(r.container)) if context.after.share_process_namespace else None
    if waits and waits.at_once and not waits.goes_on:
        return Missing(
            f"its loop ends when there is no process: {quoted(waits.sign)}",
            "Take the loop out: it is stopped after the app.",
        )
    container = context.moved.get(r.finding.name, r.container)
    return missing_at_start(container, context.after, context.apps_beside(r.finding.name))


def sub_path_file(context: Context) -> Iterator[Risk]:
    """A file by subPath that does not exist yet: the kubelet makes a directory of that name (pkg/volume/util/subpath)."""
    fresh = {v.name for v in context.after.volumes or () if v.empty_dir is not None}
    for name, container in context.moved.items():
        made_before = {
            m.name for c in context.after.init_list if c.name != name for m in c.volume_mounts or () if not m.read_only
        }
        for mount in container.volume_mounts or ():
            file = (mount.sub_path or "").rpartition("/")[2]
            writer = next(
                (a for a in context.apps for m in a.volume_mounts or () if m.name == mount.name and not m.read_only),
                None,
            )
            if "." in file.lstrip(".") and mount.name in fresh - made_before and writer:
                yield Risk(
                    "sub-path-file",
                    "caution",
                    name,
                    f"it mounts {file} by subPath from volume {mount.name}, which {writer.name} fills: started "
                    "first, it finds an empty directory of that name",
                    "Mount the folder instead of the file.",
                    "volumeMounts",
                )


def startup_probe_slow(context: Context) -> Iterator[Risk]:
    for name, container in context.moved.items():
        probe = container.startup_probe
        if (
            probe is not None
            and (probe.period_seconds is None or probe.period_seconds >= 10)
            and not probe.initial_delay_seconds
        ):
            period = probe.period_seconds or 10
            yield Risk(
                "startup-probe-slow",
                "note",
                name,
                f"its startupProbe asks every {period} s, so each start of the Pod takes about {period - 1} s longer",
                "Set periodSeconds: 1 and a larger failureThreshold.",
                "startupProbe.periodSeconds",
            )
