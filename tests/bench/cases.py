"""The measurements, one function each: it measures, prints nothing, and returns the lines of its part of the report.

Those of a cluster get a world that is filled; what is compared runs in turns within one case (spread.alternate).
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kubectl_sidecar.core.kinds import KINDS
from tests.bench.measure import BenchError, Cost, Surroundings, measure
from tests.bench.report import Limits, comparison, judged, line, megabytes, seconds
from tests.bench.spread import Spread, Target, alternate, ratios, spread_of
from tests.bench.world import (
    CHECKOUT,
    Programs,
    World,
    deployment_pages,
    page_paths,
    served_requests,
    slow_network,
)
from tests.cluster.processes import bound_to_us

ROUND_TRIP_MS, MEGABITS = 80.0, 20.0
KUBECTL_KINDS = "deploy,sts,ds,rs,rc,cj,jobs,pods"
_LIST = Limits(Target(0.6), Target(0.35), Target(0.15))
_TARGET_COUNT = 10_000
"""The targets are for so many Deployments; fewer are measured to see what grows."""
_SCREEN = Path(__file__).parent / "screen.py"
_TIMED_LIST = Path(__file__).parent / "timed_list.py"


def list_against_kubectl(world: World, rounds: int) -> list[str]:
    """`list -A` against `kubectl get` of the same kinds and against the bare transfer of the same pages."""
    return _lists(world, world.cluster.kubeconfig, rounds, _LIST)


def list_over_slow_network(world: World, rounds: int) -> list[str]:
    """The same through the relay."""
    with slow_network(world, round_trip_ms=ROUND_TRIP_MS, megabits=MEGABITS) as far:
        return _lists(world, far, rounds, Limits(Target(0.6)))


def _lists(world: World, kubeconfig: Path, rounds: int, limits: Limits) -> list[str]:
    config, where = f"--kubeconfig={kubeconfig}", world.where
    ours, kubectl = (
        [world.programs.sidecar, "list", "-A", config],
        [world.programs.kubectl, config, "get", KUBECTL_KINDS, "-A"],
    )

    def raw() -> Cost:
        paths = page_paths(world.cluster)  # not timed: only its tokens are needed
        return measure([[world.programs.kubectl, config, "get", "--raw", path] for path in paths], where)

    sides: dict[str, Callable[[], Cost]] = {
        "kubectl-sidecar list -A": partial(measure, [ours], where),
        "kubectl get, same kinds": partial(measure, [kubectl], where),
        "kubectl get --raw, our pages": raw,
        "kubectl get --raw, one page": partial(
            measure, [[world.programs.kubectl, config, "get", "--raw", "/apis/apps/v1/deployments"]], where
        ),
    }
    costs = alternate(sides, rounds=rounds)
    names = list(sides)
    limits = limits if world.count >= _TARGET_COUNT else Limits()
    return comparison(costs, names[0], {names[1]: limits, names[2]: Limits(), names[3]: Limits()})


def help_against_version(programs: Programs, where: Surroundings, rounds: int) -> list[str]:
    """What any call costs: `--help` against kubectl's smallest command. As a plugin, kubectl's own start comes on top."""
    sides = {
        "kubectl-sidecar --help": partial(measure, [[programs.sidecar, "--help"]], where),
        "kubectl version --client": partial(measure, [[programs.kubectl, "version", "--client"]], where),
        "kubectl sidecar --help": partial(measure, [[programs.kubectl, "sidecar", "--help"]], where),
    }
    names = list(sides)
    costs = alternate(sides, rounds=rounds)
    lines = comparison(costs, names[0], {names[1]: Limits(Target(1.4))})
    return [*lines, *comparison(costs, names[2], {names[1]: Limits()})[-4:]]


def browse_on_terminal(world: World, rounds: int) -> list[str]:
    """First paint, first row, all rows and quitting on a terminal of 120 by 40; and quitting while it still loads."""
    runs = [_browse(world, complete=f"{world.count:,} workloads") for _ in range(rounds)]
    early = [_browse(world, complete="") for _ in range(rounds)]
    timed = {
        "first paint": [r["paint"] for r in runs],
        "first row": [r["row"] for r in runs],
        "all rows": [r["complete"] for r in runs],
        "quit": [r["quit"] for r in runs],
        "quit while it loads": [r["quit"] for r in early],
        "CPU of the whole": [r["cpu"] for r in runs],
    }
    lines = [line(f"  {name}", spread_of(values).show(seconds)) for name, values in timed.items()]
    return [*lines, line("  peak memory", spread_of([r["peak"] for r in runs]).show(megabytes))]


def _browse(world: World, *, complete: str) -> Mapping[str, float]:
    argv = [world.programs.sidecar, "browse", "-A", f"--kubeconfig={world.cluster.kubeconfig}"]
    task = {
        "argv": argv,
        "environ": dict(world.where.environ),
        "row": r"[a-z]+-\d{5}",
        "complete": complete,
        "limit": 120,
    }
    found = _child([sys.executable, "-I", "-S", str(_SCREEN)], world.where.folder, input=json.dumps(task))
    missing = {"paint", "row", *(["complete"] if complete else [])} - set(found)
    if missing or found["code"]:
        raise BenchError(f"browse ended with {found['code']}; never seen: {', '.join(sorted(missing)) or 'nothing'}")
    return found


def count_requests(world: World) -> list[str]:
    """How many requests a list and a describe send: our own count, and the API server's."""
    pages = len(page_paths(world.cluster))
    before = served_requests(world.cluster)
    found = inside("requests", str(world.cluster.kubeconfig))
    served = served_requests(world.cluster) - before
    most = pages + 5
    return [
        line("  rows of the list", f"{found['rows']:,}"),
        line("  requests of list", f"{found['list']}", f"at most {most} ({len(KINDS)} kinds, {pages} pages in all, +5): "
             + ("pass" if found["list"] <= most else "MISS")),
        line("  requests of describe", f"{found['describe']}", f"at most 12: {'pass' if found['describe'] <= 12 else 'MISS'}"),
        line("  workloads' part of both", f"{served:.0f}", "as the API server counts LIST and GET"),
    ]  # fmt: skip


def classification_share(world: World, rounds: int) -> list[str]:
    """Classifying, as a share of the whole list in which it happens; and what decoding the same pages takes more with it."""
    pages = world.where.folder / "pages"
    pages.write_bytes(b"\n".join(deployment_pages(world.cluster)))
    report = world.where.folder / "classified"
    words = ["list", "-A", f"--kubeconfig={world.cluster.kubeconfig}"]

    def whole() -> tuple[Cost, float]:
        cost = measure([[sys.executable, "-I", str(_TIMED_LIST), str(report), *words]], world.where)
        found = json.loads(report.read_text())
        if found["count"] != world.count:
            raise BenchError(f"{found['count']} of {world.count} Deployments were classified")
        return cost, found["seconds"]

    found: dict[str, list[Any]] = alternate(
        {"list": whole, "part": lambda: inside("classification", str(pages))}, rounds=rounds
    )
    walls, cpus = [c.wall_seconds for c, _ in found["list"]], [c.cpu_seconds for c, _ in found["list"]]
    classifying = [classified for _, classified in found["list"]]
    alone = {name: [one[name] for one in found["part"]] for name in ("decode", "classify", "problems")}
    return [
        line("  the whole list, wall", spread_of(walls).show(seconds)),
        line("  the whole list, CPU", spread_of(cpus).show(seconds)),
        line("  classifying in it, CPU", spread_of(classifying).show(seconds)),
        judged("classifying : its list (wall)", ratios(classifying, walls), Target(0.25)),
        judged("classifying : its list (CPU)", ratios(classifying, cpus), None),
        line("  decoding alone, CPU", spread_of(alone["decode"]).show(seconds)),
        line("  … and classifying: more", spread_of(alone["classify"]).show(seconds)),
        line("  … and problems: more", spread_of(alone["problems"]).show(seconds)),
        judged("what classifying adds : list (wall)", ratios(alone["classify"], walls), None),
    ]


def classification_growth() -> list[str]:
    """Microseconds of CPU for classifying one workload, by containers and by recipes."""
    found = inside("growth")
    return [
        line(f"  {what}: " + ", ".join(f"{key}: {value:.0f} µs" for key, value in found[part].items()))
        for part, what in (
            ("containers", "containers, with all recipes"),
            ("recipes", "share of the recipes, with 4 containers"),
        )
    ]


def loading_recipes(where: Surroundings, rounds: int) -> list[str]:
    """Reading and checking all packaged recipes."""
    folder = where.folder / "recipes"
    folder.mkdir(exist_ok=True)
    runs = [inside("recipes", str(folder)) for _ in range(rounds)]
    target = Target(25.0)
    cached = spread_of([r["cached"] for r in runs])

    def milliseconds(spread: Spread) -> str:
        return spread.show(lambda value: f"{value:.1f}") + " ms"

    return [
        line(f"  {runs[0]['count']} recipes, parsed anew", milliseconds(spread_of([r["anew"] for r in runs]))),
        line("  the same, cached", milliseconds(cached), f"at most 25 ms: {target.verdict(cached)}"),
        line("  index of them", milliseconds(spread_of([r["index"] for r in runs]))),
    ]


def planning(rounds: int) -> list[str]:
    """Plans from the embedded cluster: all that `migrate -A -l … --dry-run=client` does but for finding and printing."""
    runs = [inside("planning", "1000", "4") for _ in range(rounds)]
    wall, cpu, alone = (spread_of([r[what] for r in runs]) for what in ("wall", "cpu", "alone"))
    target = Target(1.0)
    lines = [
        line("  plan 1,000, with all reading", wall.show(seconds), f"at most 1 s: {target.verdict(wall)}"),
        line("  the same, CPU", cpu.show(seconds)),
        line("  classify, plan and judge alone, CPU", alone.show(seconds)),
        line("  plans a second", f"{1000 / wall.median:.0f}", f"{runs[0]['moves']:,} of the plans move something"),
        line("  requests of one", f"{runs[0]['requests'] / 1000:.1f}", "what surrounds them is read once a namespace"),
    ]
    for count, containers in ((250, 4), (500, 4), (2000, 4), (250, 2), (250, 8), (250, 16)):
        one = inside("planning", str(count), str(containers))
        each = (
            f"{one['cpu'] / count * 1000:.2f} ms of CPU each",
            f"{one['alone'] / count * 1000:.2f} ms without reading",
        )
        lines.append(line(f"  {count:,} of {containers} containers", *each))
    return lines


def inside(*words: str) -> dict[str, Any]:
    """What tests.bench.inside says, in a fresh process."""
    return _child([sys.executable, "-m", "tests.bench.inside", *words], CHECKOUT)


def _child(command: Sequence[str], folder: Path, *, input: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [*bound_to_us(), *command], cwd=folder, input=input, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise BenchError(f"{' '.join(command[:4])} failed: {' / '.join(done.stderr.strip().splitlines()[-3:])}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
