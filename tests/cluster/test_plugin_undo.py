"""`kubectl sidecar undo` on a real API server: the exact old template, or a refusal that says why."""

from collections.abc import Callable

import pytest

from tests.cluster.classic import Manifest, classic, is_native, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import QUESTION, Plugin
from tests.cluster.processes import eventually


@pytest.fixture
def migrated(plugin: Plugin, cluster: ControlPlane, namespace: str) -> Manifest:
    """A Deployment that was migrated, as it was before."""
    cluster.create(classic(), namespace=namespace)
    before = cluster.get("deployment", "shop", namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    return before


def now(cluster: ControlPlane, namespace: str) -> Manifest:
    return template_of(cluster.get("deployment", "shop", namespace=namespace))


def test_a_yes_restores_the_exact_template(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    with plugin.terminal("undo", "deployment/shop", "-n", namespace, "--no-wait") as there:
        text = there.until(QUESTION)
        assert (
            f"Restore Deployment shop in context admin, namespace {namespace} (2 Pods will be replaced)? [y/N]" in text
        )
        assert "-    restartPolicy: Always" in text
        there.type("y\n")
        ran = there.end()
    assert ran.code == 0, ran.out
    assert now(cluster, namespace) == template_of(migrated)
    assert [record["state"] for record in plugin.records] == ["undone"]


def test_a_no_restores_nothing(plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest) -> None:
    ran = plugin.answer("undo", "deployment/shop", "-n", namespace, answers=["n"])
    assert (ran.code, ran.out.splitlines()[-1]) == (3, "Nothing was written.")
    assert is_native(now(cluster, namespace))


def test_ctrl_c_at_the_question_restores_nothing(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    with plugin.terminal("undo", "deployment/shop", "-n", namespace) as there:
        there.until(QUESTION)
        there.type("\x03")
        ran = there.end()
    assert ran.code == 130
    assert "nothing was written" in ran.out.lower()
    assert is_native(now(cluster, namespace))


def test_a_dry_run_restores_nothing(plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest) -> None:
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, "--dry-run")
    assert (ran.code, ran.err) == (1, "Dry run: nothing was written.\n")
    assert is_native(now(cluster, namespace))


def test_without_a_terminal_only_the_flag_says_yes(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, input="y\n")
    assert ran.code == 3
    assert "give -y" in ran.sentence
    assert is_native(now(cluster, namespace))


CHANGES: dict[str, Callable[[ControlPlane, str], object]] = {
    "image of the app": lambda cluster, ns: cluster.kubectl("set", "image", "deployment/shop", "-n", ns, "shop=registry.example.com/shop:2"),
    "rollout restart": lambda cluster, ns: cluster.kubectl("rollout", "restart", "deployment/shop", "-n", ns),
    "env of the helper": lambda cluster, ns: cluster.kubectl(
        "patch", "deployment/shop", "-n", ns, "--type=json",
        "-p", '[{"op":"add","path":"/spec/template/spec/initContainers/0/env","value":[{"name":"A","value":"b"}]}]'),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_changed_since_is_not_lost(
    plugin: Plugin,
    cluster: ControlPlane,
    namespace: str,
    migrated: Manifest,
    change: Callable[[ControlPlane, str], object],
) -> None:
    change(cluster, namespace)
    changed = now(cluster, namespace)
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 3
    assert "was changed since it was migrated; restoring the old template would lose that" in ran.err
    assert "(as migrated)" in ran.out
    assert "(now)" in ran.out
    assert [line for line in ran.out.splitlines() if line.startswith("+ ")]
    assert now(cluster, namespace) == changed


def test_what_is_no_part_of_the_template_may_change(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    cluster.kubectl("scale", "deployment/shop", "-n", namespace, "--replicas=4")
    cluster.kubectl("annotate", "deployment/shop", "-n", namespace, "note=kept")
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    obj = cluster.get("deployment", "shop", namespace=namespace)
    assert template_of(obj) == template_of(migrated)
    assert (obj["spec"]["replicas"], obj["metadata"]["annotations"]["note"]) == (4, "kept")


def test_a_change_while_the_question_is_open_stops_it(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    with plugin.terminal("undo", "deployment/shop", "-n", namespace) as there:
        there.until(QUESTION)
        cluster.kubectl("set", "image", "deployment/shop", "-n", namespace, "shop=registry.example.com/shop:2")
        there.type("y\n")
        ran = there.end()
    assert ran.code == 3
    assert "deployment.apps/shop was changed meanwhile; nothing was written" in ran.out
    assert is_native(now(cluster, namespace))


def test_a_second_undo_has_nothing_to_do(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 3
    assert ran.sentence == "error: the migration of deployment.apps/shop was already undone"


def test_what_somebody_else_took_back_needs_no_undo(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    sets = ("replicasets", "-l", "app=shop")
    eventually(lambda: len(cluster.get(*sets, namespace=namespace)["items"]) == 2, what="both revisions are there")
    cluster.kubectl("rollout", "undo", "deployment/shop", "-n", namespace)
    assert now(cluster, namespace) == template_of(migrated)
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 0
    assert "it already has the old template; there is nothing to undo" in ran.err


def test_migrated_undone_and_migrated_again(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    assert is_native(now(cluster, namespace))
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    assert now(cluster, namespace) == template_of(migrated)


def test_without_a_record_it_says_where_else_to_look(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 3
    assert ran.sentence == (
        f"error: no record of a migration of deployment.apps/shop in namespace {namespace} was found on this machine; "
        "kubectl rollout undo may still have its old revision"
    )


def test_one_that_was_made_anew_is_not_the_one_that_was_migrated(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    cluster.kubectl("delete", "deployment/shop", "-n", namespace)
    cluster.create(classic(), namespace=namespace)
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 3
    assert "was deleted and created again since it was migrated" in ran.sentence


def test_a_deleted_one_is_told(plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest) -> None:
    cluster.kubectl("delete", "deployment/shop", "-n", namespace)
    ran = plugin.run("undo", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 2
    assert ran.sentence == f'error: there is no Deployment "shop" in namespace {namespace} of context admin'


def test_several_and_one_of_them_changed_is_partly_done(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    cluster.create(classic("cronjob", "report"), namespace=namespace)
    plugin.ok("migrate", "cronjob/report", "-n", namespace, "-y")
    cluster.kubectl("set", "image", "deployment/shop", "-n", namespace, "shop=registry.example.com/shop:2")
    ran = plugin.run("undo", "deploy/shop", "cj/report", "-n", namespace, "-y", "--no-wait")
    assert ran.code == 4
    assert not is_native(template_of(cluster.get("cronjob", "report", namespace=namespace)))
    assert is_native(now(cluster, namespace))


def test_one_without_a_record_stops_no_other(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    cluster.create(classic("cronjob", "report"), namespace=namespace)
    ran = plugin.run("undo", "cj/report", "deploy/shop", "-n", namespace, "-y", "--no-wait")
    assert ran.code == 4
    assert "error: no record of a migration of cronjob.batch/report" in ran.err
    assert now(cluster, namespace) == template_of(migrated)


def test_what_was_restored_before_ctrl_c_is_told(
    plugin: Plugin, cluster: ControlPlane, namespace: str, migrated: Manifest
) -> None:
    cluster.create(classic("cronjob", "report"), namespace=namespace)
    plugin.ok("migrate", "cronjob/report", "-n", namespace, "-y")
    with plugin.terminal("undo", "deploy/shop", "cj/report", "-n", namespace, "--no-wait") as there:
        there.until(QUESTION)
        there.type("y\n")
        there.until(QUESTION)
        there.type("\x03")
        ran = there.end()
    assert ran.code == 130
    assert "interrupted; deployment.apps/shop was written before, nothing more" in ran.out
    assert not is_native(now(cluster, namespace))
    assert is_native(template_of(cluster.get("cronjob", "report", namespace=namespace)))
