"""Undo restores exactly, or refuses and shows what was changed since."""

from __future__ import annotations

import copy

import pytest

from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.errors import Refused, Unreachable
from kubectl_sidecar.output.undo import undo_diff
from kubectl_sidecar.sources.memory import Request
from tests.actions.world import workload, world


@pytest.mark.parametrize("kind", ["deploy", "sts", "ds", "rs", "rc", "cj"])
def test_the_exact_old_template_comes_back(kind: str) -> None:
    at = world(workload(kind))
    before = copy.deepcopy(at.template(kind))
    at.migrate(kind)
    assert at.undo(kind).written
    assert at.template(kind) == before
    assert [record.state for record in at.journal.records()] == ["undone"]


def test_what_was_changed_since_is_shown_and_not_lost() -> None:
    at = world(workload())
    at.migrate()
    at.edit(
        lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(
            image="registry.example.com/shop/checkout:2"
        )
    )
    prepared = at.prepare_undo()
    assert prepared.outcome == "changed"
    assert "changed since" in prepared.refusal
    lines = [line.text for line in undo_diff(prepared)]
    assert any(line.startswith("-") and "checkout:1" in line for line in lines)
    assert any(line.startswith("+") and "checkout:2" in line for line in lines)


def test_a_change_between_the_diff_and_the_yes_is_not_lost_either() -> None:
    at = world(workload())
    at.migrate()

    def meanwhile(request: Request) -> None:
        if request.verb == "list":  # the first thing that execute does
            at.cluster.hooks.remove(meanwhile)
            at.edit(lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image="x:3"))

    at.prepare_undo()
    at.cluster.hooks.append(meanwhile)
    result = at.undo()
    assert (result.outcome, result.written) == ("changed", False)
    assert at.template()["spec"]["containers"][0]["image"] == "x:3"


def test_undoing_twice_is_refused() -> None:
    at = world(workload())
    at.migrate()
    at.undo()
    with pytest.raises(Refused, match="already undone"):
        at.prepare_undo()


def test_without_a_record_it_says_so_and_where_else_to_look() -> None:
    with pytest.raises(Refused, match=r"no record .* kubectl rollout undo"):
        world(workload()).prepare_undo()


def test_an_object_that_was_created_again_is_not_touched() -> None:
    at = world(workload())
    at.migrate()
    at.cluster.remove(resolve("deploy").resource, "shop", "checkout")
    at.cluster.put(workload())
    with pytest.raises(Refused, match="created again"):
        at.prepare_undo()


def test_a_patch_whose_answer_was_lost_can_be_undone_if_it_arrived() -> None:
    at = world(workload())
    before = copy.deepcopy(at.template())
    prepared = at.prepare()
    sent: list[bool] = []

    def lost(request: Request) -> None:
        if sent and request.verb == "get":
            at.cluster.hooks.remove(lost)
        if request.verb == "patch" and not request.dry_run and not sent:
            sent.append(True)
            at.execute(prepared)  # it arrives …
            raise Unreachable("the connection broke")  # … and the answer does not

    at.cluster.hooks.append(lost)
    with pytest.raises(Exception, match="connection broke"):
        at.execute(prepared)
    assert at.undo().written
    assert at.template() == before
