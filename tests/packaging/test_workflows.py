"""The workflows: actionlint has no objection, and they build with the same scripts as `make dist`."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.artefacts import ROOT
from tests.packaging.conftest import tool

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(name: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return [step for job in document["jobs"].values() for step in job["steps"]]


def test_actionlint() -> None:
    # With shellcheck on the PATH, as in CI, it reads the scripts in the workflows too.
    linted = subprocess.run([tool("actionlint"), *WORKFLOWS], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_actionlint_is_one(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ github.nothing }}'}]}}\n")
    linted = subprocess.run([tool("actionlint"), wrong], capture_output=True, text=True, check=False)
    assert linted.returncode == 1
    assert '"nothing"' in linted.stdout


def test_a_release_is_built_by_make_dist() -> None:
    runs = [step["run"] for step in steps("release") if "run" in step]
    assert "make dist" in runs
    # the same interpreter for the build and for the test that builds once more: make takes both from the environment
    assert any("PYTHON=" in run and "LICENCES=" in run and run.endswith('>> "$GITHUB_ENV"\n') for run in runs)
    assert any("packaging/glibc.py --at-most 2.28" in run for run in runs)
    assert any("packaging/render.py" in run for run in runs)
    assert not any("PyInstaller" in run or "pyinstaller" in run for run in runs)


def test_all_that_they_call_is_there() -> None:
    text = "\n".join(step.get("run", "") for name in ("ci", "release") for step in steps(name))
    called = set(re.findall(r"(?<![\w./-])(?:packaging|tests|\.ci)/[\w./-]+", text))
    assert {"packaging/fetch-python.sh", ".ci/run"} <= called
    assert [path for path in called if not (ROOT / path).exists()] == []


def test_all_four_platforms_are_built() -> None:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    matrix = document["jobs"]["archive"]["strategy"]["matrix"]["include"]
    assert {(row["os"], row["arch"]) for row in matrix} == {
        (o, a) for o in ("linux", "darwin") for a in ("amd64", "arm64")
    }


@pytest.mark.parametrize("name", ["ci", "release"])
def test_nothing_may_write_unless_it_says_so(name: str) -> None:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    assert document["permissions"] == {"contents": "read"}
