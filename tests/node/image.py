"""The one container image of a test node: the machine's own static busybox, so no registry is needed.

The archive has `docker save`'s form. The same layer serves as pause image, which only has to sleep.
"""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from pathlib import Path

IMAGE = "localhost/busybox:1"
PAUSE = "localhost/pause:1"
FOLDERS = ("bin", "dev", "etc", "proc", "sys", "tmp")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_archive(path: Path, *, busybox: Path) -> None:
    """Writes the images IMAGE and PAUSE as one tar file."""
    layer = _layer(busybox)
    layer_name = f"{hashlib.sha256(layer).hexdigest()}/layer.tar"
    manifest = []
    with tarfile.open(path, "w") as archive:
        _add(archive, layer_name, layer)
        for tag, command in ((IMAGE, ["/bin/sh"]), (PAUSE, ["/bin/sleep", "2147483647"])):
            config = _config(command, layer)
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(archive, name, config)
            manifest.append({"Config": name, "RepoTags": [tag], "Layers": [layer_name]})
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _layer(busybox: Path) -> bytes:
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for folder in FOLDERS:
            _add(archive, folder, kind=tarfile.DIRTYPE)
        _add(archive, "bin/busybox", busybox.read_bytes())
        for applet in applets:
            if applet != "busybox":
                _add(archive, f"bin/{applet}", kind=tarfile.SYMTYPE, target="busybox")
    return out.getvalue()


def _config(command: list[str], layer: bytes) -> bytes:
    machine = platform.machine()
    return json.dumps(
        {
            "architecture": ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Cmd": command, "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()


def _add(
    archive: tarfile.TarFile, name: str, data: bytes = b"", *, kind: bytes = tarfile.REGTYPE, target: str = ""
) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.type, entry.linkname = len(data), 0o755, kind, target
    archive.addfile(entry, io.BytesIO(data))
