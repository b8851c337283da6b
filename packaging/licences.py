"""The licences of everything that an archive carries besides our own code, gathered from where it is installed.

Packages bring theirs in their metadata, Python in its library folder, and shared libraries of a Debian system in
/usr/share/doc. What has none that can be found stops the build: it must not be passed on without its licence."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

FOLDER = "THIRD-PARTY-LICENSES"
OURS = "kubectl-sidecar"
_LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


def collect(folder: Path, *, more: Path | None) -> None:
    """Fills `folder`/THIRD-PARTY-LICENSES for the PyInstaller folder `folder`. All files of `more` are added: licences of
    what this Python is linked with, where they are not found otherwise."""
    target = folder / FOLDER
    inside = folder / "_internal"
    for name, sources in [*_packages(inside), _python(), *_libraries(inside, given=more is not None)]:
        (target / name).mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copyfile(source, target / name / source.name)
    if more:
        shutil.copytree(more, target / "python", dirs_exist_ok=True)


def _packages(inside: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each distribution of which a top-level module was collected, and PyInstaller, whose program starts it all."""
    modules = metadata.packages_distributions()
    found = {name for path in inside.iterdir() for name in modules.get(path.name.split(".")[0], ())}
    for name in sorted({*found, "pyinstaller"} - {OURS}, key=str.lower):
        distribution = metadata.distribution(name)
        files = [
            Path(str(file.locate()))
            for file in distribution.files or ()
            if file.parts[0].endswith(".dist-info") and _LICENCE.search(file.name)
        ]
        if not files:
            raise SystemExit(
                f"licences: {name} is installed without a licence in its metadata; leave it out of the archive"
            )
        yield f"{distribution.name}-{distribution.version}", files


def _python() -> tuple[str, list[Path]]:
    licence = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    if not licence.exists():  # Debian's own
        licence = Path(f"/usr/share/doc/python{sys.version_info.major}.{sys.version_info.minor}/copyright")
    if not licence.exists():
        raise SystemExit(f"licences: {sys.executable} has no LICENSE.txt in its library folder; use another Python")
    return "python", [licence]


def _libraries(inside: Path, *, given: bool) -> Iterator[tuple[str, list[Path]]]:
    """Each shared library of the system's that was collected."""
    libraries = sorted(path.name for path in inside.iterdir() if re.match(r"lib.+\.(so|dylib)", path.name))
    for library in libraries:
        if library.startswith("libpython"):
            continue
        if licence := _of_debian(library):
            yield licence.parent.name, [licence]
        elif not given:
            raise SystemExit(
                f"licences: whose {library} is, is not known here; give its licence with --licences FOLDER"
            )


def _of_debian(library: str) -> Path | None:
    if not shutil.which("dpkg-query"):
        return None
    asked = subprocess.run(["dpkg-query", "--search", f"*/{library}"], capture_output=True, text=True, check=False)
    for line in asked.stdout.splitlines():
        licence = Path("/usr/share/doc") / line.partition(":")[0] / "copyright"
        if licence.exists():
            return licence
    return None
