"""What is in the archive and in which form: as krew takes it, with all licences, no larger than it may be, for old systems."""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.packaging import krew
from tests.packaging.artefacts import ARCH, DIST, ROOT
from tests.packaging.conftest import built, without

MOST_BYTES = 22_000_000
GUIDE = ROOT / "docs" / "installing.md"


@pytest.fixture(scope="module")
def entries(archive: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(archive) as tar:
        return tar.getmembers()


def test_only_directories_and_regular_files(entries: list[tarfile.TarInfo]) -> None:
    assert {entry.type for entry in entries} == {tarfile.DIRTYPE, tarfile.REGTYPE}


def test_all_in_one_folder(entries: list[tarfile.TarInfo]) -> None:
    assert {entry.name.partition("/")[0] for entry in entries} == {"kubectl-sidecar"}


def test_nothing_of_the_builder_or_the_time(entries: list[tarfile.TarInfo], archive: Path) -> None:
    assert {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {(0, 0, "", "")}
    assert len({entry.mtime for entry in entries}) == 1
    assert archive.read_bytes()[3:8] == bytes(5)  # gzip: no flags, so no name; no time


def test_modes_are_fixed(entries: list[tarfile.TarInfo]) -> None:
    program = "kubectl-sidecar/kubectl-sidecar"
    assert {entry.mode for entry in entries if entry.isdir()} == {0o755}
    assert {entry.mode for entry in entries if entry.isreg() and entry.name != program} == {0o644}
    assert [entry.mode for entry in entries if entry.name == program] == [0o755]


def test_the_program_comes_last_after_all_that_it_needs_in_order(entries: list[tarfile.TarInfo]) -> None:
    *names, last = [entry.name for entry in entries]
    assert last == "kubectl-sidecar/kubectl-sidecar"
    assert names == sorted(names)


def test_size(archive: Path) -> None:
    assert archive.stat().st_size <= MOST_BYTES


def test_the_sum_beside_it(archive: Path) -> None:
    digest, name = Path(f"{archive}.sha256").read_text().split()
    assert (digest, name) == (hashlib.sha256(archive.read_bytes()).hexdigest(), archive.name)


def test_all_recipes_are_there(unpacked: Path) -> None:
    inside = unpacked / "_internal" / "kubectl_sidecar" / "migrations"
    there = {path.name: path.read_bytes() for path in inside.glob("*.yaml")}
    assert there == {path.name: path.read_bytes() for path in (ROOT / "migrations").glob("*.yaml")}


def test_our_licence(unpacked: Path) -> None:
    assert (unpacked / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_a_licence_of_every_package_in_it(unpacked: Path) -> None:
    inside, licences = unpacked / "_internal", unpacked / "THIRD-PARTY-LICENSES"
    of_module = metadata.packages_distributions()
    packages = {name for path in inside.iterdir() for name in of_module.get(path.name.split(".")[0], ())}
    assert {"textual", "kubernetes", "click", "msgspec"} <= packages
    have = {_normal(folder.name.rpartition("-")[0]) for folder in licences.iterdir()}
    assert {_normal(name) for name in packages} - {"kubectl-sidecar"} - have == set()
    assert _normal("pyinstaller") in have


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_licences_of_python_and_of_each_library_of_the_system(unpacked: Path) -> None:
    licences = unpacked / "THIRD-PARTY-LICENSES"
    assert list((licences / "python").iterdir())
    libraries = [
        p.name for p in (unpacked / "_internal").glob("lib*") if p.is_file() and not p.name.startswith("libpython")
    ]
    stems = {re.sub(r"\W|_|\d", "", name.partition(".")[0]).lower() for name in libraries} - {
        "libcrypto"
    }  # of OpenSSL, as libssl
    names = {re.sub(r"\W|_|\d", "", folder.name).lower().replace("zlibg", "libz") for folder in licences.iterdir()}
    assert {stem for stem in stems if not any(name.startswith(stem) for name in names)} == set()


def test_no_empty_licence(unpacked: Path) -> None:
    files = [path for path in (unpacked / "THIRD-PARTY-LICENSES").rglob("*") if path.is_file()]
    assert [path for path in files if not path.stat().st_size] == []


def test_nothing_of_the_builders_paths(unpacked: Path) -> None:
    ours = list((unpacked / "_internal" / "kubectl_sidecar").rglob("*.pyc"))
    assert ours
    assert [path for path in ours if str(ROOT).encode() in path.read_bytes()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux'")
def test_the_glibc_that_the_guide_names_is_enough(unpacked: Path) -> None:
    if not shutil.which("readelf"):
        without("There is no readelf. Remedy: install the package binutils.")
    said = re.search(r"built on Debian 12 needs glibc \*\*(\d+\.\d+)\*\*", GUIDE.read_text())
    assert said, "docs/installing.md does not say which glibc the archive needs"
    script = [sys.executable, str(ROOT / "packaging" / "glibc.py")]
    read = subprocess.run([*script, "--at-most", said[1], str(unpacked)], capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    # what is older than the oldest is refused, with the files to blame
    refused = subprocess.run([*script, "--at-most", "2.4", str(unpacked)], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert f"{unpacked / '_internal'}" in refused.stderr


def test_krew_refuses_other_bytes(archive: Path, manifest: dict[str, Any], tmp_path: Path) -> None:
    other = tmp_path / archive.name
    other.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(krew.Refused, match="sha256"):
        krew.install(manifest, other, tmp_path / "root", os=sys.platform, arch=ARCH)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE], ids=["symlink", "hard link", "device"]
)
def test_krew_refuses_links(tmp_path: Path, kind: bytes) -> None:
    entry = tarfile.TarInfo("link")
    entry.type, entry.linkname = kind, "kubectl-sidecar"
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.addfile(entry)
    with pytest.raises(krew.Refused, match="link is neither"):
        krew.unpack(tmp_path / "a.tar.gz", tmp_path / "out")


def test_the_plugin_is_found_under_kubectls_name(installed: Path) -> None:
    assert installed.name == "kubectl-sidecar"
    assert installed.is_symlink()


def test_sdist_and_wheel_are_beside_it() -> None:
    for pattern in ("kubectl_sidecar-*.whl", "kubectl_sidecar-*.tar.gz"):
        found = sorted(DIST.glob(pattern))
        if not found:
            without(f"There is no {pattern} in dist. Remedy: `make dist`.")
        assert built(found[0])
