"""What is said of an owner's next run (core.owners.what_happens_next) is what happens: kubectl apply on both sides, diff, replace and
--force, and the real helm: upgrade, rollback, --force, and the chart that has the new form."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.classic import Manifest, classic, is_native, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.helm import VERSION, Helm, find_helm
from tests.cluster.plugin import Plugin

DUPLICATE = 'Duplicate value: "log-shipper"'
FORWARD = ("-y", "--allow-owned", "--no-wait")


def live(cluster: ControlPlane, namespace: str) -> Manifest:
    return cluster.get("deployment", "shop", namespace=namespace)


def uid(cluster: ControlPlane, namespace: str) -> str:
    return str(live(cluster, namespace)["metadata"]["uid"])


# kubectl

SIDES = {"client": ("apply",), "server": ("apply", "--server-side")}


@pytest.fixture(params=list(SIDES.values()), ids=list(SIDES))
def migrated(
    request: pytest.FixtureRequest, plugin: Plugin, cluster: ControlPlane, namespace: str
) -> Callable[..., str]:
    """A Deployment that was applied and then migrated; called with flags, it applies the old manifest again."""
    how: tuple[str, ...] = request.param
    manifest = json.dumps(classic())

    def apply(*flags: str) -> str:
        done = cluster.kubectl(*how, *flags, "-n", namespace, "-f", "-", input=manifest, check=False)
        return f"{done.returncode} {done.stdout}{done.stderr}"

    assert apply().startswith("0 ")
    said = plugin.ok("migrate", "deployment/shop", "-n", namespace, *FORWARD)
    assert "kubectl apply of the old manifest fails, and kubectl diff too" in said
    assert is_native(template_of(live(cluster, namespace)))
    return apply


def test_applying_the_old_manifest_fails(migrated: Callable[..., str], cluster: ControlPlane, namespace: str) -> None:
    again = migrated()
    assert again.startswith("1 ")
    assert DUPLICATE in again
    assert is_native(template_of(live(cluster, namespace)))


def test_diff_of_the_old_manifest_fails(migrated: Callable[..., str], cluster: ControlPlane, namespace: str) -> None:
    done = cluster.kubectl("diff", "-n", namespace, "-f", "-", input=json.dumps(classic()), check=False)
    assert done.returncode > 1
    assert DUPLICATE in done.stderr


def test_replace_puts_the_old_form_back_without_a_word(
    migrated: Callable[..., str], cluster: ControlPlane, namespace: str
) -> None:
    before = uid(cluster, namespace)
    cluster.kubectl("replace", "-n", namespace, "-f", "-", input=json.dumps(classic()))
    assert not is_native(template_of(live(cluster, namespace)))
    assert uid(cluster, namespace) == before


def test_force_deletes_and_creates_again(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    manifest = json.dumps(classic())
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=manifest)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, *FORWARD)
    before = uid(cluster, namespace)
    cluster.kubectl("apply", "--force", "-n", namespace, "-f", "-", input=manifest)
    assert not is_native(template_of(live(cluster, namespace)))
    assert uid(cluster, namespace) != before


@pytest.mark.parametrize("how", SIDES.values(), ids=SIDES.keys())
def test_the_new_manifest_converges(
    plugin: Plugin, cluster: ControlPlane, namespace: str, how: tuple[str, ...]
) -> None:
    cluster.kubectl(*how, "-n", namespace, "-f", "-", input=json.dumps(classic()))
    (plugin.folder / "old.json").write_text(json.dumps(classic()))
    new = plugin.run("migrate", "-f", str(plugin.folder / "old.json"), "--dry-run", "-o", "yaml").out
    plugin.ok("migrate", "deployment/shop", "-n", namespace, *FORWARD)
    template = template_of(live(cluster, namespace))
    cluster.kubectl(*how, "-n", namespace, "-f", "-", input=new)
    assert template_of(live(cluster, namespace)) == template  # so no rollout


# Helm


@pytest.fixture
def helm(cluster: ControlPlane, tmp_path: Path) -> Helm:
    program = find_helm(cluster.assets)
    if program is None:
        pytest.skip(f"There is no helm. Remedy: `make cluster` builds helm {VERSION} (needs Go).")
    home = tmp_path / "helm"
    home.mkdir()
    return Helm(program, cluster, home)


def chart(helm: Helm, manifest: Manifest, *, version: str = "0.1.0") -> str:
    folder = helm.folder / "front"
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: front\nversion: {version}\n")
    (folder / "templates" / "shop.yaml").write_text(json.dumps(manifest))
    return str(folder)


@pytest.fixture
def released(helm: Helm, plugin: Plugin, cluster: ControlPlane, namespace: str) -> Helm:
    """A release of two revisions whose Deployment was then migrated."""
    helm.ok("install", "front", chart(helm, classic()), "-n", namespace)
    helm.ok("upgrade", "front", chart(helm, classic(replicas=3), version="0.2.0"), "-n", namespace)
    refused = plugin.run("migrate", "deployment/shop", "-n", namespace, "-y")
    assert refused.code == 3
    assert "helm's --post-renderer can apply this patch" in refused.out
    said = plugin.ok("migrate", "deployment/shop", "-n", namespace, *FORWARD)
    assert "helm upgrade and helm rollback of front fail as long as the chart has the old form" in said
    assert is_native(template_of(live(cluster, namespace)))
    return helm


@pytest.mark.parametrize(
    "words", [("upgrade", "front", "front"), ("rollback", "front", "1")], ids=["upgrade", "rollback"]
)
def test_helms_next_run_fails(released: Helm, cluster: ControlPlane, namespace: str, words: tuple[str, ...]) -> None:
    done = released.run(*words, "-n", namespace)
    assert done.returncode == 1
    assert DUPLICATE in done.stderr
    assert is_native(template_of(live(cluster, namespace)))


def test_helm_with_force_puts_the_old_form_back_without_a_word(
    released: Helm, cluster: ControlPlane, namespace: str
) -> None:
    before = uid(cluster, namespace)
    released.ok("upgrade", "front", "front", "-n", namespace, "--force")
    assert not is_native(template_of(live(cluster, namespace)))
    assert uid(cluster, namespace) == before


def test_a_chart_with_the_new_form_converges(
    released: Helm, plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    (plugin.folder / "old.json").write_text(json.dumps(classic(replicas=3)))
    new = plugin.run("migrate", "-f", str(plugin.folder / "old.json"), "--dry-run", "-o", "json").json
    template = template_of(live(cluster, namespace))
    released.ok("upgrade", "front", chart(released, new, version="0.3.0"), "-n", namespace)
    assert template_of(live(cluster, namespace)) == template  # so no rollout
    released.ok("upgrade", "front", "front", "-n", namespace)


def test_the_printed_patch_works_as_a_post_renderer(
    helm: Helm, plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    helm.ok("install", "front", chart(helm, classic()), "-n", namespace)
    patch = plugin.run("migrate", "deployment/shop", "-n", namespace, "--dry-run=client", "-o", "kustomize").out
    how = "".join(line[2:] + "\n" for line in patch.splitlines() if line.startswith("# "))
    (helm.folder / "patch.yaml").write_text(patch)
    (helm.folder / "kustomization.yaml").write_text("resources: [all.yaml]\n" + how)
    renderer = helm.folder / "render.sh"
    renderer.write_text(
        f'#!/bin/sh\ncat > "{helm.folder}/all.yaml" && exec "{cluster.assets}/kubectl" kustomize "{helm.folder}"\n'
    )
    renderer.chmod(0o755)
    helm.ok("upgrade", "front", "front", "-n", namespace, "--post-renderer", str(renderer))
    assert is_native(template_of(live(cluster, namespace)))
    helm.ok("upgrade", "front", "front", "-n", namespace, "--post-renderer", str(renderer))
