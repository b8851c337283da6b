"""Which tests need a real Kubernetes, what happens where there is none, and the fixtures that give one.

A test in tests/cluster, or one that asks for the fixture `cluster`, is marked `cluster`; one in tests/node, or with `node`, is
marked `node` as well. Where the machine cannot run them they are skipped, and the last thing that pytest prints says so. With
KUBECTL_SIDECAR_REQUIRE_CLUSTER=1 no such test may be skipped, for whatever reason: it fails with the reason instead.
"""

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.cluster.assets import Missing, find_assets, node_missing
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.node.node import Node
from tests.node.node import node as run_node

HERE = Path(__file__).parent
MARKS = ("node", "cluster")  # what a node lacks includes what its cluster lacks
REQUIRE = "KUBECTL_SIDECAR_REQUIRE_CLUSTER"
PATIENCE = 400
"""Seconds for a test on a real Kubernetes, whose parts may be slow on a busy machine. Its own waits end earlier and say for what."""


@cache
def missing(mark: str) -> Missing | None:
    """What the tests with this mark lack on this machine."""
    assets = find_assets()
    if mark == "node":
        return node_missing(assets)
    return assets if isinstance(assets, Missing) else None


def pytest_configure() -> None:
    _leave_the_user_alone()
    # A SIGTERM or a closed terminal ends as Ctrl-C does: fixtures are torn down. Ctrl-C itself is ignored by what a shell has put
    # in the background, and each program that is started from there would ignore it too.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ.pop(_OWN, ""), ignore_errors=True)


_OWN = "KUBECTL_SIDECAR_TESTS"
"""Names the folder that stands in for the user's home while the tests run."""


def _leave_the_user_alone() -> None:
    """No test reads the user's recipes or writes into their cache, configuration or state; also no program that one starts."""
    assets = find_assets()
    if isinstance(assets, Path):  # they are in the real cache
        os.environ.setdefault("KUBEBUILDER_ASSETS", str(assets))
    folder = os.environ[_OWN] = tempfile.mkdtemp(prefix="kubectl-sidecar-tests-")
    for kind in ("CACHE", "CONFIG", "STATE"):
        os.environ[f"XDG_{kind}_HOME"] = os.path.join(folder, kind.lower())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        node = HERE / "node" in item.path.parents or "node" in fixtures
        if node:
            item.add_marker("node")
        if node or HERE / "cluster" in item.path.parents or "cluster" in fixtures:
            item.add_marker("cluster")
            item.add_marker(pytest.mark.timeout(PATIENCE))


@pytest.hookimpl(tryfirst=True)  # before any fixture is set up
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in MARKS:
        if item.get_closest_marker(mark) and (lacks := missing(mark)):
            pytest.skip(str(lacks))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    required = os.environ.get(REQUIRE, "0") not in ("", "0")
    if required and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("cluster"):
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE} is set, so this test may not be skipped. {skip_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost, so what it prints is the last
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    yield
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if "cluster" in report.keywords]
    if not skipped:
        return
    terminalreporter.section("NOT TESTED against a real Kubernetes", sep="=", yellow=True, bold=True)
    kinds = Counter(("node" if "node" in report.keywords else "cluster", skip_reason(report)) for report in skipped)
    for (kind, reason), count in kinds.items():
        tests = "test was" if count == 1 else "tests were"
        terminalreporter.line(f"{count} {kind} {tests} skipped. {reason}", yellow=True)
    terminalreporter.line(f"Set {REQUIRE}=1 to make such a skip a failure, as CI does.", yellow=True)


def skip_reason(report: pytest.TestReport) -> str:
    """The reason as it was given, without pytest's "Skipped: "."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One real control plane for the whole session; keep apart what tests make in it by `namespace`."""
    assets = find_assets()
    assert isinstance(assets, Path), assets
    with control_plane(assets, tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def namespace(cluster: ControlPlane) -> Iterator[str]:
    """A new namespace of the real control plane, for this test alone."""
    with cluster.namespace() as name:
        yield name


@pytest.fixture(scope="session")
def node(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One real node in it. Its taint keeps the Pods of other tests away (tests.node.manifests tolerates it)."""
    with run_node(cluster, tmp_path_factory.mktemp("node")) as running:
        yield running
