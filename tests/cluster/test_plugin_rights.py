"""Users with few rights: what cannot be read is said, never taken for nothing, and what can be done is done."""

from collections.abc import Iterator

import pytest

from tests.cluster.classic import classic, is_native, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import QUESTION, Plugin
from tests.cluster.processes import eventually


def may(cluster: ControlPlane, user: str, verb: str, resource: str, namespace: str) -> bool:
    asked = cluster.kubectl("auth", "can-i", verb, resource, "-n", namespace, check=False, context=user)
    return asked.stdout.strip() == "yes"


@pytest.fixture
def editor(cluster: ControlPlane, namespace: str) -> str:
    """A user with all the rights of an editor, in the test's namespace only."""
    cluster.kubectl("create", "rolebinding", "editor", "-n", namespace, "--clusterrole=edit", "--user=shop-editor")
    eventually(lambda: may(cluster, "shop-editor", "patch", "deployments.apps", namespace), what="the editor's rights")
    return "shop-editor"


@pytest.fixture
def patcher(cluster: ControlPlane, namespace: str) -> str:
    """A user who may read and patch Deployments and see Pods, but make none."""
    role = ("create", "role", "-n", namespace)
    cluster.kubectl(*role, "patching", "--verb=get,list,patch", "--resource=deployments.apps")
    cluster.kubectl(*role, "seeing", "--verb=get,list", "--resource=pods")
    for name in ("patching", "seeing"):
        cluster.kubectl("create", "rolebinding", name, "-n", namespace, f"--role={name}", "--user=patcher")
    for verb, resource in (("patch", "deployments.apps"), ("list", "pods")):
        eventually(lambda v=verb, r=resource: may(cluster, "patcher", v, r, namespace), what=f"{verb} {resource}")  # type: ignore[misc]
    return "patcher"


@pytest.fixture
def other(cluster: ControlPlane) -> Iterator[str]:
    with cluster.namespace("foreign") as name:
        cluster.create(classic("deployment", "foreign"), namespace=name)
        yield name


@pytest.mark.parametrize(
    "words",
    [("list",), ("list", "-A"), ("list", "-o", "json"), ("describe", "deployment/shop"), ("migrate", "deployment/shop", "-y"),
     ("migrate", "-l", "app=shop", "-y"), ("undo", "deployment/shop", "-y")],
    ids=" ".join,
)  # fmt: skip
def test_without_rights_it_says_who_may_not_do_what(
    plugin: Plugin, cluster: ControlPlane, namespace: str, words: tuple[str, ...]
) -> None:
    cluster.create(classic(), namespace=namespace)
    place = () if "-A" in words else ("-n", namespace)
    ran = plugin.run(*words, *place, "--context", "viewer")
    assert (ran.code, ran.out) == (5, "")
    assert 'User "viewer" cannot ' in ran.sentence
    assert "Traceback" not in ran.err


def test_one_namespace_is_enough_to_list_it(plugin: Plugin, cluster: ControlPlane, namespace: str, editor: str) -> None:
    cluster.create(classic(), namespace=namespace)
    assert plugin.ok("list", "-n", namespace, "--context", editor, "-o", "name") == "deployment.apps/shop\n"


def test_a_list_that_lacks_a_namespace_is_not_complete(
    plugin: Plugin, cluster: ControlPlane, namespace: str, other: str, editor: str
) -> None:
    cluster.create(classic(), namespace=namespace)
    ran = plugin.run("list", "-n", f"{namespace},{other}", "--context", editor, "-o", "name")
    assert (ran.code, ran.out) == (5, "deployment.apps/shop\n")
    assert (
        f'User "shop-editor" cannot list resource "deployments" in API group "apps" in the namespace "{other}"'
        in ran.err
    )
    data = plugin.run("list", "-n", f"{namespace},{other}", "--context", editor, "-o", "json").json
    assert {gap["what"] for gap in data["incomplete"]} >= {f"deployments in {other}", f"pods in {other}"}


def test_all_namespaces_are_refused(plugin: Plugin, namespace: str, editor: str) -> None:
    ran = plugin.run("list", "-A", "--context", editor)
    assert (ran.code, ran.out) == (5, "")
    assert "at the cluster scope" in ran.sentence


def test_an_editor_migrates_although_nodes_cannot_be_seen(
    plugin: Plugin, cluster: ControlPlane, namespace: str, editor: str
) -> None:
    cluster.create(classic(), namespace=namespace)
    described = plugin.ok("describe", "deployment/shop", "-n", namespace, "--context", editor)
    assert "node versions not known" in described
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace, "--context", editor, "--no-wait") as there:
        text = there.until(QUESTION)
        assert "Pod dry run: accepted" in text
        there.type("y\n")
        ran = there.end()
    assert ran.code == 0, ran.out
    assert is_native(template_of(cluster.get("deployment", "shop", namespace=namespace)))
    plugin.ok("undo", "deployment/shop", "-n", namespace, "--context", editor, "-y", "--no-wait")
    assert not is_native(template_of(cluster.get("deployment", "shop", namespace=namespace)))


def test_without_the_right_to_make_pods_their_admission_is_not_known(
    plugin: Plugin, cluster: ControlPlane, namespace: str, patcher: str
) -> None:
    cluster.create(classic(), namespace=namespace)
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace, "--context", patcher, "--no-wait") as there:
        text = there.until(QUESTION)
        assert "Pod dry run: unknown, no right to create Pods, so admission could not be tried" in text
        there.type("y\n")
        ran = there.end()
    assert ran.code == 0, ran.out
    assert is_native(template_of(cluster.get("deployment", "shop", namespace=namespace)))


def test_what_may_be_read_and_not_patched_is_refused_by_the_dry_run(
    plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    cluster.create(classic(), namespace=namespace)
    cluster.kubectl("create", "rolebinding", "view", "-n", namespace, "--clusterrole=view", "--user=viewer")
    eventually(lambda: may(cluster, "viewer", "get", "deployments.apps", namespace), what="the viewer's rights")
    before = cluster.get("deployment", "shop", namespace=namespace)["metadata"]["generation"]
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "--context", "viewer", "-y")
    assert ran.code == 3
    assert 'server dry run: deployments.apps "shop" is forbidden: User "viewer" cannot patch resource' in ran.out
    assert cluster.get("deployment", "shop", namespace=namespace)["metadata"]["generation"] == before
    assert plugin.records == []


def test_impersonation_has_the_rights_of_who_is_impersonated(
    plugin: Plugin, cluster: ControlPlane, namespace: str, editor: str
) -> None:
    cluster.create(classic(), namespace=namespace)
    assert plugin.ok("list", "-n", namespace, "--as", editor, "-o", "name") == "deployment.apps/shop\n"
    refused = plugin.run("list", "-n", namespace, "--as", "nobody", "--as-group", "nothing")
    assert refused.code == 5
    assert 'User "nobody" cannot list' in refused.sentence
    assert plugin.ok("list", "-n", namespace, "--as", "nobody", "--as-group=system:masters", "-o", "name")


def test_a_quota_that_holds_the_new_pods_back_counts_against_the_migration(
    plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    """The native form asks for as much as the classic one here, so that a quota that allows neither is no reason to refuse."""
    cluster.create(classic(), namespace=namespace)
    cluster.kubectl("create", "quota", "none", "-n", namespace, "--hard=pods=0")
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "--dry-run=server")
    assert "Pod dry run: unknown, a Pod of today's template is refused as well" in ran.out
    assert "exceeded quota: none" in ran.out
