"""Rules of evidence about files that containers share: who writes and who reads, log tails, mounts, sentinel files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise

from kubectl_sidecar.core.classification.findings import Weight
from kubectl_sidecar.core.classification.scene import Scene, Seen
from kubectl_sidecar.core.recipes.globs import quoted, word_set

LOG_WORDS = word_set("log logs logging")
SETTINGS = word_set(
    "conf config configs configuration secret secrets cert certs certificates tls plugin plugins dashboard dashboards rules token tokens "
    "credentials templates"
)
CONTENT = word_set("content html www static public repo git dags assets")
_LOGS, _SETTINGS, _CONTENT = 1, 2, 4
_KINDS = ((_LOGS, LOG_WORDS), (_SETTINGS, SETTINGS), (_CONTENT, CONTENT))


def shared_volume(scene: Scene) -> None:
    """An emptyDir that one container writes and others mount read-only. Of logs the reader is the helper; of settings and
    secrets the writer is. Of content the writer may be the helper (a sync) or the app (its static files), so that is weak.
    Sockets and plain data do not say."""
    for name in scene.shape.empty_dirs:
        readers: list[Seen] = []
        writers: list[Seen] = []
        told = _told_by(name)
        for seen in scene.all:
            mount = seen.mounts.get(name)
            if mount is not None:
                (readers if mount.read_only else writers).append(seen)
                told |= _told_by(mount.mount_path)
        if len(readers) + len(writers) < 2:
            continue
        if not readers:
            _unsaid(name, writers, is_log=bool(told & _LOGS))
        elif told & _LOGS:
            if len(writers) == 1:
                text = f"reads volume {name[:63]} (read-only), which "
                for reader in readers:
                    _told(reader, "reads-logs", text, "medium", ("log-shipper",), writers[0], " writes")
            else:
                users = [s for s in scene.all if name in s.mounts]
                _unsaid(name, users, is_log=True)
        elif told and len(writers) == 1:
            text, after = f"writes volume {name[:63]}, which ", " reads (read-only)"
            weight: Weight = "medium" if told & _SETTINGS else "low"
            _told(writers[0], "writes-content", text, weight, _BRINGS, readers[0], after)


_BRINGS = ("config-sync", "secrets", "identity")


def _unsaid(volume: str, users: list[Seen], *, is_log: bool) -> None:
    """Many manifests leave `readOnly` out. Then a known log shipper beside others on a log volume reads what they write, and a
    known sync writes what they read."""
    rule, places = ("reads-logs", ("log-shipper",)) if is_log else ("writes-content", _BRINGS)
    helpers = [s for s in users if s.family_hit and s.hit and s.hit.recipe.placement.place in places]
    others = [s for s in users if s not in helpers]
    for seen in helpers if others else ():
        if rule not in seen.told:
            text = f"shares the {'log ' if is_log else ''}volume {volume[:63]} with "
            seen.add(rule, text, "medium", "sidecar", "volumeMounts", whom=others[0])


def _told(seen: Seen, rule: str, text: str, weight: Weight, agreeing: tuple[str, ...], whom: Seen, after: str) -> None:
    """Records it once; it is strong where it is what the container's family is known to do. A server with ports for users
    that writes is likelier the app."""
    agrees = seen.family_hit and seen.hit is not None and seen.hit.recipe.placement.place in agreeing
    if rule in seen.told or (
        rule == "writes-content"
        and not agrees
        and (seen.traits.fittings.declared or seen.traits.fittings.has_readiness)
    ):
        return
    seen.add(rule, text, "high" if agrees else weight, "sidecar", "volumeMounts", whom=whom, after=after)


def _has(seen: Seen, rule: str) -> bool:
    return rule in seen.told


@lru_cache(maxsize=4096)
def _told_by(text: str) -> int:
    """What the name of a volume, or the path where it is mounted, tells of the files in it."""
    words = _SEPARATOR.split(text[:200].lower())
    return sum(kind for kind, known in _KINDS if not known.isdisjoint(words))


_SEPARATOR = re.compile(r"[-/_.]")


_SHELL = word_set(
    "; sh bash ash /bin/sh /bin/bash /bin/ash "
    "-c -ec -ce -xc exec set -e -ex touch mkdir -p sleep until while ! [ ] -f -s -e -d test do done true then"
)
_STARTS = word_set("; -c -ec -ce -xc exec do then until while !")
"""Words behind which a command stands."""


def tails_log(scene: Scene) -> None:
    """A container whose whole work is `tail` of a file (not of /dev/null) streams another's log."""
    for seen in scene.all:
        script = seen.traits.script
        if "tail" not in script:
            continue
        words = script.replace(";", " ; ").replace("&&", " ; ").split()[:200]
        place = next((i for i, w in enumerate(words) if w in ("tail", "/usr/bin/tail")), -1)
        if place < 0 or not _only_prepares(words[:place]):
            continue
        rest = words[place + 1 :]
        follows = any(w.startswith("-") and "f" in w.lower() for w in rest)
        file = next((w for w in rest if w.startswith("/")), "")
        if not follows or not file or file == "/dev/null":
            continue
        shared = _shares(scene, seen, file)
        if _has(seen, "family-command"):  # the same fact, but for whose file it is
            if shared:
                text = f"{quoted(file)} is in a volume of another container"
                seen.add("tails-log", text, "high", "sidecar", "volumeMounts")
            continue
        text = f"its whole work is tail of {quoted(file)}"
        seen.add("tails-log", text, "high" if shared else "medium", "sidecar", "command")


def reads_log(scene: Scene) -> None:
    """A script that reads the file to which another's script writes its log is there for that one, whatever it makes of it."""
    scripts = [s for s in scene.all if s.traits.script]
    if len(scripts) < 2:
        return
    writers: dict[str, list[Seen]] = {}
    for seen in scripts:
        for file in set(_REDIRECTED.findall(seen.traits.script)):
            if _told_by(file) & _LOGS:
                writers.setdefault(file, []).append(seen)
    for seen in scripts if writers else ():
        for file in _FILE.findall(seen.traits.script):
            by = writers.get(file, ())
            if len(by) == 1 and by[0] is not seen and _shares(scene, seen, file):
                text = f"reads {quoted(file)}, which "
                seen.add("reads-logs", text, "medium", "sidecar", "command", whom=by[0], after=" writes")
                break


_FILE = re.compile(r"(?<![\w./-])/[\w.-]+(?:/[\w.-]+)+")
_REDIRECTED = re.compile(r"(?:>|\btee(?: -a)?) *(/[\w./-]+)")


def _only_prepares(words: list[str]) -> bool:
    """Whether what stands before it makes and waits for files, and starts no program of its own."""
    for before, word in pairwise([";", *words]):
        is_file = word.startswith("/") and before not in _STARTS
        if not (word in _SHELL or word.isdigit() or is_file):
            return False
    return True


def _shares(scene: Scene, seen: Seen, file: str) -> bool:
    for mount in seen.traits.fittings.mounts:
        if mount.mount_path and file.startswith(mount.mount_path.rstrip("/") + "/"):
            return any(mount.name in other.mounts for other in scene.others(seen))
    return False


def mounts_for_others(scene: Scene) -> None:
    """A mount made in one container (Bidirectional) and seen in another (HostToContainer): the first mounts for the second."""
    for seen in scene.all:
        if seen.traits.fittings.privilege != "all":  # which Bidirectional needs
            continue
        for mount in seen.traits.fittings.mounts:
            if mount.mount_propagation != "Bidirectional":
                continue
            name = mount.name
            users = [
                o
                for o in scene.others(seen)
                if name in o.mounts and o.mounts[name].mount_propagation == "HostToContainer"
            ]
            if users:
                seen.add(
                    "mounts-for", f"mounts volume {name[:63]} for ", "medium", "sidecar", "volumeMounts", whom=users[0]
                )
                break


def sentinel_file(scene: Scene) -> None:
    """A file that one container touches when it is done and another waits for: the waiting one lives for the other."""
    if not any("touch " in s.traits.script for s in scene.all):
        return
    for seen in scene.all:
        tokens = seen.traits.script.replace(";", " ").replace('"', " ").replace("'", " ").split()
        touched = {w for before, w in pairwise(tokens) if before == "touch" and w.startswith("/")}
        for other in scene.others(seen) if touched else ():
            file = next((f for f in sorted(touched) if _waits_for(other.traits.script, f)), None)
            if file:
                after = f" touches {quoted(file)}"
                other.add("sentinel-file", "runs until ", "medium", "sidecar", "command", whom=seen, after=after)
                after = f" by touching {quoted(file)}"
                seen.add("sentinel-file", "ends ", "medium", "main", "command", whom=other, after=after)


def _waits_for(text: str, file: str) -> bool:
    if file not in text or f"touch {file}" in text:
        return False
    return "inotifywait" in text or (
        ("while" in text or "until" in text) and any(f"-{flag} {file}" in text for flag in "fes")
    )


VOLUME_RULES: Mapping[str, Callable[[Scene], None]] = {
    "shared-volume": shared_volume,
    "tails-log": tails_log,
    "reads-log": reads_log,
    "mounts-for": mounts_for_others,
    "sentinel-file": sentinel_file,
}
