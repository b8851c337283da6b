"""The printed change for a source is the plan: the real `kubectl kustomize` and `kubectl patch` make the plan's result of the old
manifest with it, whatever the order of the containers; and a real API server takes the result."""

import json
from pathlib import Path
from typing import Any

import pytest

from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, prepare_files
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.output.source_change import FORMS, Form, rendered
from kubectl_sidecar.sources.manifests import Manifest as Document
from kubectl_sidecar.sources.manifests import parse
from tests.actions.world import INDEX
from tests.cluster.classic import APP, SHIPPER, Manifest, classic, names, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import Plugin, Ran

PREPARE = {"name": "prepare", "image": "registry.example.com/prepare:1"}
LAST = {"name": "last", "image": "registry.example.com/last:1", "command": ["sh", "-c", "echo y > /done"]}
NATIVE = {"name": "native", "image": "registry.example.com/native:1", "restartPolicy": "Always"}
SECOND = {**SHIPPER, "name": "second-shipper", "env": [{"name": "A", "value": "1e3"}, {"name": "B", "value": "y"}]}
SLEEPS = {**SHIPPER, "lifecycle": {"preStop": {"exec": {"command": ["sleep", "20"]}}}}
PROBED = {
    **SHIPPER,
    "ports": [{"name": "admin", "containerPort": 2020}],
    "readinessProbe": {"httpGet": {"path": "/", "port": 2020}},
}
ALL = (SECOND, APP, SHIPPER, {**SHIPPER, "name": "third-shipper"})
AUTO = PlanOptions(startup_probe="auto")

CASES: dict[str, tuple[Manifest, PlanOptions]] = {
    "one helper": (classic(), PlanOptions()),
    "the helper is listed first": (classic(containers=(SHIPPER, APP)), PlanOptions()),
    "three helpers": (classic(containers=ALL), PlanOptions()),
    "plain init containers": (classic(pod={"initContainers": [PREPARE, LAST]}), PlanOptions()),
    "three helpers and init containers": (classic(containers=ALL, pod={"initContainers": [PREPARE, NATIVE, LAST]}), PlanOptions()),
    "first of all": (classic(pod={"initContainers": [PREPARE, LAST]}), PlanOptions(place={"log-shipper": "first"})),
    "between init containers": (classic(pod={"initContainers": [PREPARE, LAST]}), PlanOptions(place={"log-shipper": "before:last"})),
    "two at two places": (
        classic(containers=(APP, SHIPPER, SECOND), pod={"initContainers": [PREPARE, LAST]}),
        PlanOptions(place={"log-shipper": "after:prepare", "second-shipper": "first"}),
    ),
    "an empty list of init containers": (classic(pod={"initContainers": []}), PlanOptions()),
    "a preStop that is taken away": (classic(containers=(APP, SLEEPS)), PlanOptions()),
    "a startupProbe that is added": (classic(containers=(APP, PROBED)), AUTO),
    "probes, hooks and init containers": (
        classic(containers=(APP, {**PROBED, "lifecycle": SLEEPS["lifecycle"]}), pod={"initContainers": [PREPARE]}), AUTO,
    ),
    **{kind: (classic(kind), PlanOptions()) for kind in ("statefulset", "daemonset", "replicaset", "cronjob", "job", "pod")},
}  # fmt: skip


def planned(manifest: Manifest, options: PlanOptions) -> Prepared:
    (prepared,) = prepare_files([Document("old.yaml", 0, None, manifest)], (), INDEX, MigrateOptions(options))
    assert not prepared.plan.is_empty
    return prepared


def kustomized(cluster: ControlPlane, folder: Path, manifest: Manifest, patch: str) -> Manifest:
    """The manifest as kustomize makes it with the patch, named in kustomization.yaml as the patch's first lines say."""
    folder.mkdir()
    (folder / "old.yaml").write_text(json.dumps(manifest))
    (folder / "patch.yaml").write_text(patch)
    how = "".join(line[2:] + "\n" for line in patch.splitlines() if line.startswith("# "))
    (folder / "kustomization.yaml").write_text("resources: [old.yaml]\n" + how)
    (document,) = parse(cluster.kubectl("kustomize", str(folder)).stdout.encode(), "-")
    assert isinstance(document, Document)
    return dict(document.value)


@pytest.mark.parametrize("form", ["kustomize", "json6902"])
@pytest.mark.parametrize(("manifest", "options"), CASES.values(), ids=CASES.keys())
def test_kustomize_makes_the_plan_of_the_old_manifest(
    cluster: ControlPlane, tmp_path: Path, manifest: Manifest, options: PlanOptions, form: Form
) -> None:
    prepared = planned(manifest, options)
    new = kustomized(cluster, tmp_path / "source", manifest, rendered([prepared], form))
    kind = prepared.target.kind
    assert edits.get(new, kind.template)["spec"] == prepared.plan.after["spec"]
    assert names(template_of(new)) == [c["name"] for c in prepared.plan.after["spec"]["initContainers"]]


@pytest.mark.parametrize(("manifest", "options"), CASES.values(), ids=CASES.keys())
def test_kubectl_patch_makes_the_plan_of_the_old_manifest(
    cluster: ControlPlane, tmp_path: Path, manifest: Manifest, options: PlanOptions
) -> None:
    prepared = planned(manifest, options)
    (tmp_path / "old.json").write_text(json.dumps(manifest))
    words = (
        "patch",
        "--local",
        "-f",
        str(tmp_path / "old.json"),
        "--type=json",
        "-p",
        rendered([prepared], "json-patch"),
    )
    new = json.loads(cluster.kubectl(*words, "-o", "json").stdout)
    assert without_nulls(edits.get(new, prepared.target.kind.template)["spec"]) == without_nulls(
        prepared.plan.after["spec"]
    )


def without_nulls(value: Any) -> Any:
    """kubectl writes an object through its Go types, which add empty members."""
    if isinstance(value, dict):
        return {k: found for k, v in value.items() if (found := without_nulls(v)) not in (None, {}, "")}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize(("manifest", "options"), CASES.values(), ids=CASES.keys())
def test_the_server_takes_the_whole_object(
    cluster: ControlPlane, namespace: str, manifest: Manifest, options: PlanOptions, form: Form
) -> None:
    prepared = planned(manifest, options)
    text = rendered([prepared], form)
    (document,) = parse(text.encode(), "-")
    assert isinstance(document, Document)
    assert template_of(dict(document.value)) == prepared.plan.after
    made = cluster.kubectl(
        "create", "-n", namespace, "--dry-run=server", "--validate=strict", "-f", "-", "-o", "json", input=text
    )
    assert names(template_of(json.loads(made.stdout))) == names(template_of(dict(document.value)))


# Through the command: data alone on stdout


def files(plugin: Plugin, *manifests: Manifest) -> str:
    path = plugin.folder / "all.yaml"
    path.write_text("\n---\n".join(json.dumps(m) for m in manifests))
    return str(path)


@pytest.mark.parametrize("form", FORMS)
def test_a_cluster_object_and_its_file_give_the_same_change(
    plugin: Plugin, cluster: ControlPlane, namespace: str, form: Form
) -> None:
    manifest = classic(pod={"initContainers": [PREPARE]})
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(manifest))
    live = plugin.run("migrate", "deployment/shop", "-n", namespace, "--dry-run=client", "-o", form)
    assert live.code == 1, live.err
    assert "Dry run: nothing was written." in live.err
    (document,) = parse(live.out.encode(), "-") if form in ("yaml", "json", "kustomize") else [None]
    if isinstance(document, Document) and form != "kustomize":
        assert names(template_of(dict(document.value))) == ["prepare", "log-shipper"]
        assert "status" not in document.value
        applied = cluster.kubectl("apply", "-n", namespace, "--dry-run=server", "-f", "-", input=live.out)
        assert "configured" in applied.stdout
    if form in ("json-patch", "json6902"):
        file = plugin.run("migrate", "-f", files(plugin, manifest), "--dry-run=client", "-o", form)
        assert (file.code, file.out) == (1, live.out)
    if form == "kustomize":
        new = kustomized(cluster, plugin.folder / "source", manifest, live.out)
        assert names(template_of(new)) == ["prepare", "log-shipper"]


@pytest.mark.parametrize("kind", ["job", "pod"])
def test_what_cannot_be_patched_has_a_change_for_its_source(
    plugin: Plugin, cluster: ControlPlane, namespace: str, kind: str
) -> None:
    manifest = classic(kind)
    cluster.create(manifest, namespace=namespace)
    ran = plugin.run("migrate", f"{kind}/shop", "-n", namespace, "--dry-run=client", "-o", "kustomize")
    assert ran.code == 1, ran.err
    new = kustomized(cluster, plugin.folder / "source", manifest, ran.out)
    assert names(template_of(new)) == ["log-shipper"]


def test_an_owned_object_is_no_refusal_where_the_source_is_changed(
    plugin: Plugin, cluster: ControlPlane, namespace: str
) -> None:
    cluster.create(classic(annotations={"meta.helm.sh/release-name": "front"}), namespace=namespace)
    ran = plugin.run("migrate", "deployment/shop", "-n", namespace, "--dry-run=server", "-o", "kustomize")
    assert ran.code == 1, ran.err
    assert ran.out.startswith("# patches:\n")
    assert "helm's --post-renderer can apply this patch" in ran.err


def refused(plugin: Plugin, *words: str) -> Ran:
    ran = plugin.run("migrate", *words)
    assert (ran.code, ran.out) == (2, "")
    return ran


def test_a_patch_is_of_one_workload(plugin: Plugin) -> None:
    path = files(plugin, classic(), classic(name="other"))
    assert (
        "there are several (deployment/shop, deployment/other): name one"
        in refused(plugin, "-f", path, "--dry-run", "-o", "kustomize").err
    )
    one = plugin.run("migrate", "deployment/other", "-f", path, "--dry-run", "-o", "kustomize")
    assert one.code == 1
    assert "name: other" in one.out


def test_all_objects_of_the_input_are_a_stream_or_a_list(plugin: Plugin) -> None:
    path = files(
        plugin, classic(), classic(name="other"), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    )
    stream = plugin.run("migrate", "-f", path, "--dry-run", "-o", "yaml")
    found = [d.value["metadata"]["name"] for d in parse(stream.out.encode(), "-") if isinstance(d, Document)]
    items = plugin.run("migrate", "-f", path, "--dry-run", "-o", "json").json["items"]
    assert found == [o["metadata"]["name"] for o in items] == ["shop", "other", "c"]
