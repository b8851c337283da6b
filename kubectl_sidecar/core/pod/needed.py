"""What a helper has to find the moment it starts, or it ends: files and processes that only the app brings.

Beside the app it ended a few times at most, and was started again until the app had brought them. As a native sidecar it starts
first, in a volume that is still empty, and the app starts only if the kubelet happens to see it running."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kubectl_sidecar.core.classification.pointers import key_parts
from kubectl_sidecar.core.pod.reach import command_text, script_of, volume_at, writes
from kubectl_sidecar.core.pod.scripts import followed, last_command, loops
from kubectl_sidecar.core.recipes.globs import quoted, word_set
from kubectl_sidecar.core.workload import Container, PodSpec


class Missing(NamedTuple):
    """`sign` in a sentence, and what lets the helper wait instead."""

    sign: str
    remedy: str


def missing_at_start(container: Container, spec: PodSpec, apps: Sequence[Container]) -> Missing | None:
    """What a helper of a Pod in its native form does not find at its start; None where nothing says so."""
    words = _work(container)
    files = followed(words)
    owners = [_maker(file, container, spec, apps) for file in files]
    if files and all(owners):
        sign = f"tail -f {quoted(files[0])}, in a volume that {owners[0]} fills"
        return Missing(sign, "Let tail wait for the file: tail -F.")
    for option, file in _settings_files(words):
        owner = _maker(file, container, spec, apps)
        if owner and volume_at(container, file) not in writes(container):
            sign = f"{quoted(f'{option} {file}'.strip())}, in a volume that {owner} fills"
            return Missing(sign, "Leave it where it is, or let an init container make the file.")
    return None


def _work(container: Container) -> tuple[str, ...]:
    """The words of the one command that a container runs, be it in a script."""
    script = script_of(container)
    if not script:
        text = command_text(container)
        return () if loops(text) else tuple(text.split())
    return last_command(command_text(Container(command=(script,), env=container.env)))


_SETTINGS = word_set("conf config cfg configuration settings")
_ENDINGS = (".yaml", ".yml", ".toml", ".conf", ".cfg", ".cnf", ".ini", ".properties", ".hcl", ".pem", ".crt", ".key")


def _settings_files(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options that name a file which a program reads when it starts: its settings, or certificates. Not a folder, nor
    what it is to read as it comes: logs, sockets."""
    option = ""
    for word in words:
        name, sign, value = word.partition("=")
        value = (value if sign and word.startswith("-") else word).strip("\"'")
        if word.startswith("-") and not sign:
            option = word
            continue
        option = name if sign and word.startswith("-") else option
        settings = option == "-c" or (key_parts(option) & _SETTINGS and not key_parts(option) & {"dir", "folder"})
        if value.startswith("/") and "*" not in value and (settings or value.endswith(_ENDINGS)):
            yield option, value
        option = ""


def _maker(file: str, container: Container, spec: PodSpec, apps: Sequence[Container]) -> str:
    """Who alone can make a file: a container that starts later, in a volume that is empty when the Pod starts and that nobody
    writes before, unless it only follows a file there itself. '' where somebody else may have made it."""
    volume = volume_at(container, file)
    if volume not in {v.name for v in spec.volumes or () if v.empty_dir is not None}:
        return ""
    if any(m.mount_path.rstrip("/") == file.rstrip("/") for m in container.volume_mounts or ()):
        return ""  # the mount itself, which is always there
    for init in spec.init_list:
        if init.name == container.name:
            break
        if volume in writes(init) and not followed(_work(init)):
            return ""
    return next((app.name for app in apps if volume in writes(app)), "")
