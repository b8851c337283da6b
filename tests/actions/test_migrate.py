"""Migrating on the embedded cluster: what is written, what is not, and what a person is told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kubectl_sidecar.actions.migrate import MigrateOptions
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.planning.policy import PolicyOptions
from kubectl_sidecar.errors import (
    Forbidden,
    InputError,
    Interrupted,
    PartlyDone,
    ServerFailure,
    UnknownName,
    Unreachable,
)
from kubectl_sidecar.sources.memory import Request
from tests.actions.world import World, workload, world

YES = MigrateOptions(policy=PolicyOptions(assume_yes=True))


def names(template: dict[str, Any], key: str) -> list[str]:
    return [container["name"] for container in template["spec"].get(key) or ()]


@pytest.mark.parametrize("kind", ["deploy", "sts", "ds", "rs", "rc", "cj"])
def test_a_log_shipper_becomes_a_native_sidecar(kind: str) -> None:
    at = world(workload(kind))
    before = copy.deepcopy(at.template(kind))
    result = at.migrate(kind)
    after = at.template(kind)
    assert result.written
    assert result.outcome == ("done" if resolve(kind).effect == "rollout" else "unwatched")
    assert names(after, "containers") == ["checkout"]
    assert names(after, "initContainers") == ["log-shipper"]
    moved = {**before["spec"]["containers"][1], "restartPolicy": "Always"}
    assert after["spec"]["initContainers"][0] == moved
    rest = {key: value for key, value in before["spec"].items() if key not in ("containers", "initContainers")}
    assert {key: value for key, value in after["spec"].items() if key not in ("containers", "initContainers")} == rest


def test_the_new_pods_are_followed_container_by_container_until_all_are_there() -> None:
    at = world(workload())
    result = at.migrate()
    rollout = [event for event in at.events if event.step == "rollout"]
    assert [event.step for event in at.events][:2] == ["recorded", "patched"]
    assert rollout[-1].done == rollout[-1].total == 2
    assert all(pod.ready for pod in result.pods)
    assert [name for name, _ in result.pods[0].containers] == ["log-shipper", "checkout"]


def test_migrating_again_finds_nothing_to_do() -> None:
    at = world(workload())
    at.migrate()
    prepared = at.prepare()
    assert prepared.plan.is_empty
    assert prepared.verdict.decision == "nothing"


def test_preparing_changes_nothing_at_all() -> None:
    at = world(workload())
    before = at.cluster.resource_version
    at.prepare()
    assert at.cluster.resource_version == before


def test_a_harmless_change_between_plan_and_yes_does_not_stop_it() -> None:
    at = world(workload())
    prepared = at.prepare()
    at.edit(lambda obj: obj.setdefault("metadata", {}).setdefault("labels", {}).update(team="a"))
    assert at.execute(prepared).outcome == "done"


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "another image": lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image="x:2"),
    "paused": lambda obj: obj["spec"].update(paused=True),
    "now owned by Helm": lambda obj: obj["metadata"].update(
        labels={"app.kubernetes.io/managed-by": "Helm"}, annotations={"meta.helm.sh/release-name": "shop"}
    ),
    "another strategy": lambda obj: obj["spec"].update(strategy={"type": "Recreate"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_what_was_judged_stops_it(change: Callable[[dict[str, Any]], None]) -> None:
    at = world(workload())
    prepared = at.prepare()
    at.edit(change)
    before = at.template()
    result = at.execute(prepared)
    assert (result.outcome, result.written) == ("changed", False)
    assert at.template() == before


def test_a_status_write_during_the_dry_run_is_no_refusal() -> None:
    at = world(workload())

    def somebody_writes(request: Request) -> None:
        if request.verb == "patch" and request.dry_run:
            at.edit(lambda obj: obj["metadata"].setdefault("labels", {}).update(team="a"))

    at.cluster.hooks.append(somebody_writes)
    assert [run.outcome for run in at.prepare().dry_runs] == ["accepted", "accepted"]


def test_a_conflict_is_tried_again_while_nothing_that_was_judged_changed() -> None:
    at = world(workload())
    prepared = at.prepare()
    left = [2]

    def somebody_writes_first(request: Request) -> None:
        if request.verb == "patch" and not request.dry_run and left[0]:
            left[0] -= 1
            at.edit(lambda obj: obj["metadata"].setdefault("labels", {}).update(round=str(left[0])))

    at.cluster.hooks.append(somebody_writes_first)
    assert at.execute(prepared).outcome == "done"
    assert left == [0]


def test_an_object_that_changes_all_the_time_is_left_alone() -> None:
    at = world(workload())
    prepared = at.prepare()
    count = [0]

    def always(request: Request) -> None:
        if request.verb == "patch" and not request.dry_run:
            count[0] += 1
            at.edit(lambda obj: obj["metadata"].setdefault("labels", {}).update(round=str(count[0])))

    at.cluster.hooks.append(always)
    result = at.execute(prepared)
    assert (result.outcome, result.written) == ("changed", False)
    assert names(at.template(), "containers") == ["checkout", "log-shipper"]
    assert [r.state for r in at.journal.records()] == ["abandoned"]


def test_an_object_that_is_gone_meanwhile_is_said_by_name() -> None:
    at = world(workload())
    prepared = at.prepare()
    at.cluster.remove(resolve("deploy").resource, "shop", "checkout")
    with pytest.raises(UnknownName, match="checkout"):
        at.execute(prepared)


def test_nothing_is_sent_without_a_record() -> None:
    at = world(workload())

    def full(record: object) -> None:
        raise InputError("the disk is full")

    at.journal.write = full  # type: ignore[method-assign]
    prepared = at.prepare()
    with pytest.raises(InputError, match="disk is full"):
        at.execute(prepared)
    assert names(at.template(), "containers") == ["checkout", "log-shipper"]


@pytest.mark.parametrize(
    "error", [Unreachable("the connection broke"), ServerFailure("etcd", status=500)], ids=["broken", "500"]
)
def test_when_the_answer_is_lost_it_says_that_it_does_not_know(error: Exception) -> None:
    at = world(workload())
    prepared = at.prepare()

    def lost(request: Request) -> None:
        if request.verb == "patch" and not request.dry_run:
            raise error

    at.cluster.hooks.append(lost)
    with pytest.raises(PartlyDone, match="not known"):
        at.execute(prepared)
    assert [r.state for r in at.journal.records()] == ["prepared"]


INTERRUPTIONS = {
    "before the patch": (lambda r: r.verb == "get", "nothing was written"),
    "while it is sent": (lambda r: r.verb == "patch", "not known"),
    "during the rollout": (
        lambda r: r.verb == "list" and r.resource.plural == "pods",
        "was patched, and its rollout goes on",
    ),
}


@pytest.mark.parametrize(("when", "said"), INTERRUPTIONS.values(), ids=INTERRUPTIONS)
def test_ctrl_c_says_whether_something_was_written(when: Callable[[Request], bool], said: str) -> None:
    at = world(workload())
    prepared = at.prepare()
    patched: list[bool] = []

    def interrupt(request: Request) -> None:
        wanted = when(request) and (said != "was patched, and its rollout goes on" or patched)
        if request.verb == "patch":
            patched.append(True)
        if wanted:
            raise KeyboardInterrupt

    at.cluster.hooks.append(interrupt)
    with pytest.raises(Interrupted, match=said):
        at.execute(prepared)


# What a new Pod can do, and how the rollout ends early: reference semantics in the simulation's own tests
FAILURES = {
    "the helper exits 0 again and again": ({"simulation/log-shipper": "exits 0 after 1"}, "log-shipper was restarted"),
    "the helper crashes": ({"simulation/log-shipper": "exits 3 after 2"}, "log-shipper"),
    "the helper's image is missing": ({"simulation/log-shipper": "image missing"}, "log-shipper does not start"),
    "the app crashes": ({"simulation/checkout": "exits 1 after 1"}, "checkout"),
}


@pytest.mark.parametrize(("annotations", "said"), FAILURES.values(), ids=FAILURES)
def test_a_failing_new_pod_ends_the_watch_early_and_names_it(annotations: dict[str, str], said: str) -> None:
    at = world(workload())
    prepared = at.prepare()
    # the fault shows in new Pods only: it is put into Pods at admission, as a webhook would
    at.cluster.webhooks.append(
        lambda pod: {
            **pod,
            "metadata": {
                **pod["metadata"],
                "annotations": {**(pod["metadata"].get("annotations") or {}), **annotations},
            },
        }
    )
    start = at.clock.monotonic()
    result = at.execute(prepared)
    assert (result.outcome, result.written) == ("failed", True)
    assert said in result.text
    assert at.clock.monotonic() - start < 120


def test_a_webhook_that_strips_restart_policy_is_found_before_anything_is_written() -> None:
    at = world(workload())

    def strip(pod: Any) -> Any:
        pod = copy.deepcopy(pod)
        for container in pod["spec"].get("initContainers") or ():
            container.pop("restartPolicy", None)
        return pod

    at.cluster.webhooks.append(strip)
    prepared = at.prepare()
    assert prepared.verdict.decision == "refuse"
    assert any("webhook" in run.text and run.outcome == "refused" for run in prepared.dry_runs)


def test_without_the_right_to_create_pods_the_pod_dry_run_is_an_unknown_fact() -> None:
    at = world(workload(), rights=lambda verb, resource, namespace: (verb, resource.plural) != ("create", "pods"))
    prepared = at.prepare()
    assert [run.outcome for run in prepared.dry_runs] == ["accepted", "unknown"]
    assert prepared.verdict.decision == "go"


def test_without_the_right_to_patch_it_is_refused_before_the_question() -> None:
    at = world(workload(), rights=lambda verb, resource, namespace: verb != "patch")
    prepared = at.prepare()
    assert prepared.verdict.decision == "refuse"
    assert any("cannot patch" in run.text for run in prepared.dry_runs)


def test_without_the_right_to_read_it_the_error_is_the_servers() -> None:
    at = world(workload(), rights=lambda verb, resource, namespace: False)
    with pytest.raises(Forbidden, match="cannot get"):
        at.prepare()


NOT_WATCHED = {
    "paused": ({"paused": True}, "paused"),
    "no replicas": ({"replicas": 0}, "0 replicas"),
}


@pytest.mark.parametrize(("spec", "said"), NOT_WATCHED.values(), ids=NOT_WATCHED)
def test_where_no_rollout_follows_it_says_why(spec: dict[str, Any], said: str) -> None:
    at = world(workload(**spec))
    prepared = at.prepare()
    assert (prepared.pods, said in prepared.effect) == (0, True)
    result = at.execute(prepared)
    assert result.outcome == "unwatched"
    assert said in result.text


@pytest.mark.parametrize("kind", ["sts", "ds"])
def test_on_delete_is_not_waited_for(kind: str) -> None:
    result = world(workload(kind, updateStrategy={"type": "OnDelete"})).migrate(kind)
    assert result.outcome == "unwatched"
    assert "OnDelete" in result.text


@pytest.mark.parametrize("kind", ["job", "pod"])
def test_what_is_immutable_is_refused_with_the_way_out(kind: str) -> None:
    prepared = world(workload(kind)).prepare(
        kind, replace(YES, policy=PolicyOptions(accept=frozenset({"immutable-kind"})))
    )
    assert prepared.verdict.decision == "refuse"
    assert any("immutable-kind" in reason for reason in prepared.verdict.reasons)
    assert "create it again" in prepared.effect


def test_a_name_that_is_not_there_is_said_with_where_it_was_looked_for() -> None:
    with pytest.raises(UnknownName, match='no Deployment "checkout" in namespace shop of context demo'):
        world().prepare()


def test_a_decision_on_a_container_that_is_not_there_is_an_error() -> None:
    options = MigrateOptions(plan=PlanOptions(containers={"nobody": "sidecar"}))
    with pytest.raises(InputError, match="has no container named nobody"):
        world(workload()).prepare("deploy", options)


def test_a_helper_that_the_user_leaves_stays() -> None:
    options = MigrateOptions(plan=PlanOptions(containers={"log-shipper": "leave"}))
    prepared = world(workload()).prepare("deploy", options)
    assert prepared.plan.is_empty


def test_the_last_container_is_never_moved() -> None:
    options = MigrateOptions(plan=PlanOptions(containers={"checkout": "sidecar", "log-shipper": "sidecar"}))
    plan = world(workload()).prepare("deploy", options).plan
    assert names(dict(plan.after), "containers") == ["checkout"]


def test_undo_brings_back_the_exact_old_template() -> None:
    at: World = world(workload())
    before = copy.deepcopy(at.template())
    at.migrate()
    assert at.undo().outcome == "done"
    assert at.template() == before
