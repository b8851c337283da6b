"""The archive of dist/ against kubectl: how large it is, how fast it starts, and how fast it lists 1,000 Deployments.

Its parts have the shape of those in cases.py: they measure and return lines. `python -m tests.bench.archive` runs them alone."""

import sys
import tarfile
import tempfile
from functools import partial
from pathlib import Path

from tests.bench.cases import _KINDS
from tests.bench.measure import BenchError, measure
from tests.bench.report import Limits, comparison, line, megabytes
from tests.bench.spread import Target, alternate
from tests.bench.world import CHECKOUT, World, empty_world, filled
from tests.cluster.assets import Missing, find_assets

MOST_BYTES = 22_000_000
SIZE = 1000
_HELP, _LIST = Limits(Target(0.8)), Limits(Target(1.2))


def program(folder: Path) -> tuple[Path, Path]:
    """The archive of this machine, and its program, unpacked into the folder. Raises BenchError."""
    found = sorted((CHECKOUT / "dist").glob(f"kubectl-sidecar_v*_{sys.platform}_*.tar.gz"))
    if len(found) != 1:
        raise BenchError(
            f"dist has {len(found)} archives for {sys.platform}, not one: remove old ones, then `make dist`"
        )
    with tarfile.open(found[0]) as tar:
        tar.extractall(folder, filter="data")
    return found[0], folder / "kubectl-sidecar" / "kubectl-sidecar"


def size(archive: Path) -> list[str]:
    """What is downloaded."""
    found = archive.stat().st_size
    verdict = "pass" if found <= MOST_BYTES else "MISSED"
    return [line("  size", megabytes(found), f"at most {megabytes(MOST_BYTES)}: {verdict}")]


def help_against_version(world: World, sidecar: Path, rounds: int) -> list[str]:
    """`--help` of the archive against kubectl's smallest command."""
    sides = {
        "archive --help": partial(measure, [[str(sidecar), "--help"]], world.where),
        "kubectl version --client": partial(measure, [[world.programs.kubectl, "version", "--client"]], world.where),
    }
    names = list(sides)
    return comparison(alternate(sides, rounds=rounds), names[0], {names[1]: _HELP})


def list_against_kubectl(world: World, sidecar: Path, rounds: int) -> list[str]:
    """`list -A` of the archive against `kubectl get` of the same kinds."""
    config = f"--kubeconfig={world.cluster.kubeconfig}"
    sides = {
        "archive list -A": partial(measure, [[str(sidecar), "list", "-A", config]], world.where),
        f"kubectl get {_KINDS} -A": partial(
            measure, [[world.programs.kubectl, config, "get", _KINDS, "-A"]], world.where
        ),
    }
    names = list(sides)
    return comparison(alternate(sides, rounds=rounds), names[0], {names[1]: _LIST})


def main(rounds: int = 10) -> int:
    """Measures all of it and prints the report."""
    assets = find_assets()
    if isinstance(assets, Missing):
        print(f"The benchmark compares with kubectl on a real control plane. {assets}", file=sys.stderr)
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
            archive, sidecar = program(Path(folder))
            print("archive", *size(archive), sep="\n", flush=True)
            with empty_world(assets, Path(folder)) as empty:
                print(*help_against_version(empty, sidecar, rounds * 2), sep="\n", flush=True)
                print(*list_against_kubectl(filled(empty, SIZE), sidecar, rounds), sep="\n", flush=True)
    except BenchError as error:
        print(f"The benchmark could not go on: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
