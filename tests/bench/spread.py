"""Numbers that were measured several times, and what may be said of them: the median and how far the values lie apart.

Two programs are compared round by round (A B A B …): a ratio is one of two neighbours in time, so a machine that is slower for a
minute slows both of them. A mean of all A against a mean of all B would call that a difference of the programs.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Spread:
    """The smallest, middle and largest of the values of several rounds."""

    low: float
    median: float
    high: float
    count: int

    def show(self, form: Callable[[float], str]) -> str:
        """`0.41 (0.39 to 0.45)`; of one round only the value."""
        if self.count == 1:
            return form(self.median)
        return f"{form(self.median)} ({form(self.low)} to {form(self.high)})"


@dataclass(frozen=True)
class Target:
    """What a median has to be at most to count as reached."""

    at_most: float

    def verdict(self, spread: Spread) -> str:
        """`pass` or `MISS`; with the median on one side of the limit and a round on the other, that is said too."""
        word = "pass" if spread.median <= self.at_most else "MISS"
        mixed = spread.low <= self.at_most < spread.high
        return word + (
            ", not in every round" if mixed and word == "pass" else ", not in every round missed" if mixed else ""
        )


def spread_of(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(min(values), statistics.median(values), max(values), len(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The ratios ours/theirs, round by round. The sequences are equally long."""
    return spread_of([a / b for a, b in zip(ours, theirs, strict=True)])


def alternate(sides: Mapping[str, Callable[[], T]], *, rounds: int, warm_up: bool = True) -> dict[str, list[T]]:
    """What each side answered in each round. All sides run one after the other in every round, in turns forwards and backwards,
    so that none always has the same neighbour before it; a first round is thrown away (`warm_up`)."""
    answers: dict[str, list[T]] = {name: [] for name in sides}
    order = list(sides.items())
    for number in range(-1 if warm_up else 0, rounds):
        for name, run in order if number % 2 == 0 else reversed(order):
            answer = run()
            if number >= 0:
                answers[name].append(answer)
    return answers
