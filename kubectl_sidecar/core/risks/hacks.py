"""What the app, or the helper, does today to get an order: some of it breaks with the native form, most of it is needless.
Only reported: taking a wrapper or a call out of a command changes its exit status, so that is the owner's decision."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubectl_sidecar.core.plan import Relocation, Risk
from kubectl_sidecar.core.pod.reach import asked_by, calls, command_text, same_file, served
from kubectl_sidecar.core.pod.scripts import files_that_end_it, makes, outlived, waited_for
from kubectl_sidecar.core.problems import kill_switch, kills
from kubectl_sidecar.core.recipes.globs import capped_words, glob, quoted
from kubectl_sidecar.core.recipes.patterns import any_fits
from kubectl_sidecar.core.recipes.recipe import Match
from kubectl_sidecar.core.risks.context import Context
from kubectl_sidecar.core.workload import Container

_KUBEXIT = "KUBEXIT_"


def kubexit(context: Context) -> Iterator[Risk]:
    """github.com/karlkfi/kubexit cmd/kubexit/main.go: dependencies are looked up in containerStatuses only."""
    for container in (*context.before.main_list, *context.before.init_list):
        wrapped = any(e.name.startswith(_KUBEXIT) for e in container.env or ()) or any(
            "kubexit" in w for w in capped_words(container)
        )
        if wrapped and context.relocations:
            yield Risk(
                "kubexit",
                "blocker",
                container.name,
                "it is wrapped in kubexit, which looks for its partners among the regular containers only: the app "
                "would wait in vain, and the helper would be ended and started again",
                "Take kubexit out of all containers in the same change (command, init container, volume, environment).",
                "env",
            )
            return


def quit_endpoint(context: Context) -> Iterator[Risk]:
    """The app asks its helper to exit. That was how a Job came to its end."""
    for r in context.relocations:
        for app in context.apps:
            hook = asked_by(app.pre_stop)
            if hook and _quits(hook.text if hook.way == "exec" else hook.way, r, context):
                yield Risk(
                    "quit-endpoint",
                    "caution",
                    r.finding.name,
                    f"the preStop hook of {app.name} tells it to exit when the Pod's end begins: {app.name} stops "
                    "without it, and it is not started again",
                    f"Remove the hook of {app.name}.",
                    "lifecycle.preStop",
                )
            elif _quits(command_text(app), r, context):
                yield Risk(
                    "quit-endpoint",
                    "note",
                    r.finding.name,
                    f"{app.name} tells it to exit at its own end; that is needless now: it exits and is started once more while {app.name} ends",
                    "Remove the call, but mind that the exit status of the command may change.",
                    "command",
                )


_QUITS = re.compile(r"quitquitquit|/-/quit\b|/agent/v1/quit\b")


def _quits(text: str, r: Relocation, context: Context) -> bool:
    paths = r.finding.recipe.quit_endpoints if r.finding.recipe else ()
    if any(path in text for path in paths):
        return any(calls(text, path, r.container, context.before.main_list) for path in paths)
    if _QUITS.search(text) is None:
        return False
    ports = served(r.container)
    if ports:
        return any(f":{port}" in text for port in ports)
    ours = r.finding.recipe is None or r.finding.recipe.traffic != "none"
    return ours and any(calls(text, path, r.container, context.before.main_list) for path in _QUITS.findall(text))


def sentinel_file(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        for file in files_that_end_it(command_text(r.container)):
            maker = next((a for a in context.apps if _makes(a, same_file(file, r.container, a))), None)
            if maker is not None:
                yield Risk(
                    "sentinel-file",
                    "caution",
                    r.finding.name,
                    f"it ends when {maker.name} makes the file {quoted(file)}; as a native sidecar it is started again, and finds the file again",
                    "Take both halves out: SIGTERM tells it now. What it did after the file came has to happen on SIGTERM.",
                    "command",
                )
        yield from _watches_process(context, r)


def _watches_process(context: Context, r: Relocation) -> Iterator[Risk]:
    """The same without a file: it sees the app's process go, which is not there yet when a native sidecar starts."""
    waits = outlived(command_text(r.container)) if context.after.share_process_namespace else None
    if waits and waits.goes_on:
        app = context.app
        fate = (
            f"it starts before {app}, so the wait is over at once and its work comes too early; when {app} ends, it is told to stop"
            if waits.at_once
            else f"it is told to stop just then, and what it does afterwards is cut off: {app} has ended"
        )
        yield Risk(
            "sentinel-file",
            "caution",
            r.finding.name,
            f"it goes on when {app} has no process any more ({quoted(waits.sign)}). As a native sidecar {fate}",
            "Take the loop out: SIGTERM tells it now. What it did after the loop has to happen on SIGTERM.",
            "command",
        )


def _makes(app: Container, path: str) -> bool:
    """By its command, its arguments (`--done-file=/x`) or its preStop hook. A folder that is watched has to be written to."""
    hook = asked_by(app.pre_stop)
    text = command_text(app)
    if not path or makes(text, path) or makes(hook.text if hook else "", path):
        return bool(path)
    folder = any(path == (m.mount_path or "").rstrip("/") for m in app.volume_mounts or ())
    return not folder and re.search(rf"[= ]{re.escape(path)}(?![\w/.-])", text) is not None


def shared_pid_kill(context: Context) -> Iterator[Risk]:
    if not context.after.share_process_namespace:
        return
    for r in context.relocations:
        for app in context.apps:
            hook = asked_by(app.pre_stop)
            if hook and kills(hook.text, r.finding, r.container):
                yield Risk(
                    "shared-pid-kill",
                    "caution",
                    r.finding.name,
                    f"the preStop hook of {app.name} kills its processes when the Pod's end begins: {app.name} stops without it, "
                    "and it is not started again",
                    f"Remove the kill from the hook of {app.name}.",
                    "lifecycle.preStop",
                )
        switch = kill_switch(context.workload, r.finding, r.container, context.findings)
        if "kills the processes" in switch:
            yield Risk(
                "shared-pid-kill",
                "note",
                r.finding.name,
                f"{switch} at its own end; that is needless now: a killed helper is started again",
                "Take the kill out. Keep shareProcessNamespace if anything else uses it.",
                "command",
            )


_NOTHING = Match()


def exit_wrapper(context: Context) -> Iterator[Risk]:
    """Wrappers that wait for a proxy at the start and end it with the app; the proxy itself may be injected later."""
    if not any(r.finding.recipe and r.finding.recipe.traffic != "none" for r in context.relocations):
        return
    wrappers = [recipe.wrappers for recipe in context.recipes if recipe.wrappers != _NOTHING]
    for app in context.apps:
        sign = next((found for match in wrappers if (found := any_fits(match, app))), "")
        if sign:
            yield Risk(
                "exit-wrapper",
                "note",
                app.name,
                f"it is wrapped ({sign}) to wait for its proxy and to end it; with a native sidecar and a startupProbe both are "
                "needless",
                "Take the wrapper out, or tell it to do nothing, when the new form has proved itself.",
                "command",
            )


def wait_loop(context: Context) -> Iterator[Risk]:
    """The app, or a plain init container, waits for the helper's port."""
    for r in context.relocations:
        container = context.moved.get(r.finding.name, r.container)
        later = (c for c in context.apps_beside(r.finding.name) if c in context.after.init_list)
        for waiting in (*context.apps, *(c for c in later if c.name not in context.moved)):
            ports = waited_for(command_text(waiting)) & served(container)
            if ports:
                gated = container.startup_probe is not None
                yield Risk(
                    "wait-loop",
                    "note",
                    r.finding.name,
                    f"{waiting.name} waits for localhost:{min(ports)} itself; "
                    + (
                        "the startupProbe does that now"
                        if gated
                        else "keep that as long as the helper has no startupProbe"
                    ),
                    "Take the loop out." if gated else "",
                    "command",
                )


_BACKUP_HOOKS = (
    "pre.hook.backup.velero.io/container",
    "post.hook.backup.velero.io/container",
    "post.hook.restore.velero.io/container",
)


def backup_hook(context: Context) -> Iterator[Risk]:
    """velero internal/hook: up to 1.18.1 the container of a hook is looked for among the regular ones only."""
    for key in _BACKUP_HOOKS:
        name = context.workload.template.annotations.get(key)
        if name in context.moved:
            yield Risk(
                "backup-hook",
                "caution",
                str(name),
                f"Velero runs a hook in it ({key}), and up to 1.18.1 finds containers of hooks among the regular ones only: "
                "backups would go on without the hook, or fail",
                "Let the hook run in another container, or upgrade Velero first.",
                f"metadata.annotations[{key}]",
            )


def init_copy(context: Context) -> Iterator[Risk]:
    """A one-time copy of the helper among the plain init containers, so that its work is done before the app starts."""
    for r in context.relocations:
        for init in context.before.init_list:
            if init.restart_policy == "Always" or not _is_copy(init, r):
                continue
            yield Risk(
                "init-copy",
                "note",
                r.finding.name,
                f"init container {init.name} is a one-time copy of it; with a startupProbe the native sidecar does both",
                "Look whether one of them is enough.",
                "initContainers",
            )


def _is_copy(init: Container, r: Relocation) -> bool:
    companion = any(glob(p)(init.name) for p in r.finding.recipe.companions) if r.finding.recipe else False
    return bool(init.image) and init.image == r.container.image and (companion or init.words != r.container.words)
