"""The archive of dist/ against kubectl: how large it is, how fast it starts, and how fast it lists 1,000 Deployments.

Its parts have the shape of those in cases.py: they measure and return lines. An archive that is not there, or older than the
sources, is an error: what it costs is not what the sources would cost now."""

import tarfile
from functools import partial
from pathlib import Path

from tests.bench.cases import KUBECTL_KINDS
from tests.bench.measure import BenchError, Surroundings, measure
from tests.bench.report import Limits, comparison, line, megabytes
from tests.bench.spread import Target, alternate
from tests.bench.world import Programs, World
from tests.packaging.artefacts import DIST, NAME, fault

MOST_BYTES = 22_000_000
COUNT = 1000
"""Deployments in the control plane for which the target of `list` is."""
_HELP, _LIST = Limits(Target(0.8)), Limits(Target(1.2))


def unpacked(folder: Path, archive: Path = DIST / NAME) -> Path:
    """The program of this machine's archive, unpacked into the folder. Raises BenchError."""
    if wrong := fault(archive):
        raise BenchError(wrong)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "kubectl-sidecar" / "kubectl-sidecar"


def size(archive: Path = DIST / NAME) -> list[str]:
    """What is downloaded."""
    found = archive.stat().st_size
    verdict = "pass" if found <= MOST_BYTES else "MISS"
    return [line("  size", f"{found / 1e6:.1f} MB", f"at most {megabytes(MOST_BYTES)}: {verdict}")]


def help_against_version(programs: Programs, sidecar: Path, where: Surroundings, rounds: int) -> list[str]:
    """`--help` of the archive against kubectl's smallest command."""
    sides = {
        "archive --help": partial(measure, [[str(sidecar), "--help"]], where),
        "kubectl version --client": partial(measure, [[programs.kubectl, "version", "--client"]], where),
    }
    names = list(sides)
    return comparison(alternate(sides, rounds=rounds), names[0], {names[1]: _HELP})


def list_against_kubectl(world: World, sidecar: Path, rounds: int) -> list[str]:
    """`list -A` of the archive against `kubectl get` of the same kinds."""
    config = f"--kubeconfig={world.cluster.kubeconfig}"
    get = [world.programs.kubectl, config, "get", KUBECTL_KINDS, "-A"]
    sides = {
        "archive list -A": partial(measure, [[str(sidecar), "list", "-A", config]], world.where),
        "kubectl get, same kinds": partial(measure, [get], world.where),
    }
    names = list(sides)
    limits = _LIST if world.count == COUNT else Limits()
    return comparison(alternate(sides, rounds=rounds), names[0], {names[1]: limits})
