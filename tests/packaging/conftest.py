"""What tests of the built archive need: the archive of this machine in dist/, unpacked, and installed as krew would.

`make dist` builds it. Where it is not there or older than the sources these tests are skipped with that reason; with
KUBECTL_SIDECAR_REQUIRE_CLUSTER=1, as in CI, they fail instead."""

import os
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

from tests.cluster.assets import find_assets
from tests.conftest import REQUIRE, skip_reason
from tests.packaging import krew as replay
from tests.packaging.artefacts import ARCH, DIST, NAME, ROOT, fault
from tests.packaging.tools import Krew, find_tool


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says aloud what was not tested here; tests/conftest.py does so for what lacks a control plane."""
    here = "tests/packaging/"
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", ())
        if report.nodeid.startswith(here) and "cluster" not in report.keywords
    ]
    if skipped:
        terminalreporter.section("NOT TESTED of what is packaged", sep="=", yellow=True, bold=True)
        for report in skipped:
            terminalreporter.line(f"{report.nodeid.removeprefix(here)}: {skip_reason(report)}", yellow=True)


def built(path: Path) -> Path:
    """The file of dist/, no older than what it is made of."""
    if wrong := fault(path):
        without(wrong)
    return path


def tool(name: str) -> Path:
    """A program of tests.packaging.tools."""
    found = find_tool(name)
    if isinstance(found, str):
        without(found)
    return found


@pytest.fixture(scope="session")
def archive() -> Path:
    """The archive of this machine."""
    return built(DIST / NAME)


@pytest.fixture(scope="session")
def rendered(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plugin.yaml as it is rendered for the archives that are there."""
    target = tmp_path_factory.mktemp("manifest") / "plugin.yaml"
    subprocess.run([sys.executable, ROOT / "packaging" / "render.py", "--archives", DIST, "--to", target], check=True)
    return target


@pytest.fixture(scope="session")
def manifest(rendered: Path) -> dict[str, Any]:
    """What it says."""
    document: dict[str, Any] = yaml.safe_load(rendered.read_text())
    return document


def _krew(home: Path) -> Krew:
    assets = find_assets()
    if not isinstance(assets, Path):
        without(str(assets))
    return Krew(home, assets / "kubectl", tool("krew"))


@pytest.fixture
def krew(tmp_path: Path) -> Krew:
    """The real krew with nothing installed."""
    (tmp_path / "krew").mkdir()
    return _krew(tmp_path / "krew")


@pytest.fixture(scope="session")
def krew_with_plugin(rendered: Path, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Krew:
    """The real krew after the install that the documentation shows."""
    krew = _krew(tmp_path_factory.mktemp("krew"))
    krew.ok("krew", "install", f"--manifest={rendered}", f"--archive={archive}")
    return krew


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; a blank is in its path."""
    with tempfile.TemporaryDirectory(prefix="kubectl sidecar ") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def installed(archive: Path, manifest: dict[str, Any], open_folder: Path) -> Path:
    """The link in krew's bin folder, after the install."""
    return replay.install(manifest, archive, open_folder / "krew root", os=sys.platform, arch=ARCH)


@pytest.fixture(scope="session")
def unpacked(archive: Path, open_folder: Path) -> Path:
    """The archive's folder, unpacked by hand. Nobody changes it."""
    replay.unpack(archive, open_folder / "by hand")
    return open_folder / "by hand" / "kubectl-sidecar"


@pytest.fixture
def copy(unpacked: Path, tmp_path: Path) -> Path:
    """The archive's folder, to be damaged."""
    return Path(shutil.copytree(unpacked, tmp_path / "copy"))
