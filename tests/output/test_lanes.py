"""Lanes: bars and words say the same, and fit into 80 columns."""

from __future__ import annotations

import pytest

from kubectl_sidecar.core.pod.timeline import Step, Timeline
from kubectl_sidecar.output.lanes import start_lanes, stop_lanes

TODAY = Timeline((Step(("app", "logs"), ""),), (Step(("app", "logs"), "all ended"),))
AFTER = Timeline(
    (Step(("prepare",), "completed"), Step(("logs",), "running"), Step(("app",), "")),
    (Step(("app",), "all ended"), Step(("logs",), "ended")),
)
BEHIND = Timeline((Step(("prepare",), "completed"), Step(("app", "logs"), "")), (Step(("app", "logs"), "all ended"),))


def test_nothing_orders_containers_of_one_step() -> None:
    assert list(start_lanes(TODAY)) == ["app   ━━━━━━  no order among them", "logs  ━━━━━━"]
    assert list(stop_lanes(TODAY)) == ["app   ━━━━━━  SIGTERM to all at once", "logs  ━━━━━━"]


def test_a_step_waits_for_the_one_before() -> None:
    assert list(start_lanes(AFTER)) == [
        "prepare  ━━━━          next, once completed:",
        "logs         ━━━━━━━━  next, once it runs:",
        "app              ━━━━",
    ]
    assert list(stop_lanes(AFTER)) == [
        "app   ━━━━━━        SIGTERM first",
        "logs  ━━━━━━━━━━━━  SIGTERM after those above",
    ]


def test_the_last_step_may_have_no_order_within() -> None:
    assert list(start_lanes(BEHIND))[1:] == ["app            ━━━━━━  no order among them", "logs           ━━━━━━"]


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_a_lane_fits_beside_its_head(count: int) -> None:
    steps = tuple(
        Step((f"{'very-long-name' * 4}{number}",), "running" if number < count - 1 else "") for number in range(count)
    )
    lines = [*start_lanes(Timeline(steps, steps)), *stop_lanes(Timeline(steps, steps))]
    assert max(len(line) for line in lines) <= 80 - 16
    assert min(line.count("━") for line in lines) >= 1


def test_a_pod_without_containers_has_no_lanes() -> None:
    assert [*start_lanes(Timeline((), ())), *stop_lanes(Timeline((), ()))] == []
