"""`kubectl sidecar migrate` on a real API server: what is asked, what is written, what is waited for, and what is refused."""

import json
from typing import Any

import pytest

from tests.cluster.classic import APP, SHIPPER, classic, is_native, names, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.hollow_kubelet import TOLERATIONS, Failure, HollowKubelet
from tests.cluster.plugin import QUESTION, Plugin
from tests.cluster.processes import eventually

KINDS = ("deployment", "statefulset", "daemonset", "cronjob")


def template(cluster: ControlPlane, namespace: str, kind: str = "deployment", name: str = "shop") -> dict[str, Any]:
    return template_of(cluster.get(kind, name, namespace=namespace))


def settled(cluster: ControlPlane, namespace: str, kind: str, name: str = "shop") -> None:
    cluster.kubectl("rollout", "status", f"{kind}/{name}", "-n", namespace, "--timeout=120s")


@pytest.mark.parametrize("kind", KINDS)
def test_a_yes_moves_the_helper_and_nothing_else(
    plugin: Plugin, cluster: ControlPlane, namespace: str, kind: str
) -> None:
    cluster.create(classic(kind), namespace=namespace)
    before = template(cluster, namespace, kind)
    ran = plugin.answer("migrate", f"{kind}/shop", "-n", namespace, "--no-wait", answers=["y"])
    assert ran.code == 0, ran.out
    after = template(cluster, namespace, kind)
    shipper = {**before["spec"]["containers"][1], "restartPolicy": "Always"}
    assert after["spec"].pop("initContainers") == [shipper]
    assert after["spec"].pop("containers") == before["spec"].pop("containers")[:1]
    assert after == before


@pytest.mark.parametrize("kind", KINDS)
def test_yes_in_advance_and_undo_brings_the_exact_template_back(
    plugin: Plugin, cluster: ControlPlane, namespace: str, kind: str
) -> None:
    cluster.create(classic(kind), namespace=namespace)
    before = template(cluster, namespace, kind)
    migrated = plugin.ok("migrate", f"{kind}/shop", "-n", namespace, "-y", "--no-wait")
    assert is_native(template(cluster, namespace, kind))
    assert f"undo with: kubectl sidecar undo {kind}/shop -n {namespace}" in migrated
    plugin.ok("undo", f"{kind}/shop", "-n", namespace, "-y", "--no-wait")
    assert template(cluster, namespace, kind) == before


@pytest.mark.parametrize("answer", ["n", "", "Y e s", "no"])
def test_any_other_answer_writes_nothing(plugin: Plugin, cluster: ControlPlane, namespace: str, answer: str) -> None:
    cluster.create(classic(), namespace=namespace)
    before = cluster.get("deployment", "shop", namespace=namespace)
    ran = plugin.answer("migrate", "deployment/shop", "-n", namespace, answers=[answer])
    assert ran.code == 3
    assert ran.out.endswith("Nothing was written.\n")
    assert (
        cluster.get("deployment", "shop", namespace=namespace)["metadata"]["generation"]
        == before["metadata"]["generation"]
    )
    assert plugin.records == []


def test_the_question_names_what_is_at_stake(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(replicas=7), namespace=namespace)
    with plugin.terminal("migrate", "deploy", "shop", "-n", namespace) as there:
        text = there.until(QUESTION)
    assert f"Patch 1 Deployment in context admin, namespace {namespace} (7 Pods will be replaced)? [y/N]" in text
    assert "+  - name: log-shipper\n+    restartPolicy: Always" in text
    assert "narrowed start-race: " in text
    assert "removed  stop-race: " in text
    assert "server dry run: accepted · Pod dry run: accepted" in text
    assert "replaces 7 Pods by a rolling update" in text


def test_the_old_template_is_on_disk(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    obj = cluster.get("deployment", "shop", namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    (record,) = plugin.records
    assert record["before"] == template_of(obj)
    assert record["after"] == template(cluster, namespace)
    assert (record["uid"], record["state"]) == (obj["metadata"]["uid"], "applied")
    (file,) = plugin.journal.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_record_nothing_is_patched(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    plugin.journal.parent.mkdir(parents=True)
    plugin.journal.write_text("a file where the folder should be")
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 2
    assert "without it nothing is patched" in ran.sentence
    assert not is_native(template(cluster, namespace))


def test_a_second_time_there_is_nothing_to_do(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    generation = cluster.get("deployment", "shop", namespace=namespace)["metadata"]["generation"]
    assert "deployment.apps/shop: nothing to do" in plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y")
    assert cluster.get("deployment", "shop", namespace=namespace)["metadata"]["generation"] == generation


@pytest.mark.parametrize("flag", ["--dry-run", "--dry-run=client", "--dry-run=server"])
def test_a_dry_run_shows_and_writes_nothing(plugin: Plugin, cluster: ControlPlane, namespace: str, flag: str) -> None:
    cluster.create(classic(), namespace=namespace)
    ran = plugin.run("migrate", flag, "deployment/shop", "-n", namespace)
    assert (ran.code, ran.err) == (1, "Dry run: nothing was written.\n")
    assert ("server dry run: accepted" in ran.out) == (flag == "--dry-run=server")
    assert "restartPolicy: Always" in ran.out
    assert not is_native(template(cluster, namespace))
    assert plugin.records == []


@pytest.mark.parametrize(
    ("kind", "way_out"),
    [
        ("job", "a Job's template is immutable: change its manifest, delete the Job and create it again"),
        ("pod", "a Pod's containers cannot be moved: change its manifest, delete the Pod and create it again"),
    ],
    ids=["job", "pod"],
)
@pytest.mark.parametrize("yes", [True, False], ids=["-y", "asking"])
def test_what_cannot_be_patched_is_refused_with_the_way_out(
    plugin: Plugin, cluster: ControlPlane, namespace: str, kind: str, way_out: str, yes: bool
) -> None:
    cluster.create(classic(kind), namespace=namespace)
    words = ["migrate", f"{kind}/shop", "-n", namespace]
    ran = plugin.run(*words, "-y") if yes else plugin.answer(*words, answers=[])
    assert ran.code == 3, ran.out
    assert way_out in ran.out
    assert "Verdict  refused" in ran.out
    assert "$patch: delete" in ran.out
    assert plugin.records == []


def test_a_selector_moves_what_has_something_to_move(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    for name, team in (("one", "a"), ("two", "a"), ("three", "b")):
        cluster.create(classic("deployment", name, labels={"team": team}), namespace=namespace)
    cluster.create(classic("deployment", "plain", labels={"team": "a"}, containers=(APP,)), namespace=namespace)
    with plugin.terminal("migrate", "-l", "team=a", "-n", namespace, "--no-wait") as there:
        text = there.until(QUESTION)
        assert f"Patch 2 Deployments in context admin, namespace {namespace} (4 Pods will be replaced)?" in text
        there.type("yes\n")
        ran = there.end()
    assert ran.code == 0, ran.out
    native = {name: is_native(template(cluster, namespace, name=name)) for name in ("one", "two", "three")}
    assert native == {"one": True, "two": True, "three": False}


def test_a_selector_of_nothing_says_so(plugin: Plugin, namespace: str) -> None:
    ran = plugin.run("migrate", "-l", "team=nobody", "-n", namespace, "-y")
    assert ran.code == 0
    assert ran.err == "No workload of the selector team=nobody has a classic sidecar that could be moved.\n"


def test_several_names_and_one_of_them_refused_is_partly_done(
    plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    cluster.create(
        classic("deployment", "one"), classic("statefulset", "two"), classic("job", "three"), namespace=namespace
    )
    ran = plugin.run("migrate", "deploy/one", "sts/two", "job/three", "-n", namespace, "-y", "--no-wait")
    assert ran.code == 4, ran.out
    assert is_native(template(cluster, namespace, "deployment", "one"))
    assert is_native(template(cluster, namespace, "statefulset", "two"))


def test_an_unknown_name_among_several_stops_before_anything_is_written(
    plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    cluster.create(classic("deployment", "one"), namespace=namespace)
    ran = plugin.run("migrate", "deploy/one", "deploy/absent", "-n", namespace, "-y")
    assert ran.code == 2
    assert ran.sentence == f'error: there is no Deployment "absent" in namespace {namespace} of context admin'
    assert not is_native(template(cluster, namespace, name="one"))


def test_names_that_list_prints_feed_migrate_and_undo(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    made = {kind: classic(kind, f"{kind}-1") for kind in KINDS}
    cluster.create(*made.values(), namespace=namespace)
    before = {kind: template(cluster, namespace, kind, f"{kind}-1") for kind in KINDS}
    found = plugin.ok("list", "--at-risk", "-o", "name", "-n", namespace).split()
    assert len(found) == len(KINDS)
    plugin.ok("migrate", *found, "-n", namespace, "-y", "--no-wait")
    assert all(is_native(template(cluster, namespace, kind, f"{kind}-1")) for kind in KINDS)
    plugin.ok("undo", *found, "-n", namespace, "-y", "--no-wait")
    assert {kind: template(cluster, namespace, kind, f"{kind}-1") for kind in KINDS} == before


def test_it_stands_behind_the_plain_init_containers(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    prepare = {"name": "prepare", "image": "registry.example.com/prepare:1"}
    cluster.create(classic(pod={"initContainers": [prepare]}), namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    assert names(template(cluster, namespace)) == ["prepare", "log-shipper"]


# While the question is open


def test_a_status_that_is_written_meanwhile_is_no_reason_to_stop(
    plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace, "--no-wait") as there:
        there.until(QUESTION)
        version = cluster.get("deployment", "shop", namespace=namespace)["metadata"]["resourceVersion"]
        cluster.kubectl("annotate", "deployment/shop", "-n", namespace, "note=harmless")
        cluster.kubectl("scale", "deployment/shop", "-n", namespace, "--replicas=3")
        assert cluster.get("deployment", "shop", namespace=namespace)["metadata"]["resourceVersion"] != version
        there.type("y\n")
        ran = there.end()
    assert ran.code == 0, ran.out
    obj = cluster.get("deployment", "shop", namespace=namespace)
    assert is_native(template_of(obj))
    assert (obj["spec"]["replicas"], obj["metadata"]["annotations"]["note"]) == (3, "harmless")


def test_a_template_that_is_changed_meanwhile_is_shown_anew(
    plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace, "--no-wait") as there:
        there.until(QUESTION)
        cluster.kubectl("set", "image", "deployment/shop", "-n", namespace, "log-shipper=fluent/fluent-bit:4.0")
        there.type("y\n")
        text = there.until(QUESTION)
        assert "deployment.apps/shop was changed meanwhile; nothing was written; here is the new diff" in text
        assert "+    image: fluent/fluent-bit:4.0" in text
        assert not is_native(template(cluster, namespace))
        there.type("y\n")
        ran = there.end()
    assert ran.code == 0, ran.out
    (helper,) = template(cluster, namespace)["spec"]["initContainers"]
    assert (helper["image"], helper["restartPolicy"]) == ("fluent/fluent-bit:4.0", "Always")


def test_the_new_diff_can_be_declined(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace) as there:
        there.until(QUESTION)
        cluster.kubectl("set", "image", "deployment/shop", "-n", namespace, "shop=registry.example.com/shop:2")
        there.type("y\n")
        there.until(QUESTION)
        there.type("n\n")
        ran = there.end()
    assert ran.code == 3
    assert not is_native(template(cluster, namespace))


def test_an_object_that_is_deleted_meanwhile_is_told(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace) as there:
        there.until(QUESTION)
        cluster.kubectl("delete", "deployment/shop", "-n", namespace)
        there.type("y\n")
        ran = there.end()
    assert ran.code == 2, ran.out
    assert f'there is no Deployment "shop" in namespace {namespace}' in ran.out
    assert [record["state"] for record in plugin.records] == []


def test_one_that_was_made_anew_meanwhile_is_shown_anew(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace, "--no-wait") as there:
        there.until(QUESTION)
        cluster.kubectl("delete", "deployment/shop", "-n", namespace)
        cluster.create(classic(), namespace=namespace)
        there.type("y\n")
        assert "was changed meanwhile" in there.until(QUESTION)
        there.type("y\n")
        assert there.end().code == 0
    assert is_native(template(cluster, namespace))


def test_ctrl_c_at_the_question_writes_nothing(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace) as there:
        there.until(QUESTION)
        there.type("\x03")
        ran = there.end()
    assert ran.code == 130
    assert "nothing was written" in ran.out.lower()
    assert not is_native(template(cluster, namespace))
    assert plugin.records == []


def test_what_was_written_before_a_no_is_told(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic("deployment", "one"), classic("deployment", "two"), namespace=namespace)
    with plugin.terminal("migrate", "deploy", "one", "two", "-n", namespace, "--no-wait") as there:
        there.until(QUESTION)
        cluster.kubectl("set", "image", "deployment/two", "-n", namespace, "shop=registry.example.com/shop:2")
        there.type("y\n")
        assert "Patch 1 Deployment " in there.until(QUESTION)
        there.type("n\n")
        ran = there.end()
    assert (ran.code, ran.out.splitlines()[-1]) == (4, "Nothing more was written.")
    assert [is_native(template(cluster, namespace, name=name)) for name in ("one", "two")] == [True, False]


def test_what_was_written_before_ctrl_c_is_told(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic("deployment", "one"), classic("deployment", "two"), namespace=namespace)
    with plugin.terminal("migrate", "deploy", "one", "two", "-n", namespace, "--no-wait") as there:
        there.until(QUESTION)
        cluster.kubectl("set", "image", "deployment/two", "-n", namespace, "shop=registry.example.com/shop:2")
        there.type("y\n")
        there.until(QUESTION)
        there.type("\x03")
        ran = there.end()
    assert ran.code == 130
    assert "interrupted; deployment.apps/one was written before, nothing more" in ran.out


def test_one_that_is_deleted_meanwhile_stops_no_other(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic("deployment", "one"), classic("deployment", "two"), namespace=namespace)
    with plugin.terminal("migrate", "deploy", "one", "two", "-n", namespace, "--no-wait") as there:
        there.until(QUESTION)
        cluster.kubectl("delete", "deployment/one", "-n", namespace)
        there.type("y\n")
        ran = there.end()
    assert ran.code == 4
    assert 'there is no Deployment "one"' in ran.out
    assert is_native(template(cluster, namespace, name="two"))


def test_the_end_of_input_is_no_yes(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace) as there:
        there.until(QUESTION)
        there.type("\x04")
        assert there.end().code == 3
    assert not is_native(template(cluster, namespace))


@pytest.mark.parametrize("input", ["y\n", None], ids=["a yes on a pipe", "nothing"])
def test_without_a_terminal_only_the_flag_says_yes(
    plugin: Plugin, cluster: ControlPlane, namespace: str, input: str | None
) -> None:
    cluster.create(classic(), namespace=namespace)
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, input=input)
    assert ran.code == 3
    assert "there is no terminal to ask on\n  to go on all the same: -y" in ran.out
    assert not is_native(template(cluster, namespace))


# The rollout


def on_node(kubelet: HollowKubelet) -> dict[str, Any]:
    return {"tolerations": TOLERATIONS, "nodeSelector": {"kubernetes.io/hostname": kubelet.node}}


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
def test_it_waits_until_all_new_pods_are_there(
    plugin: Plugin, cluster: ControlPlane, namespace: str, kubelet: HollowKubelet, kind: str
) -> None:
    cluster.create(classic(kind, pod=on_node(kubelet)), namespace=namespace)
    settled(cluster, namespace, kind)
    old = {pod["metadata"]["uid"] for pod in cluster.get("pods", namespace=namespace)["items"]}
    count = 1 if kind == "daemonset" else 2
    assert len(old) == count
    ran = plugin.run("migrate", f"{kind}/shop", "-n", namespace, "-y")
    assert ran.code == 0, ran.out + ran.err
    assert f"{kind}.apps/shop migrated: {count} of {count} new Pods are available" in ran.out
    assert f"{count}/{count} new Pods" in ran.err
    now = [
        pod for pod in cluster.get("pods", namespace=namespace)["items"] if not pod["metadata"].get("deletionTimestamp")
    ]
    assert not old & {pod["metadata"]["uid"] for pod in now}
    assert all(is_native(pod) for pod in now)
    restored = plugin.run("undo", f"{kind}/shop", "-n", namespace, "-y")
    assert restored.code == 0, restored.out + restored.err
    assert f"{kind}.apps/shop restored: {count} of {count} new Pods are available" in restored.out


@pytest.mark.parametrize("failure", ["crashes", "ends with 0", "no image"])
def test_a_new_pod_that_fails_ends_it_early_and_undo_mends_it(
    plugin: Plugin, cluster: ControlPlane, namespace: str, kubelet: HollowKubelet, failure: Failure
) -> None:
    cluster.create(classic(pod=on_node(kubelet)), namespace=namespace)
    settled(cluster, namespace, "deployment")
    before = template(cluster, namespace)
    kubelet.break_helper("log-shipper", failure)
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 4, ran.out + ran.err
    assert "deployment.apps/shop patched, but the rollout fails: shop-" in ran.out
    expected = {"crashes": "log-shipper does not start: CrashLoopBackOff", "no image": "log-shipper does not start: InvalidImageName",
                "ends with 0": "log-shipper was restarted 3 times; it last ended with exit code 0 (Completed)"}  # fmt: skip
    assert expected[failure] in ran.out
    assert f"undo with: kubectl sidecar undo deployment/shop -n {namespace}" in ran.out
    undone = plugin.run("undo", "deployment/shop", "-n", namespace, "-y")
    assert undone.code == 0, undone.out + undone.err
    assert template(cluster, namespace) == before


def test_a_time_that_is_over_is_told(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)  # and nobody makes its Pods run
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y", "--timeout", "2s")
    assert ran.code == 4
    assert "0 of 2 new Pods are available" in ran.out
    assert is_native(template(cluster, namespace))


def test_ctrl_c_in_the_rollout_says_that_it_was_patched(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace, "-y") as there:
        there.until("0/2 new Pods")
        there.type("\x03")
        ran = there.end()
    assert ran.code == 130
    assert "deployment.apps/shop was patched, and its rollout goes on" in ran.out
    assert f"undo with: kubectl sidecar undo deployment/shop -n {namespace}" in ran.out
    assert is_native(template(cluster, namespace))
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    assert not is_native(template(cluster, namespace))


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (classic("deployment", paused=True), "it is paused: nothing happens until kubectl rollout resume"),
        (classic("deployment", replicas=0), "it has 0 replicas: the next Pod that is started has the new form"),
        (classic("statefulset", updateStrategy={"type": "OnDelete"}), "its update strategy is OnDelete"),
        (classic("daemonset", updateStrategy={"type": "OnDelete"}), "its update strategy is OnDelete"),
        (classic("statefulset", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 5}}), "its partition is 5"),
        (classic("cronjob"), "takes effect at the next run"),
        (classic("replicaset"), "only Pods that are made from now on have the new form"),
        (classic("replicationcontroller"), "only Pods that are made from now on have the new form"),
    ],
    ids=["paused", "0 replicas", "sts OnDelete", "ds OnDelete", "partition", "cronjob", "replicaset", "rc"],
)  # fmt: skip
def test_where_nothing_is_to_be_waited_for_it_says_why(
    plugin: Plugin, cluster: ControlPlane, namespace: str, manifest: dict[str, Any], why: str
) -> None:
    cluster.create(manifest, namespace=namespace)
    kind = manifest["kind"].lower()
    ran = plugin.run("migrate", f"{kind}/shop", "-n", namespace, "-y", timeout=30)
    assert ran.code == 0, ran.out + ran.err
    last = [line for line in ran.out.splitlines() if " patched: " in line]
    assert len(last) == 1
    assert why in last[0]
    assert "new Pods" not in ran.err
    assert is_native(template(cluster, namespace, kind))


# What the cluster knows of it afterwards


def test_the_fields_are_owned_by_our_manager(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), classic("deployment", "other"), namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    plugin.ok("migrate", "deployment/other", "-n", namespace, "-y", "--no-wait", "--field-manager", "our-bot")

    def managers(name: str) -> dict[str, Any]:
        obj = json.loads(
            cluster.kubectl("get", "deployment", name, "-n", namespace, "-o", "json", "--show-managed-fields").stdout
        )
        return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"]["managedFields"]}

    assert 'k:{\\"name\\":\\"log-shipper\\"}' in json.dumps(managers("shop")["kubectl-sidecar"])
    assert 'k:{\\"name\\":\\"log-shipper\\"}' in json.dumps(managers("other")["our-bot"])
    assert "kubectl-sidecar" not in managers("other")


def test_a_rolled_out_deployment_gets_one_new_revision(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")

    def forms() -> list[bool]:
        sets = cluster.get("replicasets", namespace=namespace)["items"]
        return sorted(is_native(template_of(item)) for item in sets)

    eventually(lambda: forms() == [False, True], what="a second ReplicaSet, in the native form")


def test_the_helper_that_a_person_names_is_moved(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    odd = {**SHIPPER, "name": "thing", "image": "registry.example.com/thing:1"}
    cluster.create(classic(containers=(APP, odd)), namespace=namespace)
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    assert ran.code == 3
    assert "--container thing=sidecar" in ran.out
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait", "--container", "thing=sidecar")
    assert is_native(template(cluster, namespace), "thing")


def test_a_blocker_that_a_person_accepts_stops_no_longer(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    once = {**SHIPPER, "args": ["--one-shot"]}
    cluster.create(classic(containers=(APP, once)), namespace=namespace)
    words = ("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait", "--container", "log-shipper=sidecar")
    ran = plugin.run(*words)
    assert ran.code == 3, ran.out
    assert "blocker   one-shot-helper log-shipper: " in ran.out
    assert "--accept one-shot-helper" in ran.out
    assert plugin.run(*words, "--accept", "something-else").code == 3
    assert not is_native(template(cluster, namespace))
    plugin.ok(*words, "--accept", "one-shot-helper")
    assert is_native(template(cluster, namespace))
