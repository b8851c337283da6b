"""What a command costs as a whole: wall time, CPU time of its process tree, peak memory. See launch.py for how it is taken.

A command that fails is an error, never a measurement: a program that could not log in is fast.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.processes import bound_to_us

_LAUNCHER = Path(__file__).parent / "launch.py"


class BenchError(Exception):
    """Something that was to be measured did not work: a sentence."""


@dataclass(frozen=True)
class Cost:
    """Of one run. Several commands in a row: the sums, and the largest peak."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: float


@dataclass(frozen=True)
class Surroundings:
    """Where commands run: their whole environment and their working folder."""

    environ: Mapping[str, str]
    folder: Path


def measure(commands: Sequence[Sequence[str]], where: Surroundings, *, timeout: float = 600) -> Cost:
    """Runs the commands one after the other, without a terminal, output thrown away. Each begins with an absolute path.

    Raises BenchError when one of them does not end with 0.
    """
    with tempfile.TemporaryDirectory(dir=where.folder) as scratch:
        errors = Path(scratch, "stderr")
        task = {"commands": [list(c) for c in commands], "environ": dict(where.environ), "errors": str(errors)}
        done = subprocess.run(
            [*bound_to_us(), sys.executable, "-I", "-S", str(_LAUNCHER)],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            check=False,
            cwd=where.folder,
            timeout=timeout,
        )
        if done.returncode:
            raise BenchError(f"the launcher failed: {done.stderr.strip()}")
        results = json.loads(done.stdout)
        for argv, result in zip(commands, results, strict=True):
            if result["code"]:
                said = errors.read_text(errors="replace").strip().splitlines()[-3:]
                raise BenchError(f"{' '.join(argv)} ended with {result['code']}: {' / '.join(said)}")
    return Cost(sum(r["wall"] for r in results), sum(r["cpu"] for r in results), max(r["peak"] for r in results))
