"""plugin.yaml keeps every rule of krew's, is what its template renders, and lists only archives that are there."""

import copy
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl_sidecar import __version__
from tests.packaging import krew
from tests.packaging.artefacts import ROOT

COMMITTED = ROOT / "plugin.yaml"
ALL = [("linux", "amd64"), ("linux", "arm64"), ("darwin", "amd64"), ("darwin", "arm64")]


def render(archives: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, ROOT / "packaging" / "render.py", "--archives", archives],
        capture_output=True,
        text=True,
        check=True,
    )
    document: dict[str, Any] = yaml.safe_load(done.stdout)
    return document


def archives_of(folder: Path, *platforms: tuple[str, str]) -> Path:
    """A folder with files that are named as archives of these platforms."""
    for os, arch in platforms:
        (folder / f"kubectl-sidecar_v{__version__}_{os}_{arch}.tar.gz").write_text(f"{os} {arch}")
    return folder


def test_a_release_lists_all_platforms_and_breaks_no_rule(tmp_path: Path) -> None:
    manifest = render(archives_of(tmp_path, *ALL))
    assert krew.faults(manifest) == []
    listed = manifest["spec"]["platforms"]
    assert [tuple(p["selector"]["matchLabels"].values()) for p in listed] == ALL
    for platform, (os, arch) in zip(listed, ALL, strict=True):
        assert platform["uri"].endswith(f"/download/v{__version__}/kubectl-sidecar_v{__version__}_{os}_{arch}.tar.gz")
        assert platform["sha256"] == hashlib.sha256(f"{os} {arch}".encode()).hexdigest()


@pytest.mark.parametrize("there", [[], [("darwin", "arm64")], ALL[:2]], ids=["none", "one", "two"])
def test_only_what_is_there_is_listed(tmp_path: Path, there: list[tuple[str, str]]) -> None:
    listed = render(archives_of(tmp_path, *there))["spec"]["platforms"]
    assert [tuple(p["selector"]["matchLabels"].values()) for p in listed] == there


def test_archives_of_other_versions_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "kubectl-sidecar_v0.0.1_linux_amd64.tar.gz").touch()
    assert render(tmp_path)["spec"]["platforms"] == []


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    assert render(tmp_path)["spec"]["version"] == f"v{__version__}"


def test_the_committed_one_is_rendered(tmp_path: Path) -> None:
    committed = yaml.safe_load(COMMITTED.read_text())
    rendered = render(archives_of(tmp_path, *ALL))
    listed = {tuple(p["selector"]["matchLabels"].values()): p for p in rendered["spec"].pop("platforms")}
    platforms = committed["spec"].pop("platforms")
    assert committed == rendered
    for platform in platforms:
        assert platform.keys() == listed[tuple(platform["selector"]["matchLabels"].values())].keys()
        assert {**platform, "sha256": ""} == {
            **listed[tuple(platform["selector"]["matchLabels"].values())],
            "sha256": "",
        }


def test_the_built_one_breaks_no_rule(manifest: dict[str, Any]) -> None:
    assert krew.faults(manifest) == []


FIRST = ("spec", "platforms", 0)
BROKEN: list[tuple[str, tuple[Any, ...], object]] = [
    ("apiVersion", ("apiVersion",), "krew.googlecontainertools.github.com/v1alpha3"),
    ("kind", ("kind",), "Pluginlist"),
    ("metadata.name", ("metadata", "name"), "side car"),
    ("spec.version", ("spec", "version"), "0.1.0"),
    ("spec.version", ("spec", "version"), "v0.1"),
    ("spec.shortDescription", ("spec", "shortDescription"), ""),
    ("spec.shortDescription", ("spec", "shortDescription"), "two\nlines"),
    ("spec.shortDescription", ("spec", "shortDescription"), "x" * 51),
    ("spec.description", ("spec", "description"), "x" * 81),
    ("spec.description", ("spec", "description"), "Call kubectl sidecar list"),
    ("spec.homepage", ("spec", "homepage"), ""),
    ("spec.platforms", ("spec", "platforms"), []),
    ("spec.platforms[0].selector", (*FIRST, "selector"), {}),
    ("spec.platforms[0].selector", (*FIRST, "selector"), {"matchLabels": {"os": "linux", "libc": "glibc"}}),
    ("spec.platforms[0].selector", (*FIRST, "selector"), {"matchLabels": {"os": "plan9"}}),
    ("spec.platforms[1].selector", (*FIRST, "selector"), {"matchLabels": {"os": "linux"}}),
    ("spec.platforms[0].uri", (*FIRST, "uri"), ""),
    ("spec.platforms[0].uri", (*FIRST, "uri"), "https://example.com/a.rpm"),
    ("spec.platforms[0].sha256", (*FIRST, "sha256"), ""),
    ("spec.platforms[0].sha256", (*FIRST, "sha256"), "A" * 64),
    ("spec.platforms[0].bin", (*FIRST, "bin"), ""),
    ("spec.platforms[0].bin", (*FIRST, "bin"), "../sidecar"),
    ("spec.platforms[0].bin", (*FIRST, "selector"), {"matchExpressions": [{"key": "os", "operator": "In", "values": ["windows"]}]}),
    ("spec.platforms[0].files", (*FIRST, "files"), []),
    ("spec.platforms[0].files", (*FIRST, "files"), [{"from": "*", "to": ""}]),
    ("spec.platforms[0].files", (*FIRST, "files"), [{"from": "/etc/*", "to": "."}]),
    ("spec.platforms[0].files", (*FIRST, "files"), [{"from": "a/../../*", "to": "."}]),
]  # fmt: skip


@pytest.mark.parametrize(("field", "path", "value"), BROKEN, ids=[f"{row[0]}={str(row[2])[:20]}" for row in BROKEN])
def test_each_rule_is_looked_at(tmp_path: Path, field: str, path: tuple[Any, ...], value: object) -> None:
    manifest = copy.deepcopy(render(archives_of(tmp_path, *ALL)))
    place: Any = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert {fault.partition(": ")[0] for fault in krew.faults(manifest)} == {field}
