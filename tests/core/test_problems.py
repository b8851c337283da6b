"""What is wrong today, and what the migration makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_sidecar.core.classification.findings import Confidence, Finding
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.problems import PROBLEMS, problems
from kubectl_sidecar.core.recipes.recipe import Recipe
from tests.core.judging import AGENT, DB_PROXY, GUARD, SHIPPER, SYNC, app, found, helper, plan, pod_object, workload


def seen(obj: dict[str, Any], recipe: Recipe | None = None) -> dict[str, str]:
    subject = workload(obj)
    return {p.id: p.text for p in problems(subject, found(subject, {"helper": recipe}))}


RACES = {"start-race", "stop-race"}
QUITS = app(command=["sh", "-c", "work; curl -XPOST localhost:9091/quitquitquit"])
QUITS_MESH = app(command=["sh", "-c", "work; curl -XPOST localhost:15020/quitquitquit"])
TOUCHES = app(command=["sh", "-c", "work; touch /shared/done"])
WAITS = helper(command=["sh", "-c", "while [ ! -f /shared/done ]; do sleep 1; done"])
KILLS = app(command=["sh", "-c", "work; pkill helper"])

TABLE: dict[str, tuple[dict[str, Any], Recipe | None, set[str]]] = {
    "a helper of a Deployment": (pod_object(app(), helper()), None, RACES),
    "a DaemonSet": (pod_object(app(), helper(), kind="DaemonSet"), None, RACES),
    "a Job waits for it for ever": (pod_object(app(), helper(), kind="Job"), None, {"start-race", "job-never-completes"}),
    "a CronJob": (pod_object(app(), helper(), kind="CronJob"), DB_PROXY, {"start-race", "job-never-completes"}),
    "a Job whose helper ends by itself": (
        pod_object(app(), helper(args=["--run-then-exit"]), kind="Job"),
        DB_PROXY,
        {"start-race"},
    ),
    "a Job that tells its helper to quit": (pod_object(QUITS, helper(), kind="Job"), DB_PROXY, {"start-race", "job-kill-switch"}),
    "a Job that tells a mesh's agent to quit": (pod_object(QUITS_MESH, helper(), kind="Job"), DB_PROXY, {"start-race", "job-never-completes"}),
    "a Job with a sentinel file": (pod_object(TOUCHES, WAITS, kind="Job"), None, {"start-race", "job-kill-switch"}),
    "a Job that kills its helper": (
        pod_object(KILLS, helper(), kind="Job", spec={"shareProcessNamespace": True}),
        None,
        {"start-race", "job-kill-switch"},
    ),
    "a kill that cannot reach it": (pod_object(KILLS, helper(), kind="Job"), None, {"start-race", "job-never-completes"}),
    "an init container that needs it": (
        pod_object(app(), helper(ports=[{"containerPort": 5432}]), init=[{"name": "migrate", "env": [{"name": "DB", "value": "localhost:5432"}]}]),
        DB_PROXY,
        {*RACES, "init-needs-helper"},
    ),
    "an init container that needs something else": (
        pod_object(app(), helper(ports=[{"containerPort": 5432}]), init=[{"name": "migrate", "env": [{"name": "DB", "value": "db:5432"}]}]),
        DB_PROXY,
        RACES,
    ),
    "restartPolicy in the wrong list": (pod_object(app(), helper(restartPolicy="Always")), None, {*RACES, "mis-declared-sidecar"}),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "recipe", "ids"), TABLE.values(), ids=TABLE)
def test_the_table(obj: dict[str, Any], recipe: Recipe | None, ids: set[str]) -> None:
    assert set(seen(obj, recipe)) == ids


def test_every_problem_is_in_the_table() -> None:
    assert set(PROBLEMS) == set().union(*(ids for _, _, ids in TABLE.values()))


CLEAN: dict[str, tuple[dict[str, Any], dict[str, Recipe | None]]] = {
    "one container": (pod_object(app()), {}),
    "two mains": (pod_object(app(), helper()), {}),
    "already native": (pod_object(app(), init=[helper(restartPolicy="Always")]), {}),
    "a plain init container": (pod_object(app(), init=[helper()]), {}),
}


@pytest.mark.parametrize(("obj", "recipes"), CLEAN.values(), ids=CLEAN)
def test_what_is_clean_has_no_problem(obj: dict[str, Any], recipes: dict[str, Recipe | None]) -> None:
    subject = workload(obj)
    assert problems(subject, found(subject, recipes)) == ()


CONFIDENCE: dict[Confidence, bool] = {"certain": True, "likely": True, "possible": False}


@pytest.mark.parametrize(("confidence", "told"), CONFIDENCE.items(), ids=CONFIDENCE)
def test_nobody_complains_about_what_is_only_possible(confidence: Confidence, told: bool) -> None:
    subject = workload(pod_object(app(), helper()))
    assert bool(problems(subject, found(subject, {"helper": None}, helper={"confidence": confidence}))) is told


def test_an_injected_helper_that_is_not_in_the_template_has_its_problems_too() -> None:
    subject = workload(pod_object(app()))
    findings = (*found(subject, {}), Finding("proxy", "containers", 1, "sidecar", "certain", None, injected=True))
    assert {p.id for p in problems(subject, findings)} == RACES


WORDS: dict[str, tuple[Recipe | None, str]] = {
    "log-shipper": (SHIPPER, "first lines of app"),
    "inbound": (GUARD, "requests can arrive"),
    "outbound": (DB_PROXY, "first calls of app"),
    "config-sync": (SYNC, "before its configuration"),
    "secrets": (AGENT, "before its secrets"),
    "unknown": (None, "may not be there yet"),
}


@pytest.mark.parametrize(("recipe", "words"), WORDS.values(), ids=WORDS)
def test_the_text_says_what_is_lost_with_this_kind_of_helper(recipe: Recipe | None, words: str) -> None:
    text = seen(pod_object(app(), helper()), recipe)["start-race"]
    assert words in text
    assert "helper may start after app" in text


PROBE = {"startupProbe": {"tcpSocket": {"port": 1}}}


def hook(*command: str) -> dict[str, Any]:
    return {"lifecycle": {"preStop": {"exec": {"command": list(command)}}}}


REMOVALS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "without a startupProbe the start race is only narrowed": (
        pod_object(app(), helper()),
        "start-race",
        "narrowed",
        "no startupProbe",
    ),
    "with one it is removed": (
        pod_object(app(), helper(**PROBE)),
        "start-race",
        "removed",
        "startupProbe of helper has passed",
    ),
    "a postStart hook narrows it": (
        pod_object(app(), helper(lifecycle={"postStart": {"exec": {"command": ["true"]}}})),
        "start-race",
        "narrowed",
        "postStart",
    ),
    "the stop race": (pod_object(app(), helper()), "stop-race", "removed", "SIGTERM only when the app has ended"),
    "the stop race with a hook that ends it": (
        pod_object(app(), helper(**hook("sh", "-c", "kill 1"))),
        "stop-race",
        "stays",
        "ends it",
    ),
    "the stop race with a hook that revokes": (
        pod_object(app(), helper(**hook("vault", "token", "revoke", "-self"))),
        "stop-race",
        "stays",
        "revokes",
    ),
    "the Job": (pod_object(app(), helper(), kind="CronJob"), "job-never-completes", "removed", "complete"),
    "the kill switch": (pod_object(TOUCHES, WAITS, kind="CronJob"), "job-kill-switch", "removed", "complete"),
    "the wrong list": (pod_object(app(), helper(restartPolicy="Always")), "mis-declared-sidecar", "removed", "native"),
}


@pytest.mark.parametrize(("obj", "id", "effect", "words"), REMOVALS.values(), ids=REMOVALS)
def test_what_becomes_of_a_problem(obj: dict[str, Any], id: str, effect: str, words: str) -> None:
    removal = next(r for r in plan(obj).removals if r.problem.id == id)
    assert removal.effect == effect
    assert words in removal.text


NEEDED = pod_object(
    app(),
    helper(ports=[{"containerPort": 5432}]),
    init=[{"name": "migrate", "env": [{"name": "DB", "value": "localhost:5432"}]}],
)
PLACES = {
    "by itself": ({}, "removed"),
    "too late, by the user": ({"helper": "last"}, "stays"),
    "right, by the user": ({"helper": "first"}, "removed"),
}


@pytest.mark.parametrize(("place", "effect"), PLACES.values(), ids=PLACES)
def test_an_init_container_reaches_a_helper_that_comes_before_it(place: dict[str, str], effect: str) -> None:
    found_ = plan(NEEDED, options=PlanOptions(place=place))
    assert next(r for r in found_.removals if r.problem.id == "init-needs-helper").effect == effect
