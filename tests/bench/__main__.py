"""`python -m tests.bench [NAME …]` measures and prints a report; `make bench` runs all of it. docs/benchmarks.md says what each
name measures and how. Nothing here is a test: a missed target is printed as such and is no failure."""

import argparse
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench import archive, cases
from tests.bench.measure import BenchError
from tests.bench.world import World, empty_world, filled, programs, surroundings
from tests.cluster.assets import Missing, find_assets

SIZES = (1000, 10_000)
OF_A_CLUSTER = ("list", "slow-network", "browse", "requests")
NAMES = ("help", "archive", *OF_A_CLUSTER, "classification", "recipes", "growth", "planning")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"what to measure: {', '.join(NAMES)}; all of it if none is named")
    parser.add_argument("--rounds", type=int, default=5, help="how often each comparison is repeated (default: 5)")
    parser.add_argument(
        "--sizes", default=",".join(map(str, SIZES)), help="numbers of Deployments (default: %(default)s)"
    )
    words = parser.parse_args()
    unknown = set(words.name) - set(NAMES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    wanted = set(words.name or NAMES)
    sizes = sorted(int(size) for size in words.sizes.split(","))
    assets = find_assets()
    if isinstance(assets, Missing):
        print(f"The benchmark compares with kubectl on a real control plane. {assets}", file=sys.stderr)
        return 1
    print(f"# {platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {words.rounds} rounds,")
    print("# median (smallest to largest)")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # all of them end it in good order
        signal.signal(number, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
            _measure(wanted, sizes, words.rounds, assets, Path(folder))
            if "archive" in wanted and not _of_the_archive(words.rounds, assets, Path(folder)):
                return 1
    except BenchError as error:
        print(f"The benchmark could not go on: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _measure(wanted: set[str], sizes: list[int], rounds: int, assets: Path, folder: Path) -> None:
    found = programs(assets)
    where = surroundings(folder, found)
    if "help" in wanted:
        _show("help", cases.help_against_version(found, where, rounds * 2))
    if "recipes" in wanted:
        _show("recipes", cases.loading_recipes(where, rounds))
    if "growth" in wanted:
        _show("growth of classification", cases.classification_growth())
    if "planning" in wanted:
        _show("planning, from the embedded cluster", cases.planning(rounds))
    if wanted & set(OF_A_CLUSTER):
        _of_a_cluster(wanted, sizes, rounds, assets, folder / "mixed")
    if "classification" in wanted:
        (folder / "four").mkdir()
        with empty_world(assets, folder / "four") as empty:
            world = filled(empty, sizes[-1], containers=4)
            title = f"classification of {world.count:,} Deployments of 4 containers"
            _show(title, cases.classification_share(world, rounds))


def _of_the_archive(rounds: int, assets: Path, folder: Path) -> bool:
    """Whether there is an archive to be measured. It comes last: without it all else was measured nevertheless."""
    try:
        sidecar = archive.unpacked(folder)
    except BenchError as error:
        print(f"\n!!! THE ARCHIVE WAS NOT MEASURED. {error}", flush=True)
        return False
    found = programs(assets)
    _show("archive", archive.size())
    _show(
        "archive, --help",
        archive.help_against_version(found, sidecar, surroundings(folder, found), max(rounds * 2, 10)),
    )
    (folder / "thousand").mkdir()
    with empty_world(assets, folder / "thousand") as empty:
        title = f"archive, list, {archive.COUNT:,} Deployments of 2 to 4 containers"
        _show(title, archive.list_against_kubectl(filled(empty, archive.COUNT), sidecar, rounds))
    return True


def _of_a_cluster(wanted: set[str], sizes: list[int], rounds: int, assets: Path, folder: Path) -> None:
    far = f"{cases.ROUND_TRIP_MS:g} ms round trip, {cases.MEGABITS:g} Mbit/s"
    parts: dict[str, tuple[str, Callable[[World], Iterable[str]]]] = {
        "list": ("list", lambda world: cases.list_against_kubectl(world, rounds)),
        "slow-network": (f"list, {far}", lambda world: cases.list_over_slow_network(world, min(rounds, 3))),
        "browse": ("browse", lambda world: cases.browse_on_terminal(world, rounds)),
        "requests": ("requests", cases.count_requests),
    }
    folder.mkdir()
    with empty_world(assets, folder) as world:
        for size in sizes:
            world = filled(world, size)
            for name, (title, run) in parts.items():
                if name in wanted:
                    _show(f"{title}, {size:,} Deployments of 2 to 4 containers", run(world))


def _show(title: str, lines: Iterable[str]) -> None:
    print(f"\n{title}", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
