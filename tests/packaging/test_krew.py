"""The real krew and the validator of its index take plugin.yaml and the archive: nothing here is our reading of their rules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging import krew as replay
from tests.packaging.artefacts import ARCH, ROOT
from tests.packaging.conftest import tool
from tests.packaging.test_manifest import ALL, archives_of
from tests.packaging.tools import Krew

pytestmark = pytest.mark.cluster  # kubectl and krew are built by make cluster


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Each file's mode and bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(f.relative_to(folder)): (f.stat().st_mode & 0o777, f.read_bytes()) for f in files}


def test_it_installs_what_the_documentation_says(krew_with_plugin: Krew) -> None:
    link = krew_with_plugin.root / "bin" / "kubectl-sidecar"
    assert link.is_symlink()
    assert "checkout" in krew_with_plugin.ok("sidecar", "list", "--demo")
    assert krew_with_plugin.ok("sidecar", "--help").startswith("Usage: kubectl sidecar ")
    assert str(link) in krew_with_plugin.ok("plugin", "list")


def test_krew_installs_what_the_replay_of_it_installs(
    krew_with_plugin: Krew, manifest: dict[str, Any], archive: Path, tmp_path: Path
) -> None:
    replayed = replay.install(manifest, archive, tmp_path / "root", os=sys.platform, arch=ARCH)
    real = krew_with_plugin.root / "bin" / "kubectl-sidecar"
    assert contents(real.resolve().parent) == contents(replayed.resolve().parent)
    assert real.resolve().relative_to(krew_with_plugin.root) == replayed.resolve().relative_to(tmp_path / "root")


def test_other_bytes_are_refused(krew: Krew, rendered: Path, archive: Path) -> None:
    other = krew.home / archive.name
    other.write_bytes(archive.read_bytes() + b"\0")
    refused = krew.run("krew", "install", f"--manifest={rendered}", f"--archive={other}")
    assert refused.returncode == 1
    assert "checksum does not match" in refused.stderr
    assert not (krew.root / "bin" / "kubectl-sidecar").exists()


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The manifest as the release workflow gives it to an index: for all four platforms, named as the plugin."""
    target = tmp_path / "sidecar.yaml"
    archives = tmp_path / "archives"
    archives.mkdir()
    script = [sys.executable, str(ROOT / "packaging" / "render.py")]
    subprocess.run([*script, "--archives", archives_of(archives, *ALL), "--to", target], check=True)
    return target


def validated(manifest: Path) -> subprocess.CompletedProcess[str]:
    command = [str(tool("validate-krew-manifest")), "-manifest", str(manifest), "-skip-install"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_validator_of_the_index_takes_a_release(released: Path) -> None:
    done = validated(released)
    assert done.returncode == 0, done.stderr


def test_the_validator_of_the_index_takes_the_committed_one(tmp_path: Path) -> None:
    done = validated(Path(shutil.copy(ROOT / "plugin.yaml", tmp_path / "sidecar.yaml")))
    assert done.returncode == 0, done.stderr


def test_the_validator_is_one(released: Path) -> None:
    document = yaml.safe_load(released.read_text())
    document["spec"]["platforms"][1]["selector"] = document["spec"]["platforms"][0]["selector"]
    released.write_text(yaml.safe_dump(document))
    assert validated(released).returncode != 0


def test_an_index_of_ones_own_offers_it(krew: Krew, released: Path, tmp_path: Path) -> None:
    if not shutil.which("git"):
        pytest.skip("There is no git. Remedy: install the package git.")
    index = tmp_path / "index"
    (index / "plugins").mkdir(parents=True)
    shutil.copy(released, index / "plugins" / "sidecar.yaml")
    who = ["-c", "user.name=index", "-c", "user.email=index@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "--message=sidecar"]):
        subprocess.run(["git", *words], cwd=index, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    krew.ok("krew", "index", "add", "own", str(index))
    assert "own/sidecar" in krew.ok("krew", "search")
    assert f"_{sys.platform}_{ARCH}.tar.gz" in krew.ok("krew", "info", "own/sidecar")
