"""Who writes an object next: Helm's and kubectl apply's objects, the change that is printed for their source, and what is said
when the old manifest is applied again."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.classic import APP, SHIPPER, Manifest, classic, is_native, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import QUESTION, Plugin

HELM: dict[str, Any] = {
    "labels": {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "front"},
    "annotations": {"meta.helm.sh/release-name": "front", "meta.helm.sh/release-namespace": "shop"},
}
PREPARE = {"name": "prepare", "image": "registry.example.com/prepare:1"}


def printed_patch(output: str) -> str:
    """The patch for the source, as it was printed."""
    head, found, patch = output.partition(
        "The change for the source (a strategic merge patch, as kustomize takes it):\n"
    )
    assert found, head
    return patch


def kustomized(cluster: ControlPlane, folder: Path, manifest: Manifest, patch: str) -> str:
    """The manifest as kustomize makes it with the patch, named in kustomization.yaml as its own first lines say."""
    folder.mkdir()
    (folder / "old.yaml").write_text(json.dumps(manifest))
    (folder / "patch.yaml").write_text(patch)
    how = "".join(line[2:] + "\n" for line in patch.splitlines() if line.startswith("# "))
    (folder / "kustomization.yaml").write_text("resources: [old.yaml]\n" + how)
    return cluster.kubectl("kustomize", str(folder)).stdout


def live(cluster: ControlPlane, namespace: str, kind: str = "deployment") -> Manifest:
    return cluster.get(kind, "shop", namespace=namespace)


@pytest.fixture
def applied(cluster: ControlPlane, namespace: str) -> Manifest:
    """A Deployment's manifest, applied with kubectl."""
    manifest = classic()
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(manifest))
    return manifest


@pytest.mark.parametrize("yes", [True, False], ids=["-y", "asking"])
def test_helms_object_is_refused_and_the_change_printed(
    plugin: Plugin, cluster: ControlPlane, namespace: str, yes: bool
) -> None:
    cluster.create(classic(**HELM), namespace=namespace)
    words = ("migrate", "deployment/shop", "-n", namespace)
    ran = plugin.run(*words, "-y") if yes else plugin.answer(*words, answers=[])
    assert ran.code == 3, ran.out
    assert "Helm front owns it (annotation meta.helm.sh/release-name)" in ran.out
    assert "to go on all the same: --allow-owned" in ran.out
    assert "$patch: delete" in printed_patch(ran.out)
    assert not is_native(template_of(live(cluster, namespace)))
    assert plugin.records == []


def test_helms_object_is_migrated_when_a_person_says_so(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(**HELM), namespace=namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--allow-owned", "--no-wait")
    assert is_native(template_of(live(cluster, namespace)))
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    assert not is_native(template_of(live(cluster, namespace)))


def test_the_owner_is_in_the_list(plugin: Plugin, cluster: ControlPlane, namespace: str, applied: Manifest) -> None:
    cluster.create(classic("statefulset", **HELM), classic("cronjob"), namespace=namespace)
    found = plugin.ok("list", "-n", namespace, "--no-headers").splitlines()
    assert [line.split("   ")[-1].strip() for line in found] == ["kubectl apply", "Helm front", "-"]


def test_what_kubectl_apply_keeps_needs_a_person_or_a_flag(
    plugin: Plugin, cluster: ControlPlane, namespace: str, applied: Manifest
) -> None:
    refused = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y")
    assert refused.code == 3
    assert "it is kept by kubectl apply" in refused.out
    assert not is_native(template_of(live(cluster, namespace)))
    ran = plugin.answer("migrate", "deployment/shop", "-n", namespace, "--no-wait", answers=["y"])
    assert ran.code == 0, ran.out
    assert is_native(template_of(live(cluster, namespace)))


def test_the_person_is_told_before_the_question(plugin: Plugin, namespace: str, applied: Manifest) -> None:
    with plugin.terminal("migrate", "deployment/shop", "-n", namespace) as there:
        text = there.until(QUESTION)
    assert "owner kubectl apply writes it" in text
    assert "refuses with 422, because the container's name is in both lists (Duplicate value)" in text
    assert "Make the same change in the source." in text


def test_applying_the_old_manifest_again_is_refused_by_the_server(
    plugin: Plugin, cluster: ControlPlane, namespace: str, applied: Manifest
) -> None:
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--allow-owned", "--no-wait")
    again = cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(applied), check=False)
    assert again.returncode == 1
    assert 'Duplicate value: "log-shipper"' in again.stderr
    assert is_native(template_of(live(cluster, namespace)))


def test_after_undo_the_old_manifest_applies_again(
    plugin: Plugin, cluster: ControlPlane, namespace: str, applied: Manifest
) -> None:
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--allow-owned", "--no-wait")
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    again = cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(applied))
    assert again.stdout == "deployment.apps/shop unchanged\n"


SOURCES: dict[str, Manifest] = {
    "deployment": classic(),
    "cronjob": classic("cronjob"),
    "statefulset": classic("statefulset"),
    "plain init container": classic(pod={"initContainers": [PREPARE]}),
    "two helpers": classic(containers=(SHIPPER, APP, {**SHIPPER, "name": "second-shipper"})),
}


@pytest.mark.parametrize("named", [True, False], ids=["namespace in the manifest", "no namespace in the manifest"])
@pytest.mark.parametrize("manifest", SOURCES.values(), ids=SOURCES.keys())
def test_kustomize_makes_the_plans_result_of_the_old_manifest(
    plugin: Plugin, cluster: ControlPlane, namespace: str, manifest: Manifest, named: bool
) -> None:
    kind = manifest["kind"].lower()
    metadata: dict[str, Any] = {**manifest["metadata"], **({"namespace": namespace} if named else {})}
    source = {**manifest, "metadata": metadata}
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(source))
    refused = plugin.run("migrate", f"{kind}/shop", "-n", namespace, "-y")
    assert refused.code == 3, refused.err
    new = kustomized(cluster, plugin.folder / "source", source, printed_patch(refused.out))

    plugin.ok("migrate", f"{kind}/shop", "-n", namespace, "-y", "--allow-owned", "--no-wait")
    planned = live(cluster, namespace, kind)
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=new)
    after = live(cluster, namespace, kind)
    assert after["spec"] == planned["spec"]


def test_the_new_source_alone_makes_the_plans_result(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    source = classic(**HELM)
    cluster.create(source, namespace=namespace)
    refused = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y")
    source["metadata"]["namespace"] = namespace
    new = kustomized(cluster, plugin.folder / "source", source, printed_patch(refused.out))
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait", "--allow-owned")
    planned = template_of(live(cluster, namespace))
    cluster.kubectl("delete", "deployment", "shop", "-n", namespace)
    cluster.kubectl("create", "-n", namespace, "-f", "-", input=new)
    assert template_of(live(cluster, namespace)) == planned


def test_an_operators_object_is_refused(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    owner = {"apiVersion": "acme.example.com/v1", "kind": "Shop", "name": "front", "uid": "6a1b", "controller": True}
    manifest = classic()
    manifest["metadata"]["ownerReferences"] = [owner]
    cluster.create(manifest, namespace=namespace)
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y")
    assert ran.code == 3
    assert "Shop front owns it (ownerReference Shop/front, controller: true)" in ran.out
