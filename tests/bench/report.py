"""Measurements as text: what each program cost, the ratios with their spread, and whether a target was reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.measure import Cost
from tests.bench.spread import Spread, Target, ratios, spread_of

_WIDTHS = (34, 26, 26, 24)


@dataclass(frozen=True)
class Limits:
    """The targets of a comparison; None where a number is reported without one."""

    wall: Target | None = None
    cpu: Target | None = None
    peak: Target | None = None


def seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def megabytes(value: float) -> str:
    return f"{value / 1e6:.0f} MB"


def ratio(value: float) -> str:
    return f"{value:.2f}"


def line(*cells: str) -> str:
    """Cells in columns; the last one is as long as it is."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)).rstrip()


def judged(name: str, spread: Spread, target: Target | None) -> str:
    """`wall  0.45 (0.41 to 0.48)  at most 0.60: pass`."""
    said = f"at most {target.at_most:g}: {target.verdict(spread)}" if target else ""
    return line(f"  {name}", spread.show(ratio), said)


def comparison(costs: Mapping[str, Sequence[Cost]], ours: str, limits: Mapping[str, Limits]) -> list[str]:
    """The costs of all sides, and the ratios of `ours` to each side that `limits` names, round by round."""
    lines = [line("", "wall", "CPU", "peak memory")]
    for name, runs in costs.items():
        wall, cpu, peak = _columns(runs)
        lines.append(
            line(name, spread_of(wall).show(seconds), spread_of(cpu).show(seconds), spread_of(peak).show(megabytes))
        )
    for other, limit in limits.items():
        lines.append(f"{ours} : {other}")
        parts = zip(("wall", "CPU", "memory"), _columns(costs[ours]), _columns(costs[other]), strict=True)
        targets = (limit.wall, limit.cpu, limit.peak)
        lines += [judged(what, ratios(a, b), target) for (what, a, b), target in zip(parts, targets, strict=True)]
    return lines


def _columns(runs: Sequence[Cost]) -> tuple[list[float], list[float], list[float]]:
    return [r.wall_seconds for r in runs], [r.cpu_seconds for r in runs], [r.peak_bytes for r in runs]
