"""The same sources give the same bytes: built once more, from scratch, in another folder and an environment of its own."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.packaging.artefacts import ROOT, SOURCES
from tests.packaging.conftest import without

INPUTS = (*SOURCES, "pyproject.toml", "constraints.txt", "LICENSE", "README.md", "Makefile", ".gitignore")


@pytest.mark.timeout(600)
def test_again_in_another_folder(tmp_path: Path, archive: Path) -> None:
    if not shutil.which("make"):
        without("There is no make.")
    folder = tmp_path / "another folder"
    folder.mkdir()
    for source in INPUTS:
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, folder / source)
    with tarfile.open(archive) as tar:
        time = tar.getmembers()[0].mtime
    # there is no Git checkout; umask, time zone and locale are other ones
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(time), "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    made = subprocess.run(
        ["make", "dist"], cwd=folder, env=environ, check=False, capture_output=True, text=True, umask=0o077
    )
    assert made.returncode == 0, made.stderr
    wheel = next(archive.parent.glob("kubectl_sidecar-*.whl"))
    for before in (archive, Path(f"{archive}.sha256"), wheel):
        assert (folder / "dist" / before.name).read_bytes() == before.read_bytes(), before.name
