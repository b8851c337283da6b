"""What a person sees, at 80x24 and at 120x36."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from kubectl_sidecar.errors import Unreachable
from kubectl_sidecar.sources.memory import Request
from kubectl_sidecar.tui.screens.confirm import ConfirmScreen
from kubectl_sidecar.tui.screens.help import HelpScreen
from kubectl_sidecar.tui.screens.plan import PlanScreen
from kubectl_sidecar.tui.screens.progress import ProgressScreen
from kubectl_sidecar.tui.screens.reading import DescribeScreen
from tests.tui.stage import Stage, select, shown, stage, text_of, until

Acts = Callable[[Pilot[Any], Stage], Awaitable[None]]


async def the_list(pilot: Pilot[Any], on: Stage) -> None:
    select(on, "checkout")


async def all_namespaces(pilot: Pilot[Any], on: Stage) -> None:
    await pilot.press("0")
    await until(pilot, lambda: on.app.workloads.loading_state == "complete")


async def detail(pilot: Pilot[Any], on: Stage) -> None:
    select(on, "checkout")
    await pilot.press("enter")
    await shown(pilot, DescribeScreen)
    await until(pilot, lambda: "Containers" in text_of(on.app))


async def plan(pilot: Pilot[Any], on: Stage, name: str = "checkout") -> None:
    select(on, name)
    await pilot.press("m")
    screen = await shown(pilot, PlanScreen)
    await until(pilot, lambda: screen.finished)
    assert screen.plans[screen.targets[0]].prepared, text_of(on.app)  # never a picture of an accident


async def refused(pilot: Pilot[Any], on: Stage) -> None:
    await plan(pilot, on, "api")


async def confirm(pilot: Pilot[Any], on: Stage) -> None:
    await plan(pilot, on)
    await pilot.press("m")
    await shown(pilot, ConfirmScreen)


async def done(pilot: Pilot[Any], on: Stage) -> None:
    await confirm(pilot, on)
    await pilot.press("y")
    screen = await shown(pilot, ProgressScreen)
    await until(pilot, lambda: screen.execution.over and "● over" in text_of(on.app))


async def help_screen(pilot: Pilot[Any], on: Stage) -> None:
    await pilot.press("question_mark")
    await shown(pilot, HelpScreen)


async def error(pilot: Pilot[Any], on: Stage) -> None:
    def fail(request: Request) -> None:
        raise Unreachable("no connection to https://prod.example:6443: timed out after 5 s; is the VPN up?")

    on.cluster.hooks.append(fail)
    await pilot.press("ctrl+r")
    await until(pilot, lambda: on.app.workloads.loading_state == "failed")


PICTURES: dict[str, Acts] = {
    "list": the_list, "all-namespaces": all_namespaces, "detail": detail, "plan": plan, "refused": refused, "confirm": confirm,
    "done": done, "help": help_screen, "error": error,
}  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: on.app.workloads.loading_state == "complete")
        await PICTURES[name](pilot, on)
        await pilot.pause()

    assert snap_compare(on.app, run_before=acts, terminal_size=size)
