"""krew's rules for a manifest, and what krew does on install, as its sources have them (internal/index/validation,
internal/installation, internal/download, cmd/validate-krew-manifest): so that tests need no krew."""

import glob
import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

API_VERSION = "krew.googlecontainertools.github.com/v1alpha2"
SUPPORTED = tuple(
    [("linux", arch) for arch in ("386", "amd64", "arm", "arm64", "ppc64le")]
    + [("darwin", arch) for arch in ("amd64", "arm64")]
    + [("windows", arch) for arch in ("386", "amd64", "arm64")]
)
LICENCE_FILES = {"license", "license.txt", "license.md"}
SHORT, WIDE = 50, 80
"""Columns that the index asks for in shortDescription and description."""


class Refused(Exception):
    """krew would not install this archive."""


def faults(manifest: Mapping[str, Any]) -> list[str]:
    """What krew, its validator or the people of its index would object to; each begins with the field."""
    return [*_head(manifest), *_words(manifest.get("spec") or {}), *_platforms(manifest.get("spec") or {})]


def _head(manifest: Mapping[str, Any]) -> Iterator[str]:
    if manifest.get("apiVersion") != API_VERSION:
        yield f"apiVersion: is not {API_VERSION}"
    if manifest.get("kind") != "Plugin":
        yield "kind: is not Plugin"
    if not re.fullmatch(r"[\w-]+", str((manifest.get("metadata") or {}).get("name", "")), re.ASCII):
        yield "metadata.name: has other characters than letters, digits, _ and -"


def _words(spec: Mapping[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\w.-]+)?", str(spec.get("version", ""))):
        yield "spec.version: is not vX.Y.Z"
    short = str(spec.get("shortDescription", ""))
    if not short or "\n" in short or "\r" in short or len(short) > SHORT:
        yield f"spec.shortDescription: is not one line of at most {SHORT} characters"
    description = str(spec.get("description", ""))
    if not description.strip() or any(len(line) > WIDE for line in description.splitlines()):
        yield f"spec.description: is not there, or wider than {WIDE} columns"
    if "kubectl sidecar" in description:
        yield "spec.description: has an example of usage"
    if not str(spec.get("homepage", "")).startswith("https://"):
        yield "spec.homepage: is no address"


def _platforms(spec: Mapping[str, Any]) -> Iterator[str]:
    platforms = spec.get("platforms") or []
    if not platforms:
        yield "spec.platforms: lists none"
    taken: dict[tuple[str, str], int] = {}
    for index, platform in enumerate(platforms):
        yield from _platform(f"spec.platforms[{index}]", platform)
        matched = [pair for pair in SUPPORTED if matches(platform, *pair)]
        if not matched:
            yield f"spec.platforms[{index}].selector: selects nothing that krew runs on"
        for pair in matched:
            if pair in taken:
                yield f"spec.platforms[{index}].selector: selects {pair} as [{taken[pair]}] does"
            taken[pair] = index


def _platform(where: str, platform: Mapping[str, Any]) -> Iterator[str]:
    selector = platform.get("selector") or {}
    keys = {*(selector.get("matchLabels") or {}), *(e.get("key") for e in selector.get("matchExpressions") or ())}
    if not keys or not keys <= {"os", "arch"}:
        yield f"{where}.selector: is empty or has other keys than os and arch"
    if not str(platform.get("uri", "")).startswith("https://") or not str(platform["uri"]).endswith(
        (".tar.gz", ".zip")
    ):
        yield f"{where}.uri: is no https address of a .tar.gz or .zip"
    if not re.fullmatch(r"[a-f0-9]{64}", str(platform.get("sha256", ""))):
        yield f"{where}.sha256: is not 64 lower-case hexadecimal digits"
    if not _clean(str(platform.get("bin", ""))):
        yield f"{where}.bin: is not there or leads out of the plugin's folder"
    elif matches(platform, "windows", "amd64") and not str(platform["bin"]).endswith(".exe"):
        yield f"{where}.bin: does not end in .exe"
    if "files" in platform:
        moves = platform["files"]
        if not moves or not all(_clean(str(m.get(key, ""))) for m in moves for key in ("from", "to")):
            yield f"{where}.files: is empty, or has a from or to that leads out of the folder"


def _clean(path: str) -> bool:
    return bool(path) and not path.startswith("/") and ".." not in PurePosixPath(path).parts


def matches(platform: Mapping[str, Any], os: str, arch: str) -> bool:
    """Whether the platform's selector takes this machine."""
    selector, machine = platform.get("selector") or {}, {"os": os, "arch": arch}
    labels = selector.get("matchLabels") or {}
    if not labels and not selector.get("matchExpressions"):
        return False
    test = {"In": lambda a, v: a in v, "NotIn": lambda a, v: a not in v}
    expressions = selector.get("matchExpressions") or ()
    return all(machine.get(k) == v for k, v in labels.items()) and all(
        test[e["operator"]](machine.get(e["key"]), e["values"]) for e in expressions
    )


def install(manifest: Mapping[str, Any], archive: Path, root: Path, *, os: str, arch: str) -> Path:
    """Installs the archive as krew with KREW_ROOT=`root` does; returns the link in its bin folder. Raises Refused."""
    platform = next((p for p in manifest["spec"]["platforms"] if matches(p, os, arch)), None)
    if platform is None:
        raise Refused(f"the manifest has no platform for {os}/{arch}")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != platform["sha256"]:
        raise Refused("the archive's sha256 is not the manifest's")
    staging = root / "staging"
    store = root / "store" / manifest["metadata"]["name"] / manifest["spec"]["version"]
    unpack(archive, staging)
    store.mkdir(parents=True)
    for move in platform.get("files") or [{"from": "*", "to": "."}]:
        found = glob.glob(move["from"], root_dir=staging, include_hidden=True)
        if not found:
            raise Refused(f"nothing in the archive is {move['from']}")
        for name in found:
            target = store / move["to"]
            target.mkdir(parents=True, exist_ok=True)
            shutil.move(staging / name, target / Path(name).name)
    shutil.rmtree(staging)
    return _link(store, store / platform["bin"], root / "bin", manifest["metadata"]["name"])


def _link(store: Path, program: Path, bin_folder: Path, name: str) -> Path:
    if not program.is_file() or not os.access(program, os.X_OK):
        raise Refused(f"{program} is no program after the install")
    if not any(path.name.lower() in LICENCE_FILES for path in store.rglob("*")):
        raise Refused("no licence is installed")
    bin_folder.mkdir()
    link = bin_folder / f"kubectl-{name.replace('-', '_')}"
    link.symlink_to(program)
    return link


def unpack(archive: Path, folder: Path) -> None:
    """As krew unpacks a tar: directories and regular files, with the modes that they have there, and nothing else."""
    with tarfile.open(archive) as tar:
        for entry in tar:
            target = folder / entry.name
            if not _clean(entry.name):
                raise Refused(f"{entry.name} leads out of the folder")
            if entry.isdir():
                target.mkdir(mode=entry.mode, parents=True, exist_ok=True)
            elif entry.type == tarfile.REGTYPE:
                target.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(entry)
                assert content is not None
                target.write_bytes(content.read())
                target.chmod(entry.mode)
            else:
                raise Refused(f"{entry.name} is neither a directory nor a regular file")
