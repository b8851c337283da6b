"""What tests of the built archive need: the archive of this machine in dist/, unpacked, and installed as krew would.

`make dist` builds it. Where it is not there or older than the sources these tests are skipped with that reason; with
KUBECTL_SIDECAR_REQUIRE_CLUSTER=1, as in CI, they fail instead."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from kubectl_sidecar import __version__
from tests.conftest import REQUIRE
from tests.packaging import krew

ROOT = Path(__file__).resolve().parent.parent.parent
DIST = ROOT / "dist"
ARCH = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), "")
NAME = f"kubectl-sidecar_v{__version__}_{sys.platform}_{ARCH}.tar.gz"
SOURCES = ("kubectl_sidecar", "migrations", "packaging")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The only line of stderr."""
        (line,) = self.err.strip().splitlines()
        return line


def run(program: Path | str, *words: str, env: Mapping[str, str] | None = None, **more: Any) -> Ran:
    """Runs a program without a terminal and with no other environment than `env`."""
    done = subprocess.run(
        [program, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=env or {},
        timeout=60,
        **more,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def without(reason: str) -> NoReturn:
    """Skips the test, or fails it where nothing may be skipped."""
    if os.environ.get(REQUIRE, "0") not in ("", "0"):
        pytest.fail(f"{REQUIRE} is set, so this test may not be skipped. {reason}")
    pytest.skip(reason)


def built(path: Path) -> Path:
    """The file of dist/, no older than what it is made of."""
    if not path.exists():
        without(f"There is no {path.name} in dist. Remedy: `make dist`.")
    newest = max(
        f.stat().st_mtime for name in SOURCES for f in (ROOT / name).rglob("*.[pyt]*") if "__pycache__" not in f.parts
    )
    if path.stat().st_mtime < newest:
        without(f"{path.name} is older than the sources. Remedy: `make dist`.")
    return path


@pytest.fixture(scope="session")
def archive() -> Path:
    """The archive of this machine."""
    return built(DIST / NAME)


@pytest.fixture(scope="session")
def manifest(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """plugin.yaml as it is rendered for the archives that are there."""
    target = tmp_path_factory.mktemp("manifest") / "plugin.yaml"
    subprocess.run([sys.executable, ROOT / "packaging" / "render.py", "--archives", DIST, "--to", target], check=True)
    document: dict[str, Any] = yaml.safe_load(target.read_text())
    return document


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; a blank is in its path."""
    with tempfile.TemporaryDirectory(prefix="kubectl sidecar ") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def installed(archive: Path, manifest: dict[str, Any], open_folder: Path) -> Path:
    """The link in krew's bin folder, after the install."""
    return krew.install(manifest, archive, open_folder / "krew root", os=sys.platform, arch=ARCH)


@pytest.fixture(scope="session")
def unpacked(archive: Path, open_folder: Path) -> Path:
    """The archive's folder, unpacked by hand. Nobody changes it."""
    krew.unpack(archive, open_folder / "by hand")
    return open_folder / "by hand" / "kubectl-sidecar"


@pytest.fixture
def copy(unpacked: Path, tmp_path: Path) -> Path:
    """The archive's folder, to be damaged."""
    return Path(shutil.copytree(unpacked, tmp_path / "copy"))
