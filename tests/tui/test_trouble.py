"""A server that hangs, refuses or breaks; leaving at any moment. The screen stays alive, says it in a sentence, and is left at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from kubectl_sidecar.errors import CredentialsError, Forbidden, Unauthorized, Unreachable
from kubectl_sidecar.sources.memory import Request
from kubectl_sidecar.tui.screens.confirm import ConfirmScreen
from kubectl_sidecar.tui.screens.plan import PlanScreen
from kubectl_sidecar.tui.screens.progress import ProgressScreen
from kubectl_sidecar.tui.screens.reading import DescribeScreen
from tests.tui.stage import Stage, play, select, shown, stage, text_of, until

QUIT_SECONDS = 0.3


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Closed until the test is over: whoever waits for it hangs as long."""
    event = threading.Event()
    yield event
    event.set()


def hang(on: Stage, gate: threading.Event, when: Callable[[Request], bool] = lambda request: True) -> threading.Event:
    """Lets requests hang; the event that is returned is set once one does."""
    reached = threading.Event()

    def wait(request: Request) -> None:
        if when(request):
            reached.set()
            gate.wait()

    on.cluster.hooks.append(wait)
    return reached


def fail(on: Stage, error: Exception) -> None:
    def raise_it(request: Request) -> None:
        raise error

    on.cluster.hooks.append(raise_it)


async def quits_at_once(pilot: Pilot[Any], on: Stage, key: str) -> None:
    start = time.monotonic()
    await pilot.press(key)
    await until(pilot, lambda: on.app._exit)
    assert time.monotonic() - start < QUIT_SECONDS


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_it_is_left_at_once_while_the_list_hangs(key: str, gate: threading.Event) -> None:
    on = stage()
    reached = hang(on, gate)

    async def acts(pilot: Pilot[Any]) -> None:
        await until(pilot, reached.is_set)
        assert "● loading" in text_of(on.app)
        await pilot.press("down", "slash", "a", "escape", "question_mark", "escape")
        await quits_at_once(pilot, on, key)

    start = time.monotonic()
    play(on, acts, loaded=False)
    assert time.monotonic() - start < 5  # closing the app waits for no thread either
    assert not gate.is_set()


def test_it_is_left_at_once_while_a_plan_hangs(gate: threading.Event) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        reached = hang(on, gate)
        select(on, "checkout")
        await pilot.press("m")
        await shown(pilot, PlanScreen)
        await until(pilot, reached.is_set)
        await quits_at_once(pilot, on, "q")

    play(on, acts)
    assert list(on.app.farewell()) == []


async def confirmed(pilot: Pilot[Any], on: Stage) -> None:
    """Up to the yes for checkout."""
    select(on, "checkout")
    await pilot.press("m")
    plan = await shown(pilot, PlanScreen)
    await until(pilot, lambda: plan.finished)
    await pilot.press("m")
    await shown(pilot, ConfirmScreen)


def is_patch(request: Request) -> bool:
    return request.verb == "patch" and not request.dry_run


@pytest.mark.parametrize(
    ("hangs", "said"),
    [
        pytest.param(
            lambda r: r.verb == "get" and r.name == "checkout",
            ["statefulset.apps/checkout: nothing was written"],
            id="before the patch",
        ),
        pytest.param(
            is_patch,
            [
                "whether statefulset.apps/checkout was patched is not known: look at it with kubectl sidecar describe "
                "statefulset/checkout -n shop; undo with: kubectl sidecar undo statefulset/checkout -n shop"
            ],
            id="in the patch",
        ),
    ],
)
def test_leaving_says_what_is_known(hangs: Callable[[Request], bool], said: list[str], gate: threading.Event) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await confirmed(pilot, on)
        reached = hang(on, gate, hangs)
        await pilot.press("y")
        await shown(pilot, ProgressScreen)
        await until(pilot, reached.is_set)
        await quits_at_once(pilot, on, "ctrl+c")

    play(on, acts)
    assert list(on.app.farewell()) == said


def test_leaving_before_the_patch_means_that_none_is_sent(gate: threading.Event) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await confirmed(pilot, on)
        reached = hang(on, gate, lambda r: r.verb == "get" and r.name == "checkout")
        await pilot.press("y")
        await until(pilot, reached.is_set)
        await pilot.press("q")

    play(on, acts)
    gate.set()
    execution = on.app.executions[0]
    wait_for(lambda: execution.over)
    assert not on.is_native("sts", "checkout")
    assert list(on.app.farewell()) == ["statefulset.apps/checkout: stopped before anything was written"]


def test_leaving_after_the_patch_says_that_the_rollout_goes_on(gate: threading.Event) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await confirmed(pilot, on)
        patched = threading.Event()

        def hang_after_patch(request: Request) -> None:
            if patched.is_set():
                gate.wait()
            if is_patch(request):
                patched.set()

        on.cluster.hooks.append(hang_after_patch)
        await pilot.press("y")
        await until(pilot, lambda: "written" in on.app.executions[0].phases.values() if on.app.executions else False)
        await quits_at_once(pilot, on, "q")

    play(on, acts)
    assert on.is_native("sts", "checkout")
    assert list(on.app.farewell()) == [
        "statefulset.apps/checkout was patched, and its rollout goes on; undo with: kubectl sidecar undo statefulset/checkout -n shop"
    ]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(Unreachable("no connection to https://prod:6443: timed out"), "no connection to https://prod:6443", id="no connection"),
        pytest.param(Unauthorized("the server does not accept the token; log in again", status=401), "log in again", id="login needed"),
        pytest.param(CredentialsError("aws failed: the session has expired"), "the session has expired", id="credentials"),
        pytest.param(Forbidden("jane may not list deployments", status=403), "jane may not list deployments", id="no rights"),
        pytest.param(ValueError("[oops]"), "a bug of kubectl sidecar, please report it: ValueError: [oops]", id="a bug in a thread"),
    ],
)  # fmt: skip
def test_a_list_that_fails_is_a_sentence_and_ctrl_r_tries_again(error: Exception, said: str) -> None:
    on = stage()
    fail(on, error)

    async def acts(pilot: Pilot[Any]) -> None:
        text = text_of(on.app)
        assert said in text
        assert "● failed" in text
        on.cluster.hooks.clear()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: on.app.workloads.loading_state == "complete")
        assert said not in text_of(on.app)

    play(on, acts, size=(120, 30))


def test_who_may_not_read_all_namespaces_is_told_the_way_back() -> None:
    on = stage(namespaces=None, rights=lambda verb, resource, namespace: namespace == "shop")

    async def acts(pilot: Pilot[Any]) -> None:
        assert "Press 0 for namespace shop" in text_of(on.app)
        await pilot.press("0")
        await until(pilot, lambda: on.app.workloads.loading_state == "complete")
        assert len(on.app.workloads.table.listing.visible) == 6

    play(on, acts, size=(160, 30))


@pytest.mark.parametrize("key", ["enter", "m", "u", "y"])
def test_an_error_on_another_screen_is_a_sentence_there(key: str) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        fail(on, Unreachable("the server went away"))
        select(on, "checkout")
        await pilot.press(key)
        await until(pilot, lambda: "the server went away" in text_of(on.app))
        await pilot.press("escape")
        assert on.app.screen is on.app.workloads

    play(on, acts)


def test_a_workload_that_is_gone_is_a_sentence() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        select(on, "checkout")
        on.cluster.remove(on.app.workloads.table.entry.row.kind.resource, "shop", "checkout")  # type: ignore[union-attr]
        await pilot.press("d")
        await shown(pilot, DescribeScreen)
        await until(pilot, lambda: 'there is no StatefulSet "checkout" in namespace shop' in text_of(on.app))

    play(on, acts)


def test_esc_stops_watching_and_esc_again_goes_back(gate: threading.Event) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await confirmed(pilot, on)
        reached = hang(on, gate, is_patch)
        await pilot.press("y")
        await shown(pilot, ProgressScreen)
        await until(pilot, reached.is_set)
        await pilot.press("escape")
        assert "● stopping" in text_of(on.app)
        await pilot.press("escape")
        assert on.app.screen is on.app.workloads

    play(on, acts)
