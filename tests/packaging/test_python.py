"""Wheel and sdist: complete, and they work in a fresh environment with what they depend on alone, the oldest allowed too.

The environments are filled by pip, from the registry that it is set up for."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from kubectl_sidecar import __version__
from tests.cluster.plugin import Plugin
from tests.packaging.artefacts import DIST, ROOT
from tests.packaging.conftest import built, run

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def wheel() -> Path:
    return built(DIST / f"kubectl_sidecar-{__version__}-py3-none-any.whl")


@pytest.fixture(scope="module")
def sdist() -> Path:
    return built(DIST / f"kubectl_sidecar-{__version__}.tar.gz")


def environment(folder: Path, *requirements: str, constraints: Path | None = None) -> Path:
    """A new environment with the requirements; its bin folder."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pinned = ["-c", str(constraints)] if constraints else []
    subprocess.run(
        [
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *pinned,
            *requirements,
        ],
        check=True,
    )
    return folder / "bin"


def works(programs: Path, home: Path) -> None:
    """The program runs from its data files; its screen comes up and plans; the client of a real cluster can be imported."""
    env = {"HOME": str(home)}
    listed = run(programs / "kubectl-sidecar", "list", "--demo", "--no-headers", env=env)
    assert (listed.code, listed.err) == (0, "")
    assert "fluent-bit" in listed.out
    described = run(programs / "kubectl-sidecar", "describe", "--demo", "-n", "shop", "deployment/checkout", env=env)
    assert (described.code, described.err) == (0, "")
    imported = run(programs / "python", "-W", "error", "-P", "-c", "import kubectl_sidecar.sources.kube", env=env)
    assert (imported.code, imported.err) == (0, "")
    reaches_the_plan(Plugin(home, None, str(programs), command=("kubectl-sidecar",)))


def reaches_the_plan(plugin: Plugin) -> None:
    """The screen comes up, filters, plans and quits. Each key waits for what the one before it changed: keys that come while
    the focus moves go to where it was."""
    with plugin.terminal("browse", "--demo", "-n", "shop") as seen:
        seen.until("checkout")
        seen.type("/")
        seen.until("fuzzy")  # the hint in the empty filter
        seen.type("checkout")
        seen.until("2 of 13 workloads")
        seen.type("\r")
        seen.until(" back")  # of `esc back`: the filter is set, and the table has the focus
        seen.type("m")
        seen.until("go, after a yes")
        seen.type("q")
        assert seen.end().code == 0


def recipes() -> set[str]:
    return {path.name for path in (ROOT / "migrations").iterdir() if path.is_file()}


def test_the_wheel_carries_the_recipes(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    inside = "kubectl_sidecar/migrations/"
    assert {name.removeprefix(inside) for name in names if name.startswith(inside)} == recipes()
    assert {name.partition("/")[0] for name in names} == {"kubectl_sidecar", f"kubectl_sidecar-{__version__}.dist-info"}


def test_the_sdist_carries_what_builds_and_tests_it(sdist: Path) -> None:
    with tarfile.open(sdist) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "Makefile", "packaging/build.py", "tests/conftest.py"} <= names
    assert {f"migrations/{name}" for name in recipes()} <= names
    assert not any(name.startswith((".venv/", "dist/", "build/")) for name in names)


def test_the_wheel_in_a_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    programs = environment(tmp_path / "env", str(wheel), constraints=ROOT / "constraints.txt")
    works(programs, tmp_path)
    listed = run(programs / "python", "-m", "pip", "list", "--format=freeze", env={"HOME": str(tmp_path)}).out.lower()
    assert "pytest" not in listed


def test_the_sdist_in_a_fresh_environment(sdist: Path, tmp_path: Path) -> None:
    works(environment(tmp_path / "env", str(sdist), constraints=ROOT / "constraints.txt"), tmp_path)


def oldest() -> list[str]:
    """Each dependency at its lower bound."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    bounds = [re.fullmatch(r"([\w.-]+)>=([\d.]+)(,.*)?", dependency) for dependency in dependencies]
    assert all(bounds), f"a dependency without a lower bound: {dependencies}"
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="The oldest dependencies go with the oldest Python, 3.11")
def test_with_the_oldest_dependencies_allowed(wheel: Path, tmp_path: Path) -> None:
    works(environment(tmp_path / "env", str(wheel), *oldest()), tmp_path)
