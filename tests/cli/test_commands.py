"""The commands without a real cluster: on the embedded one, on files, on nothing. The table of exit codes, a case each; what bad
input is told; what is imported for what."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kubectl_sidecar import __version__
from kubectl_sidecar.cli.exits import Exit, run
from kubectl_sidecar.cli.main import group
from tests.cluster.plugin import QUESTION, Plugin, Ran, alone_in

HERE = Path(__file__).parents[2]
SHOP = ("-n", "shop", "--demo")
CLASSIC = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: front}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: shop, image: shop, volumeMounts: [{name: logs, mountPath: /logs}]}
      - {name: log-shipper, image: fluent/fluent-bit, volumeMounts: [{name: logs, mountPath: /logs, readOnly: true}]}
      volumes: [{name: logs, emptyDir: {}}]
"""


@pytest.fixture
def program(tmp_path: Path) -> Plugin:
    """The program in a process of its own, so that each test has an embedded cluster of its own too."""
    return alone_in(tmp_path)


class Call:
    """A command in this process; only for what changes nothing, since all share one embedded cluster."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: str) -> Ran:
        code = run(group, words, program_name="kubectl sidecar", stderr=sys.stderr)
        captured = self.capsys.readouterr()
        return Ran(code, captured.out, captured.err)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # no recipes of whoever runs the tests
    return Call(capsys)


# The table of exit codes


def test_0_complete(program: Plugin) -> None:
    ran = program.run("migrate", "deployment/checkout", *SHOP, "-y")
    assert ran.code == Exit.COMPLETE
    assert "deployment.apps/checkout migrated: 4 of 4 new Pods are available" in ran.out


def test_1_a_dry_run_with_changes_to_make(call: Call) -> None:
    ran = call("migrate", "deployment/checkout", *SHOP, "--dry-run=server")
    assert (ran.code, ran.err) == (Exit.FINDINGS, "Dry run: nothing was written.\n")


def test_0_a_dry_run_without_changes(call: Call) -> None:
    assert call("migrate", "deployment/recommendations", *SHOP, "--dry-run").code == Exit.COMPLETE


def test_2_usage(call: Call) -> None:
    ran = call("list", "--frobnicate")
    assert (ran.code, ran.err) == (
        Exit.USAGE,
        "error: unknown flag: --frobnicate\nSee 'kubectl sidecar list --help' for usage.\n",
    )


def test_2_input(call: Call) -> None:
    assert call("describe", "deployment/absent", *SHOP).code == Exit.USAGE


def test_3_refused_by_policy(program: Plugin) -> None:
    ran = program.run("migrate", "deployment/basket", *SHOP, "-y")
    assert ran.code == Exit.REFUSED
    assert "Helm basket owns it" in ran.out


def test_3_declined(program: Plugin) -> None:
    ran = program.answer("migrate", "deployment/checkout", *SHOP, answers=["n"])
    assert (ran.code, ran.out.splitlines()[-1]) == (Exit.REFUSED, "Nothing was written.")


def test_4_partly_done(program: Plugin) -> None:
    ran = program.run("migrate", "deployment/checkout", "deployment/basket", *SHOP, "-y")
    assert ran.code == Exit.PARTLY
    assert "deployment.apps/checkout migrated" in ran.out


def test_4_a_rollout_that_takes_too_long(program: Plugin) -> None:
    ran = program.run("migrate", "deployment/checkout", *SHOP, "-y", "--timeout=2s")
    assert ran.code == Exit.PARTLY
    assert "deployment.apps/checkout patched, but the rollout fails: after 2 s" in ran.out
    assert "undo with: kubectl sidecar undo deployment/checkout -n shop" in ran.out


def test_5_no_cluster(program: Plugin) -> None:
    ran = program.run("list")
    assert (ran.code, ran.out) == (Exit.CLUSTER, "")
    assert "kubeconfig" in ran.sentence


def test_130_interrupted(program: Plugin) -> None:
    with program.terminal("migrate", "deployment/checkout", *SHOP) as there:
        there.until(QUESTION)
        there.type("\x03")
        ran = there.end()
    assert ran.code == Exit.INTERRUPTED
    assert "interrupted; nothing was written" in ran.out


def test_141_whoever_read_the_output_went_away(program: Plugin) -> None:
    process = subprocess.Popen(
        ["kubectl-sidecar", "describe", *SHOP, *(f"deployment/{name}" for name in ("checkout", "web", "basket") * 20)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=program.environ({}), executable=f"{program.folder}/bin/kubectl-sidecar",
    )  # fmt: skip
    assert process.stdout
    process.stdout.close()
    assert (process.stderr and process.stderr.read(), process.wait(60)) == (b"", Exit.PIPE)
    assert process.stderr
    process.stderr.close()


# One embedded cluster for all commands of a process


def test_the_whole_story(call: Call) -> None:
    before = call("list", "-o", "json", *SHOP).json
    assert call("migrate", "statefulset/postgres", "-n", "platform", "--demo", "-y").code == 0
    after = {
        item["name"]: item["state"] for item in call("list", "-n", "platform", "--demo", "-o", "json").json["items"]
    }
    assert after["postgres"] == "native"
    undone = call("undo", "statefulset/postgres", "-n", "platform", "--demo", "-y")
    assert (undone.code, "restored" in undone.out) == (0, True)
    again = {
        item["name"]: item["state"] for item in call("list", "-n", "platform", "--demo", "-o", "json").json["items"]
    }
    assert again["postgres"] == "classic"
    assert call("list", "-o", "json", *SHOP).json == before


@pytest.mark.parametrize(("ref", "namespace"), [("job/settle-january", "payments"), ("pod/debug-checkout", "shop")])
def test_what_cannot_be_patched_is_refused_with_the_way_out(call: Call, ref: str, namespace: str) -> None:
    ran = call("migrate", ref, "-n", namespace, "--demo", "-y")
    assert ran.code == 3
    assert "change its manifest, delete the" in ran.out


def test_an_injected_helper_is_left_to_its_injector(call: Call) -> None:
    ran = call("migrate", "deployment/gateway", "-n", "payments", "--demo", "-y")
    assert ran.code == 3
    assert "set the annotation sidecar.istio.io/nativeSidecar=true" in ran.out


# Output


def test_json_and_yaml_are_the_same_data(call: Call) -> None:
    import yaml

    data = call("list", "-A", "--demo", "-o", "json").json
    assert yaml.safe_load(call("list", "-A", "--demo", "-o", "yaml").out) == data


def test_without_a_terminal_there_is_no_colour_and_nothing_is_cut(call: Call) -> None:
    ran = call("list", "-A", "--demo", "-o", "wide")
    assert "\x1b" not in ran.out
    assert ran.err == ""
    assert max(len(line) for line in ran.out.splitlines()) > 120


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_on_a_terminal_there_is_colour_unless_it_is_declined(
    program: Plugin, env: dict[str, str], coloured: bool
) -> None:
    with program.terminal("list", *SHOP, env=env) as there:
        ran = there.end()
        assert (b"\x1b[31m" in there.drawn) == coloured
    assert ran.code == 0
    assert "Next: kubectl sidecar describe deployment/" in ran.out


@pytest.mark.parametrize("words", [("version",), ("version", "-o", "json"), ("version", "-o=yaml")], ids=" ".join)
def test_version(call: Call, words: tuple[str, ...]) -> None:
    ran = call(*words)
    assert ran.code == 0
    assert __version__ in ran.out


def test_explain_lists_all_and_explains_each(call: Call) -> None:
    _, *rows = call("explain").out.splitlines()
    ids = [row.split()[0] for row in rows]
    assert len(ids) > 20
    for id in ids:
        page = call("explain", id)
        assert page.code == 0, id
        assert page.out.startswith(f"{id}: ")


def test_every_id_that_the_sample_shows_is_explained(call: Call) -> None:
    items = call("list", "-A", "--demo", "-o", "json").json["items"]
    shown = {problem for item in items for container in item["containers"] for problem in container["problems"]}
    assert shown
    assert {id: call("explain", id).code for id in shown} == dict.fromkeys(shown, 0)


def test_without_a_command_it_prints_its_help(call: Call) -> None:
    ran = call()
    assert ran.code == 0
    assert ran.out.startswith("Usage: kubectl sidecar ")
    assert all(f"  {name} " in ran.out for name in group.commands)


@pytest.mark.parametrize("command", group.commands)
def test_help(call: Call, command: str) -> None:
    ran = call(command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: kubectl sidecar {command} ")


# Files


def test_files_are_listed_and_described_without_a_cluster(program: Plugin) -> None:
    (program.folder / "shop.yaml").write_text(CLASSIC)
    assert program.ok("list", "-f", "shop.yaml", "-o", "name") == "deployment.apps/shop\n"
    for source in (["-f", "shop.yaml"], ["-f", "."], ["deployment/shop", "-f", "shop.yaml"]):
        assert "move log-shipper from containers[1] to initContainers[0]" in program.ok("describe", *source)
    assert "move log-shipper" in program.ok("describe", "-f", "-", input=CLASSIC)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "-f", "absent.yaml"], 'the path "absent.yaml" does not exist'),
        (["describe", "deployment/other", "-f", "shop.yaml"], 'there is no Deployment "other" in the files'),
        (
            ["describe", "-f", "shop.yaml", "--container", "log-shipper"],
            '"log-shipper" is not NAME=sidecar, NAME=main or NAME=leave',
        ),
        (["describe", "-f", "shop.yaml", "--container", "absent=main"], "has no container named absent"),
        (["describe", "-f", "shop.yaml", "--place", "log-shipper"], '"log-shipper" is not NAME=before:X'),
        (["describe", "-f", "shop.yaml", "--place", "log-shipper=before:absent"], "absent"),
        (["migrate", "-f", "shop.yaml", "-y"], "migrate does not write files yet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_told_in_a_sentence(program: Plugin, words: list[str], said: str) -> None:
    (program.folder / "shop.yaml").write_text(CLASSIC)
    ran = program.run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.sentence
    assert (program.folder / "shop.yaml").read_text() == CLASSIC


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("a: [\n", "bad.yaml:2"),
        ("a: b: c\n", "bad.yaml:1"),
        ("ok: 1\n---\n\tx: 1\n", "bad.yaml:3"),
        ("a: \x01\n", "bad.yaml"),
        ("&a [*b]\n", "bad.yaml:1"),
    ],
    ids=["open list", "two colons", "tab", "control character", "unknown alias"],
)
def test_yaml_that_does_not_parse_is_told_with_file_and_line(program: Plugin, content: str, where: str) -> None:
    (program.folder / "bad.yaml").write_text(content)
    ran = program.run("list", "-f", "bad.yaml")
    assert ran.code == 2
    assert f"error: {where}: not valid YAML: " in ran.err


HOLLOW = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: hollow}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    "spec", ["{}", "{template: {}}", "{template: {spec: {}}}", "{template: {spec: {containers: []}}}"]
)
def test_a_workload_without_containers_is_a_row(program: Plugin, spec: str) -> None:
    listed = program.run("list", "-f", "-", "-o", "json", input=HOLLOW.format(spec=spec))
    (item,) = listed.json["items"]
    assert (listed.code, item["name"], item["containers"]) == (0, "hollow", [])


@pytest.mark.parametrize("spec", ["{template: {}}", "{template: {spec: {}}}", "{template: {spec: {containers: []}}}"])
def test_a_workload_without_containers_has_nothing_to_move(program: Plugin, spec: str) -> None:
    assert "nothing to do: there is no classic sidecar here" in program.ok(
        "describe", "-f", "-", input=HOLLOW.format(spec=spec)
    )


def test_a_workload_without_a_template_is_told(program: Plugin) -> None:
    ran = program.run("describe", "-f", "-", input=HOLLOW.format(spec="{}"))
    assert (ran.code, ran.out) == (2, "")
    assert "has no spec.template" in ran.sentence


def test_one_odd_field_makes_one_broken_row(program: Plugin) -> None:
    odd = CLASSIC.replace("image: fluent/fluent-bit", "image: [1]").replace(
        "name: shop, namespace", "name: odd, namespace"
    )
    ran = program.run("list", "-f", "-", "-o", "json", input=f"{odd}---{CLASSIC}")
    assert {item["name"]: item["state"] for item in ran.json["items"]} == {"odd": "broken", "shop": "classic"}
    assert "containers[1].image" in ran.json["items"][0]["fault"]


def test_a_placeholder_beside_the_pod_template_hides_no_sidecar(program: Plugin) -> None:
    """The row stays broken, and nothing is proposed for it."""
    unrendered = CLASSIC.replace("  selector:", "  replicas: ${REPLICAS}\n  selector:", 1)
    (item,) = program.run("list", "-f", "-", "-o", "json", input=unrendered).json["items"]
    assert (item["state"], item["fault"]) == ("broken", "spec.replicas: expected `int | null`, got `str`")
    assert {c["name"]: (c["role"], c["action"]) for c in item["containers"]} == {
        "shop": ("main", "leave"),
        "log-shipper": ("sidecar", "leave"),
    }
    ran = program.run("migrate", "-f", "-", "--dry-run=client", input=unrendered)
    assert (ran.code, ran.out) == (2, "")
    assert "spec.replicas" in ran.sentence


# What is imported


def imported(*words: str, stdin: str = "") -> set[str]:
    """The top-level modules that a command has imported at its end, in a fresh interpreter."""
    program = f"""
import sys
from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.main import group
code = run(group, {list(words)!r}, program_name="kubectl sidecar", stderr=sys.stderr)
print(file=sys.stdout)
print(*{{name.partition(".")[0] for name in sys.modules}})
sys.exit(code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=stdin, capture_output=True, text=True, check=True, cwd=HERE
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words", [("--help",), *((command, "--help") for command in group.commands), ("version",)], ids=" ".join
)
def test_the_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert not imported(*words) & {"kubernetes", "textual", "msgspec", "rich", "yaml", "ruamel", "urllib3"}


@pytest.mark.parametrize(
    "words", [("list", "-f", "-"), ("describe", "-f", "-"), ("explain",), ("explain", "start-race")], ids=" ".join
)
def test_files_and_pages_need_no_client_and_no_screen(words: tuple[str, ...]) -> None:
    assert not imported(*words, stdin=CLASSIC) & {"kubernetes", "textual", "urllib3"}


def test_the_embedded_cluster_needs_no_client() -> None:
    assert not imported("list", "--demo", "-A") & {"kubernetes", "textual", "urllib3"}


def test_of_the_client_only_its_pool_is_loaded() -> None:
    """The package's own import loads a model for each object of the API: 0.12 s and 20 MB of which nothing is used."""
    program = (
        "import sys, kubectl_sidecar.sources.kube; print(*(m for m in sys.modules if m.startswith('kubernetes.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HERE)
    loaded = set(done.stdout.split())
    assert "kubernetes.client.rest" in loaded
    assert not {m for m in loaded if m.startswith(("kubernetes.client.models", "kubernetes.client.api."))}


def test_threads_that_decode_at_the_same_time_do_not_crash_the_process() -> None:
    """With threads that take turns as often as they can; the decoders used to be made by whichever came first."""
    program = f"""
import sys
sys.setswitchinterval(1e-6)
from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.main import group
sys.exit(run(group, ["list", "-A", "--demo", "-o", "json"], program_name="{group.name}", stderr=sys.stderr))
"""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=HERE)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["items"]
