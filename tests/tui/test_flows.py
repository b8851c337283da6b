"""What a person does on the screen, from the list to a migrated workload and back, on the embedded cluster."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from kubectl_sidecar.actions.migrate import MigrateOptions
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.planning.policy import PolicyOptions
from kubectl_sidecar.errors import Invalid, Unreachable
from kubectl_sidecar.sources.memory import Request
from kubectl_sidecar.tui.screens.confirm import ConfirmScreen
from kubectl_sidecar.tui.screens.help import HelpScreen
from kubectl_sidecar.tui.screens.plan import PlanScreen
from kubectl_sidecar.tui.screens.progress import ProgressScreen
from kubectl_sidecar.tui.screens.reading import DescribeScreen, ReadingScreen
from kubectl_sidecar.tui.screens.undo import UndoScreen
from kubectl_sidecar.tui.screens.workloads import WorkloadsScreen
from tests.tui.stage import Stage, play, select, shown, stage, text_of, until


def names(on: Stage) -> list[str]:
    return [entry.row.name for entry in on.app.workloads.table.listing.visible]


def bottom(on: Stage) -> str:
    """The keys that are named in the last line, without the blanks."""
    return text_of(on.app).splitlines()[-1].replace(" ", "")


def states(on: Stage) -> dict[str, str]:
    return {entry.row.name: entry.row.state for entry in on.app.workloads.table.listing.entries.values()}


async def plan_of(pilot: Pilot[Any], on: Stage, name: str) -> PlanScreen:
    """The plan of a workload, all dry runs in."""
    select(on, name)
    await pilot.press("m")
    screen = await shown(pilot, PlanScreen)
    await until(pilot, lambda: screen.finished)
    return screen


async def migrate(pilot: Pilot[Any], on: Stage, name: str) -> ProgressScreen:
    """A workload's migration, until it is over."""
    await plan_of(pilot, on, name)
    await pilot.press("m")
    await shown(pilot, ConfirmScreen)
    await pilot.press("y")
    screen = await shown(pilot, ProgressScreen)
    await until(pilot, lambda: screen.execution.over)
    await until(pilot, lambda: "● over" in text_of(on.app))
    return screen


async def undo_it(pilot: Pilot[Any], on: Stage) -> None:
    """The undo of what the screen shows, until it is over."""
    await pilot.press("u")
    undo = await shown(pilot, UndoScreen)
    await until(pilot, lambda: undo.prepared is not None)
    await pilot.press("u")
    await shown(pilot, ConfirmScreen)
    await pilot.press("y")
    screen = await shown(pilot, ProgressScreen)
    await until(pilot, lambda: screen.execution.over and "● over" in text_of(on.app))


def test_the_list_fills_and_the_header_counts() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        assert names(on) == ["api", "db", "plain", "search", "checkout", "report"]
        text = text_of(on.app)
        assert "prod-eu · shop" in text
        assert "4 at risk · 0 unsure · 1 native · 6 workloads" in text
        assert "● complete" in text

    play(on, acts)


def test_all_namespaces_and_back() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await pilot.press("0")
        await until(pilot, lambda: "far" in names(on) and on.app.workloads.loading_state == "complete")
        assert "prod-eu · all namespaces" in text_of(on.app)
        assert "NAMESPACE" in text_of(on.app)
        await pilot.press("0")
        await until(pilot, lambda: "far" not in names(on) and on.app.workloads.loading_state == "complete")
        assert "prod-eu · shop" in text_of(on.app)

    play(on, acts)


@pytest.mark.parametrize(
    ("keys", "seen"),
    [
        (("slash", *"checkout"), ["checkout"]),
        (("slash", "exclamation_mark", *"none"), ["api", "db", "search", "checkout", "report"]),
        (("ctrl+z",), ["api", "search", "checkout", "report"]),
        (("ctrl+z", "ctrl+z"), ["api", "db", "plain", "search", "checkout", "report"]),
        (("slash", *"checkout", "escape"), ["api", "db", "plain", "search", "checkout", "report"]),
        (("slash", *"checkout", "enter", "escape"), ["api", "db", "plain", "search", "checkout", "report"]),
        (("N",), ["api", "checkout", "db", "plain", "report", "search"]),
        (("N", "N"), ["search", "report", "plain", "db", "checkout", "api"]),
    ],
    ids=["filter", "inverse", "at risk", "at risk and back", "esc", "enter, esc", "by name", "by name, backwards"],
)  # fmt: skip
def test_keys_that_choose_what_is_seen(keys: tuple[str, ...], seen: list[str]) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: names(on) == seen)

    play(on, acts)


def test_the_keys_at_the_bottom_are_those_of_the_filter_while_one_types() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await pilot.press("slash")
        await until(pilot, lambda: "to the list" in text_of(on.app))
        assert "migrate" not in text_of(on.app).splitlines()[-1]
        await pilot.press("a", "enter")
        await until(pilot, lambda: "enter details" in text_of(on.app).replace("enterdetails", "enter details"))

    play(on, acts)


@pytest.mark.parametrize("keys", [("slash", *"check", "enter"), ("space",)], ids=["filter", "mark"])
def test_quit_stays_at_the_bottom_of_a_narrow_screen(keys: tuple[str, ...]) -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        assert bottom(on).endswith("^zrisk0all?helpqquit")
        await pilot.press(*keys)
        await until(pilot, lambda: bottom(on).endswith("escback?helpqquit"))
        risky = {"api", "search", "checkout", "report"}
        await pilot.press("ctrl+z")  # no longer named, but there
        await until(pilot, lambda: on.app.workloads.table.listing.view.risky_only and set(names(on)) <= risky)

    play(on, acts, size=(80, 24))


def test_a_label_selector_asks_the_server_again() -> None:
    on = stage()
    on.cluster.edit(resolve("deploy").resource, "shop", "db", lambda o: o["metadata"].update(labels={"team": "data"}))

    async def acts(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"-l team=data", "enter")
        await until(pilot, lambda: names(on) == ["db"] and on.app.workloads.loading_state == "complete")
        assert "team=data" in text_of(on.app)
        await pilot.press("escape")
        await until(pilot, lambda: len(names(on)) == 6)

    play(on, acts)


def test_refresh_shows_what_changed_and_forgets_what_is_gone() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        on.cluster.remove(resolve("deploy").resource, "shop", "plain")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "plain" not in names(on))
        assert len(names(on)) == 5

    play(on, acts)


def test_details_yaml_and_back() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        select(on, "checkout")
        await pilot.press("enter")
        await shown(pilot, DescribeScreen)
        await until(pilot, lambda: "Containers" in text_of(on.app))
        assert "log-shipper" in text_of(on.app)
        await pilot.press("escape")
        await shown(pilot, WorkloadsScreen)
        await pilot.press("y")
        await shown(pilot, ReadingScreen)
        await until(pilot, lambda: "image: fluent/fluent-bit:3.2" in text_of(on.app))
        await pilot.press("escape", "question_mark")
        await shown(pilot, HelpScreen)
        assert "migrate" in text_of(on.app)
        await pilot.press("escape")
        await shown(pilot, WorkloadsScreen)

    play(on, acts, size=(100, 60))


@pytest.mark.parametrize(("word", "name"), [("sts", "checkout"), ("deploy", "search"), ("cj", "report")])
def test_migrate_to_the_end_then_undo(word: str, name: str) -> None:
    on = stage()
    before = on.stored(word, name)["spec"]

    async def acts(pilot: Pilot[Any]) -> None:
        plan = await plan_of(pilot, on, name)
        assert "restartPolicy: Always" in text_of(on.app)
        assert [run.outcome for run in plan.ready[0].dry_runs] == ["accepted", "accepted"]
        await pilot.press("m")
        await shown(pilot, ConfirmScreen)
        assert "context prod-eu, namespace shop" in text_of(on.app)
        assert not on.is_native(word, name)
        await pilot.press("y")
        screen = await shown(pilot, ProgressScreen)
        await until(pilot, lambda: screen.execution.over and "● over" in text_of(on.app))
        assert on.is_native(word, name)
        assert f"kubectl sidecar undo {resolve(word).name.lower()}/{name} -n shop" in text_of(on.app)
        await until(pilot, lambda: states(on)[name] == "native")

        await undo_it(pilot, on)
        assert on.stored(word, name)["spec"] == before
        await until(pilot, lambda: states(on)[name] == "classic")
        await pilot.press("escape")
        await shown(pilot, WorkloadsScreen)

    play(on, acts, size=(120, 50))
    assert any("restored" in line for line in on.app.farewell())


def test_pods_are_shown_container_by_container_in_start_order() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await migrate(pilot, on, "checkout")
        lines = text_of(on.app).splitlines()
        at = lines.index("checkout-0 ready")
        assert lines[at + 1 : at + 3] == ["log-shipper running", "checkout running"]

    play(on, acts)


@pytest.mark.parametrize("keys", [("n",), ("escape",), ("enter",)], ids=["n", "esc", "enter on no"])
def test_no_means_that_nothing_is_written(keys: tuple[str, ...]) -> None:
    on = stage()
    before = on.stored("sts", "checkout")

    async def acts(pilot: Pilot[Any]) -> None:
        await plan_of(pilot, on, "checkout")
        await pilot.press("m")
        await shown(pilot, ConfirmScreen)
        await pilot.press(*keys)
        await shown(pilot, PlanScreen)

    play(on, acts)
    assert on.stored("sts", "checkout") == before
    assert on.journal.records() == ()
    assert list(on.app.farewell()) == []


def test_a_refusal_says_why_and_what_to_do_and_offers_no_write() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        screen = await plan_of(pilot, on, "api")
        text = text_of(on.app)
        assert "refused in place" in text
        assert "Helm api owns it" in text
        assert "kubectl sidecar migrate deployment/api -n shop --allow-owned" in text
        assert "migrate" not in text.splitlines()[-1]
        await pilot.press("m", "enter")
        await pilot.pause()
        assert on.app.screen is screen

    play(on, acts)
    assert not on.is_native("deploy", "api")


def test_a_refusal_that_no_flag_lets_pass_names_none_and_shows_the_change_only_where_it_does_no_harm() -> None:
    on = stage()
    helm = on.stored("deploy", "api")["metadata"]
    on.cluster.edit(resolve("sts").resource, "shop", "checkout", lambda o: o["metadata"].update(
        labels=dict(helm["labels"]), annotations=dict(helm["annotations"])))  # fmt: skip

    def refuse(request: Request) -> None:
        if request.verb == "patch" and request.dry_run and request.name == "api":
            raise Invalid("the policy of the house says no", status=422)

    on.cluster.hooks.append(refuse)

    async def acts(pilot: Pilot[Any]) -> None:
        await plan_of(pilot, on, "api")
        text = text_of(on.app)
        assert "the policy of the house says no" in text
        assert "--allow-owned" not in text
        assert "The change for the source" not in text
        await pilot.press("escape")
        await plan_of(pilot, on, "checkout")
        text = text_of(on.app)
        assert "--allow-owned" in text
        assert "The change for the source" in text

    play(on, acts, size=(120, 70))


def test_an_owner_is_told_what_to_do_after_a_migration_and_gets_the_change() -> None:
    on = stage(options=MigrateOptions(policy=PolicyOptions(allow_owned=True)))

    async def acts(pilot: Pilot[Any]) -> None:
        await migrate(pilot, on, "api")
        text = text_of(on.app)
        assert "The source of Helm api still has the old form" in text
        assert "The change for the source" in text
        assert "restartPolicy: Always" in text
        await undo_it(pilot, on)
        assert "still has the old form" not in text_of(on.app)

    play(on, acts, size=(120, 90))
    said = list(on.app.farewell())
    assert "initContainers:" in [line.strip() for line in said]
    assert any(line.startswith("# patches:") for line in said)  # as it is to be copied


def test_nobody_is_told_nothing_after_a_migration() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await migrate(pilot, on, "checkout")
        assert "source" not in text_of(on.app)

    play(on, acts, size=(120, 60))


def test_what_surrounds_several_marked_is_asked_for_once() -> None:
    on = stage()
    asked: list[str] = []

    def count(request: Request) -> None:
        asked.append(request.resource.plural if request.resource and request.verb == "list" else "")

    async def acts(pilot: Pilot[Any]) -> None:
        for name in ("checkout", "report", "search"):
            select(on, name)
            await pilot.press("space")
        on.cluster.hooks.append(count)
        await pilot.press("m")
        plan = await shown(pilot, PlanScreen)
        await until(pilot, lambda: plan.finished)
        assert len(plan.ready) == 3
        assert [len(p.dry_runs) for p in plan.ready] == [2, 2, 2]

    play(on, acts)
    assert asked.count("nodes") <= 2  # for what is shown at once, and with the dry runs


def test_one_of_several_that_is_gone_does_not_hide_the_others() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        for name in ("checkout", "report"):
            select(on, name)
            await pilot.press("space")
        on.cluster.remove(resolve("sts").resource, "shop", "checkout")
        await pilot.press("m")
        plan = await shown(pilot, PlanScreen)
        await until(pilot, lambda: plan.finished)
        assert [p.target.name for p in plan.ready] == ["report"]
        assert 'there is no StatefulSet "checkout"' in text_of(on.app)

    play(on, acts)


def test_several_marked_are_migrated_after_one_question_and_refused_ones_are_left_out() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        for name in ("api", "checkout", "report"):
            select(on, name)
            await pilot.press("space")
        assert "3 marked" in text_of(on.app)
        await pilot.press("m")
        plan = await shown(pilot, PlanScreen)
        await until(pilot, lambda: plan.finished)
        assert "(1 of 3)" in text_of(on.app)
        await pilot.press("right_square_bracket")
        assert "plan for statefulset/checkout (2 of 3)" in text_of(on.app)
        await pilot.press("m")
        await shown(pilot, ConfirmScreen)
        text = text_of(on.app)
        assert "Patch 2 workloads in context prod-eu, namespace shop" in text
        assert "deployment/api in shop: left out" in text
        await pilot.press("y")
        progress = await shown(pilot, ProgressScreen)
        await until(pilot, lambda: progress.execution.over)

    play(on, acts, size=(120, 40))
    assert [on.is_native(w, n) for w, n in (("deploy", "api"), ("sts", "checkout"), ("cj", "report"))] == [
        False,
        True,
        True,
    ]
    assert on.app.workloads.table.marked == set()


def test_a_failure_stops_those_that_come_after_it() -> None:
    on = stage()

    def broken(request: Request) -> None:
        if request.verb == "patch" and not request.dry_run and request.name == "checkout":
            raise Unreachable("the connection broke")

    async def acts(pilot: Pilot[Any]) -> None:
        for name in ("checkout", "report"):
            select(on, name)
            await pilot.press("space")
        await pilot.press("m")
        plan = await shown(pilot, PlanScreen)
        await until(pilot, lambda: plan.finished)
        on.cluster.hooks.append(broken)
        await pilot.press("m")
        await shown(pilot, ConfirmScreen)
        await pilot.press("y")
        progress = await shown(pilot, ProgressScreen)
        await until(pilot, lambda: progress.execution.over and "● over" in text_of(on.app))
        text = text_of(on.app)
        assert "the connection broke" in text
        assert "cronjob.batch/report: not begun" in text

    play(on, acts, size=(120, 40))
    assert not on.is_native("cj", "report")


def test_a_template_that_changed_meanwhile_is_not_written_and_leads_to_a_new_diff() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await plan_of(pilot, on, "checkout")

        def change(obj: Any) -> None:
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/checkout:2"

        on.cluster.edit(resolve("sts").resource, "shop", "checkout", change)
        await pilot.press("m")
        await shown(pilot, ConfirmScreen)
        await pilot.press("y")
        progress = await shown(pilot, ProgressScreen)
        await until(
            pilot, lambda: progress.execution.over and "changed meanwhile; nothing was written" in text_of(on.app)
        )
        assert not on.is_native("sts", "checkout")
        await pilot.press("m")
        plan = await shown(pilot, PlanScreen)
        await until(pilot, lambda: plan.finished)
        await pilot.press("m")
        await shown(pilot, ConfirmScreen)
        await pilot.press("y")
        progress = await shown(pilot, ProgressScreen)
        await until(pilot, lambda: progress.execution.over)

    play(on, acts, size=(120, 40))
    assert on.is_native("sts", "checkout")


def test_undo_of_what_was_never_migrated_is_a_sentence() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        select(on, "checkout")
        await pilot.press("u")
        await shown(pilot, UndoScreen)
        await until(pilot, lambda: "no record of a migration" in text_of(on.app))
        await pilot.press("u", "enter")
        await pilot.pause()
        await shown(pilot, UndoScreen)

    play(on, acts)


def test_undo_refuses_what_was_changed_since_and_shows_it() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        await migrate(pilot, on, "checkout")

        def change(obj: Any) -> None:
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/checkout:2"

        on.cluster.edit(resolve("sts").resource, "shop", "checkout", change)
        await pilot.press("u")
        undo = await shown(pilot, UndoScreen)
        await until(pilot, lambda: undo.prepared is not None)
        text = text_of(on.app)
        assert "was changed since it was migrated" in text
        assert "shop/checkout:2" in text
        await pilot.press("u")
        await pilot.pause()
        assert on.app.screen is undo

    play(on, acts)
    assert on.is_native("sts", "checkout")


def test_readonly_neither_offers_nor_does_what_writes() -> None:
    on = stage(readonly=True)

    async def acts(pilot: Pilot[Any]) -> None:
        select(on, "checkout")
        assert "read-only" in text_of(on.app)
        for word in ("migrate", "undo", "mark"):
            assert word not in text_of(on.app).splitlines()[-1]
        await pilot.press("m", "u", "space")
        await pilot.pause()
        assert isinstance(on.app.screen, WorkloadsScreen)
        assert on.app.workloads.table.marked == set()
        await pilot.press("enter")
        await shown(pilot, DescribeScreen)
        await pilot.press("m", "u")
        await pilot.pause()
        assert isinstance(on.app.screen, DescribeScreen)
        await pilot.press("question_mark")
        await shown(pilot, HelpScreen)
        assert "migrate:" not in text_of(on.app)

    play(on, acts)


def test_copying_a_name_and_a_namespace() -> None:
    on = stage()

    async def acts(pilot: Pilot[Any]) -> None:
        select(on, "checkout")
        await pilot.press("c")
        assert on.app.clipboard == "checkout"
        await pilot.press("n")
        assert on.app.clipboard == "shop"

    play(on, acts)


def test_what_cannot_be_read_is_a_line_and_the_rest_is_there() -> None:
    on = stage(rights=lambda verb, resource, namespace: resource.kind not in ("CronJob", "Pod"))

    async def acts(pilot: Pilot[Any]) -> None:
        text = text_of(on.app)
        assert names(on) == ["api", "db", "plain", "search", "checkout"]
        assert "Not everything could be read" in text
        assert "● incomplete" in text
        await pilot.press("i")
        await shown(pilot, ReadingScreen)
        await until(pilot, lambda: "cronjobs in shop" in text_of(on.app) and "pods in shop" in text_of(on.app))

    play(on, acts)
