"""`-o` of describe, migrate and doctor, and plans of files: only data on stdout, and what goes together."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kubectl_sidecar.cli.exits import Exit, run
from kubectl_sidecar.cli.main import group
from kubectl_sidecar.sources.manifests import Manifest as Document
from kubectl_sidecar.sources.manifests import parse
from tests.cluster.classic import Manifest, classic, names, template_of
from tests.cluster.plugin import Ran, alone_in

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/schemas/plan.json").read_text())
SHOP = ("-n", "shop", "--demo")
DEADLOCK = {
    "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "until nc -z localhost 8080; do sleep 1; done"]}}}
}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A command in this process."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run_it(*words: str) -> Ran:
        code = run(group, words, program_name="kubectl sidecar", stderr=sys.stderr)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_it


@pytest.fixture
def files(tmp_path: Path) -> Any:
    def write(*manifests: Manifest) -> str:
        path = tmp_path / "all.yaml"
        path.write_text("\n---\n".join(json.dumps(m) for m in manifests))
        return str(path)

    return write


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_describe_gives_the_plans_as_data(call: Any, form: str) -> None:
    ran = call("describe", "deployment/checkout", "cronjob/report", *SHOP, "-o", form)
    assert (ran.code, ran.err) == (0, "")
    data = yaml.safe_load(ran.out)
    jsonschema.validate(data, SCHEMA)
    assert [item["name"] for item in data["items"]] == ["checkout", "report"]


def test_describe_of_files_needs_no_kubeconfig(call: Any, files: Any) -> None:
    ran = call("describe", "-f", files(classic(), classic("cronjob")), "-o", "json")
    jsonschema.validate(ran.json, SCHEMA)
    assert [item["source"]["type"] for item in ran.json["items"]] == ["files", "files"]


@pytest.mark.parametrize(
    ("version", "blocked"),
    [("1.28", True), ("v1.27.3", True), ("1.29", False), ("1.33", False), ("v1.31.1-eks-1", False)],
)
def test_the_version_that_files_are_for(call: Any, files: Any, version: str, blocked: bool) -> None:
    path = files(classic())
    (plan,) = call("describe", "-f", path, "--kube-version", version, "-o", "json").json["items"]
    assert ("server-too-old" in [risk["id"] for risk in plan["risks"]]) == blocked
    assert not any(risk["id"] == "version-unknown" for risk in plan["risks"])
    ran = call("migrate", "deployment/shop", "-f", path, "--kube-version", version, "--dry-run", "-o", "yaml")
    assert (ran.code, bool(ran.out)) == ((Exit.REFUSED, False) if blocked else (Exit.FINDINGS, True))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("describe", "deployment/a", "--kube-version", "1.33", "--demo"), "--kube-version goes with -f"),
        (("migrate", "deployment/a", "--kube-version", "1.33", "--demo"), "--kube-version goes with -f"),
        (("describe", "-f", "FILE", "--kube-version", "soon"), '"soon" is not a Kubernetes version'),
        (("migrate", "-f", "FILE"), "add --dry-run=client"),
        (("migrate", "-f", "FILE", "-o", "yaml"), "add --dry-run=client"),
        (("migrate", "-f", "FILE", "--dry-run=server"), "say --dry-run=client"),
        (("migrate", "-f", "FILE", "--dry-run", "-l", "a=b"), "name what you mean"),
        (("migrate", "deployment/checkout", *SHOP, "-o", "kustomize"), "add --dry-run=client"),
        (("migrate", "deployment/checkout", *SHOP, "--dry-run", "-o", "wide"), "must be"),
        (("doctor", "-n", "a,b", "--demo"), "one namespace"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(call: Any, files: Any, words: tuple[str, ...], said: str) -> None:
    path = files(classic())
    ran = call(*(path if word == "FILE" else word for word in words))
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert said in ran.err


def test_files_without_o_show_the_diff(call: Any, files: Any) -> None:
    ran = call("migrate", "-f", files(classic()), "--dry-run=client")
    assert (ran.code, ran.err) == (Exit.FINDINGS, "Dry run: nothing was written.\n")
    assert "+    restartPolicy: Always" in ran.out
    assert "Verdict" in ran.out


def test_what_is_native_already_comes_out_as_it_is(call: Any, files: Any) -> None:
    changed = call("migrate", "-f", files(classic()), "--dry-run", "-o", "json")
    again = call("migrate", "-f", files(changed.json), "--dry-run", "-o", "json")
    assert (again.code, again.json) == (0, changed.json)
    assert call("migrate", "-f", files(changed.json), "--dry-run", "-o", "kustomize").out == ""


def test_what_is_refused_comes_out_as_it_was_or_not_at_all_where_it_was_named(call: Any, files: Any) -> None:
    bad = classic(name="bad")
    template_of(bad)["spec"]["containers"][1].update(DEADLOCK)
    path = files(bad, classic())
    ran = call("migrate", "-f", path, "--dry-run", "-o", "yaml")
    assert ran.code == Exit.PARTLY
    same, changed = yaml.safe_load_all(ran.out)
    assert (same, names(template_of(changed))) == (bad, ["log-shipper"])
    assert "post-start" in ran.err
    assert "Refused, and printed as it was: deployment/bad" in ran.err
    named = call("migrate", "deployment/bad", "-f", path, "--dry-run", "-o", "yaml")
    assert (named.code, named.out) == (Exit.REFUSED, "")


BESIDE: tuple[Manifest, ...] = (
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "texts"}, "data": {"a": "22:22", "b": "0777", "c": "on", "d": "1e3"}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]}},
    {"apiVersion": "example.com/v1", "kind": "Unheard", "metadata": {"name": "of"}, "spec": {"containers": []}},
)  # fmt: skip


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_stands_beside_the_workloads_comes_out_too(call: Any, files: Any, form: str) -> None:
    first, *rest = BESIDE
    path = files(first, classic(), *rest, classic("cronjob"))
    ran = call("migrate", "-f", path, "--dry-run", "-o", form)
    assert ran.code == Exit.FINDINGS
    found = ran.json["items"] if form == "json" else objects(ran.out)
    assert [found[0], *found[2:4]] == list(BESIDE)
    assert [names(template_of(o)) for o in (found[1], found[4])] == [["log-shipper"], ["log-shipper"]]


def test_the_elements_of_a_list_come_out_one_by_one(call: Any, files: Any) -> None:
    path = files({"apiVersion": "v1", "kind": "List", "items": [BESIDE[0], classic(), BESIDE[1]]}, BESIDE[2])
    found = objects(call("migrate", "-f", path, "--dry-run", "-o", "yaml").out)
    assert [o["kind"] for o in found] == ["ConfigMap", "Deployment", "Service", "Unheard"]
    assert names(template_of(found[1])) == ["log-shipper"]


def test_a_name_says_what_is_printed(call: Any, files: Any) -> None:
    ran = call("migrate", "deployment/shop", "-f", files(*BESIDE, classic()), "--dry-run", "-o", "yaml")
    assert [o["kind"] for o in objects(ran.out)] == ["Deployment"]
    assert "3 more of the input are not" in ran.err


def test_files_without_a_workload_come_out_as_they_are(call: Any, files: Any) -> None:
    ran = call("migrate", "-f", files(*BESIDE), "--dry-run", "-o", "yaml")
    assert (ran.code, objects(ran.out)) == (0, list(BESIDE))


def objects(stream: str) -> list[Any]:
    """As kubectl would read them."""
    return [found.value for found in parse(stream.encode(), "-") if isinstance(found, Document)]


def test_a_blocker_that_is_accepted_is_printed(call: Any, files: Any) -> None:
    bad = classic()
    template_of(bad)["spec"]["containers"][1].update(DEADLOCK)
    path = files(bad)
    refused = call("describe", "-f", path, "-o", "json").json["items"][0]
    ids = [risk["id"] for risk in refused["risks"] if risk["severity"] == "blocker"]
    ran = call("migrate", "-f", path, "--dry-run", "-o", "json", *(word for id in ids for word in ("--accept", id)))
    assert ran.code == Exit.FINDINGS
    assert names(template_of(ran.json)) == ["log-shipper"]


@pytest.mark.parametrize("form", ["yaml", "json", "json-patch", "kustomize", "json6902"])
def test_of_a_cluster_only_data_is_on_stdout(call: Any, form: str) -> None:
    ran = call("migrate", "deployment/basket", *SHOP, "--dry-run=server", "-o", form)
    assert ran.code == Exit.FINDINGS
    assert yaml.safe_load(ran.out)
    assert "Dry run: nothing was written." in ran.err
    assert "owner Helm basket writes it" in ran.err


def test_several_of_a_selector(call: Any) -> None:
    ran = call("migrate", "deployment/checkout", "deployment/basket", *SHOP, "--dry-run", "-o", "json")
    assert [o["metadata"]["name"] for o in ran.json["items"]] == ["checkout", "basket"]
    assert not any("status" in o or "uid" in o["metadata"] for o in ran.json["items"])
    assert (
        call("migrate", "deployment/checkout", "deployment/basket", *SHOP, "--dry-run", "-o", "json6902").code
        == Exit.USAGE
    )


def test_doctor_as_data(call: Any) -> None:
    ran = call("doctor", *SHOP, "-o", "yaml")
    data = yaml.safe_load(ran.out)
    assert (ran.code, ran.err, data["status"], data["kind"]) == (0, "", "ok", "ClusterReport")
    assert data == call("doctor", *SHOP, "-o", "json").json
    assert set(data) == {
        "apiVersion", "kind", "context", "namespace", "status", "server", "nodes", "podWebhooks", "checks", "rights", "workloads", "first",
    }  # fmt: skip


def test_the_order_is_shown_before_the_question(call: Any) -> None:
    ran = call("migrate", "deployment/checkout", *SHOP, "--dry-run")
    assert ran.out.index("start today") < ran.out.index("Resources") < ran.out.index("Verdict")


@pytest.mark.parametrize(
    ("ref", "owner"), [("deployment/storefront", "kubectl apply"), ("deployment/basket", "Helm basket")]
)
def test_after_a_write_its_owner_is_told_the_same_change(tmp_path: Path, ref: str, owner: str) -> None:
    program = alone_in(tmp_path)
    patch = program.run("migrate", ref, *SHOP, "--dry-run", "-o", "kustomize").out
    ran = program.run("migrate", ref, *SHOP, "-y", "--allow-owned", "--no-wait")
    assert ran.code == Exit.COMPLETE
    _, _, told = ran.out.partition("  undo with: ")
    assert f"The source of {owner} still has the old form. Until it has the change below:" in told
    assert "Duplicate value" in told
    assert told.endswith(patch)


def test_a_person_who_says_yes_to_what_kubectl_apply_keeps_is_told_the_change_too(tmp_path: Path) -> None:
    ran = alone_in(tmp_path).answer("migrate", "deployment/storefront", *SHOP, "--no-wait", answers=["y"])
    assert ran.code == Exit.COMPLETE
    _, _, told = ran.out.partition("  undo with: ")
    assert "kubectl sidecar migrate -f MANIFEST --dry-run=client -o yaml" in told
    assert "$patch: delete" in told


def test_nothing_is_told_of_what_nobody_owns(tmp_path: Path) -> None:
    ran = alone_in(tmp_path).run("migrate", "deployment/checkout", *SHOP, "-y", "--no-wait")
    assert ran.out.splitlines()[-1] == "  undo with: kubectl sidecar undo deployment/checkout -n shop"


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("deployment/basket", "-y"), True),  # Helm's: the source has to change
        (("pod/debug-checkout", "-y"), True),  # cannot be patched: its manifest has to change
        (("deployment/checkout",), False),  # only nobody to ask
    ],
    ids=["owned", "immutable", "no terminal"],
)
def test_a_refusal_prints_the_change_where_the_source_is_the_way_out(
    call: Any, words: tuple[str, ...], printed: bool
) -> None:
    ran = call("migrate", *words, *SHOP)
    assert (ran.code, "$patch: delete" in ran.out) == (Exit.REFUSED, printed)


def test_files_are_named_as_files(call: Any, files: Any) -> None:
    path = files(classic())
    (first, *_) = call("describe", "-f", path, "--kube-version", "1.34").out.splitlines()
    assert first == f"Deployment shop · 2 replicas · file {path} · for Kubernetes 1.34.0"
    ran = call("describe", "-f", path)
    assert "Kubernetes version not given" in ran.out
    assert "not asked for" not in ran.out
    assert "refused in place" not in call("describe", "-f", path, "--kube-version", "1.28").out
