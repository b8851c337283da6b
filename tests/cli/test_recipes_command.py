"""`recipes list|show|lint`, and the user's own recipes in every command that classifies, run as a user runs them."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.main import group
from kubectl_sidecar.core.recipes.reader import from_dict
from kubectl_sidecar.output.recipes import document
from kubectl_sidecar.sources.recipes import load, packaged, packaged_directory

ROOT = Path(__file__).parents[2]
MINE = """
schema: "1.0"
family: {family}
title: Mine
category: of my own
match:
  images: [{image}]
  names: [{name}]
notes: [Written by me.]
"""
BROKEN = 'schema: "1.0"\nfamily: broken\ntitel: x\n'


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Cli = Callable[..., Said]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line of a user whose configuration and cache are in `tmp_path`."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def call(*words: str) -> Said:
        err = io.StringIO()
        code = run(group, words, program_name="kubectl sidecar", stderr=err)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err + err.getvalue())

    return call


def mine(folder: Path, family: str = "mine", *, image: str = "acme/odd-job", name: str = "odd-job") -> Path:
    """A recipe of the user's in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{family}.yaml"
    file.write_text(MINE.format(family=family, image=image, name=name))
    return file


def own(tmp_path: Path) -> Path:
    return tmp_path / "config" / "kubectl-sidecar" / "recipes"


class TestList:
    def test_the_table_says_where_each_is_from(self, cli: Cli, tmp_path: Path) -> None:
        file = mine(own(tmp_path))
        said = cli("recipes", "list")
        lines = said.out.splitlines()
        assert lines[0].split() == ["FAMILY", "CATEGORY", "ROLE", "MOVABLE", "INJECTOR", "SOURCE"]
        assert len(lines) == len(packaged(cache=tmp_path)) + 2
        (line,) = (line for line in lines if line.startswith("mine "))
        assert line.endswith(f"   {file}")
        assert next(line for line in lines if line.startswith("fluent-bit ")).endswith("   packaged")
        assert said.code == 0
        assert not said.err

    def test_without_header(self, cli: Cli) -> None:
        assert cli("recipes", "list", "--no-headers").out == cli("recipes", "list").out.split("\n", 1)[1]

    def test_names(self, cli: Cli, tmp_path: Path) -> None:
        names = cli("recipes", "list", "-o", "name").out.split()
        assert names == sorted(r.family for r in packaged(cache=tmp_path))

    def test_data(self, cli: Cli, tmp_path: Path) -> None:
        mine(tmp_path / "given")
        words = ("recipes", "list", "--recipes", str(tmp_path / "given"))
        data = json.loads(cli(*words, "-o", "json").out)
        assert (data["apiVersion"], data["kind"]) == ("kubectl-sidecar/v1", "RecipeList")
        (item,) = (i for i in data["items"] if i["family"] == "mine")
        assert item["match"] == {"images": ["acme/odd-job"], "names": ["odd-job"]}
        assert item["source"] == str(tmp_path / "given" / "mine.yaml")
        assert yaml.safe_load(cli(*words, "-o", "yaml").out) == data

    def test_flags_before_the_commands_are_the_same(self, cli: Cli) -> None:
        assert (
            cli("-o", "name", "recipes", "list")
            == cli("recipes", "-o=name", "list")
            == cli("recipes", "list", "-oname")
        )


class TestShow:
    def test_text_tells_all(self, cli: Cli) -> None:
        out = cli("recipes", "show", "istio-proxy").out
        for part in ("Istio sidecar proxy (service-mesh proxy)", str(packaged_directory()), "istio/istio pkg/kube/inject/webhook.go",
                     "unconfirmed", "sidecar.istio.io/nativeSidecar=true"):  # fmt: skip
            assert part in out
        assert all(len(line) <= 100 for line in out.splitlines() if "http" not in line)

    @pytest.mark.parametrize("form", ["yaml", "json"])
    def test_a_document_is_a_recipe_again(self, cli: Cli, tmp_path: Path, form: str) -> None:
        (tmp_path / "copy.yaml").write_text(cli("recipes", "show", "vault-agent", "-o", form).out)
        assert cli("recipes", "lint", str(tmp_path / "copy.yaml")).code == 0

    def test_an_unknown_family(self, cli: Cli) -> None:
        said = cli("recipes", "show", "fluentbit")
        assert said.code == 2
        assert said.err.strip() == 'error: there is no recipe of a family "fluentbit"; did you mean "fluent-bit"?'

    def test_without_a_family(self, cli: Cli) -> None:
        assert cli("recipes", "show").code == 2

    def test_every_packaged_recipe_survives_its_document(self, tmp_path: Path) -> None:
        for recipe in packaged(cache=tmp_path):
            assert from_dict(document(recipe), origin=recipe.origin) == recipe


class TestLint:
    def test_a_folder_without_faults(self, cli: Cli, tmp_path: Path) -> None:
        mine(tmp_path / "given")
        said = cli("recipes", "lint", str(tmp_path / "given"))
        assert said == Said(0, "", "1 recipe is fine.\n")

    def test_each_fault_is_a_line_with_file_and_path(self, cli: Cli, tmp_path: Path) -> None:
        mine(tmp_path / "given")
        (tmp_path / "given" / "broken.yaml").write_text(BROKEN)
        (tmp_path / "given" / "number.yml").write_text(MINE.format(family="n", image="1", name="n"))
        said = cli("recipes", "lint", str(tmp_path / "given"))
        assert said.code == 2
        assert said.out.splitlines() == [
            f'{tmp_path}/given/broken.yaml: titel: is not a field of a recipe; did you mean "title"?',
            f"{tmp_path}/given/number.yml: match.images[0]: expected a text, got a number (put it in quotes)",
        ]
        assert said.err == "1 recipe is fine, 2 files have a fault.\n"

    def test_files_and_folders_together(self, cli: Cli, tmp_path: Path) -> None:
        one, _ = mine(tmp_path / "a", "one"), mine(tmp_path / "b", "two")
        assert cli("recipes", "lint", str(one), str(tmp_path / "b")).err == "2 recipes are fine.\n"

    def test_a_file_that_is_not_there(self, cli: Cli, tmp_path: Path) -> None:
        said = cli("recipes", "lint", str(tmp_path / "nowhere.yaml"))
        assert (said.code, said.out) == (2, f"{tmp_path}/nowhere.yaml: No such file or directory\n")

    def test_without_a_path_it_is_the_users_own_folder(self, cli: Cli, tmp_path: Path) -> None:
        assert cli("recipes", "lint").code == 0
        (mine(own(tmp_path)).parent / "broken.yaml").write_text(BROKEN)
        said = cli("recipes", "lint")
        assert said.code == 2
        assert said.out.startswith(str(own(tmp_path) / "broken.yaml"))

    def test_it_says_what_is_replaced(self, cli: Cli, tmp_path: Path) -> None:
        file = mine(tmp_path / "given", "fluent-bit")
        assert cli("recipes", "lint", str(file)).err == "1 recipe is fine; instead of packaged ones: fluent-bit.\n"

    def test_the_packaged_ones_are_fine(self, cli: Cli, tmp_path: Path) -> None:
        said = cli("recipes", "lint", str(packaged_directory()))
        assert said == Said(0, "", f"{len(packaged(cache=tmp_path))} recipes are fine.\n")


# The user's own recipes in the commands that classify.

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata: {{labels: {{app: shop}}, annotations: {{{annotations}}}}}
    spec:
      containers:
        - {{name: shop, image: registry.example.com/shop:1}}
        - {{name: {name}, image: "{image}"}}
"""


def manifest(folder: Path, *, image: str, name: str = "helper", annotations: str = "") -> str:
    file = folder / "shop.yaml"
    file.write_text(MANIFEST.format(image=image, name=name, annotations=annotations))
    return str(file)


def helper(cli: Cli, file: str, *words: str) -> tuple[str, str | None]:
    """Role and family of the second container, by `list -f`."""
    said = cli("list", "-f", file, "-o", "json", *words)
    assert said.code == 0, said
    found = json.loads(said.out)["items"][0]["containers"][1]
    return found["role"], found["family"]


class TestPrecedence:
    """Flag > annotation > --recipes > the user's folder > packaged > evidence."""

    def test_evidence_alone_knows_no_family(self, cli: Cli, tmp_path: Path) -> None:
        assert helper(cli, manifest(tmp_path, image="registry.example.com/acme/odd-job:1", name="odd-job"))[1] is None

    def test_packaged_over_evidence(self, cli: Cli, tmp_path: Path) -> None:
        file = manifest(tmp_path, image="fluent/fluent-bit:3.2", name="log-shipper")
        assert helper(cli, file) == ("sidecar", "fluent-bit")

    def test_the_users_folder_over_packaged(self, cli: Cli, tmp_path: Path) -> None:
        file = manifest(tmp_path, image="fluent/fluent-bit:3.2", name="log-shipper")
        mine(own(tmp_path), image="fluent/fluent-bit")  # the packaged one fits better: it knows the name as well
        assert helper(cli, file) == ("sidecar", "mine")

    def test_a_flag_over_the_users_folder(self, cli: Cli, tmp_path: Path) -> None:
        file = manifest(tmp_path, image="acme/odd-job:1", name="odd-job")
        mine(own(tmp_path), "from-folder")
        mine(tmp_path / "one", "from-flag")
        mine(tmp_path / "two", "from-second-flag")
        given = ("--recipes", str(tmp_path / "one"), "--recipes", str(tmp_path / "two"))
        assert helper(cli, file) == ("sidecar", "from-folder")
        assert helper(cli, file, *given) == ("sidecar", "from-flag")

    def test_a_recipe_of_the_same_family_replaces_the_packaged_one(self, cli: Cli, tmp_path: Path) -> None:
        file = manifest(tmp_path, image="fluent/fluent-bit:3.2", name="log-shipper")
        mine(own(tmp_path), "fluent-bit", image="acme/other", name="other")
        assert helper(cli, file)[1] is None
        assert "Written by me." in cli("recipes", "show", "fluent-bit").out

    def test_a_name_alone_does_not_outweigh_a_packaged_recipe(self, cli: Cli, tmp_path: Path) -> None:
        file = manifest(tmp_path, image="fluent/fluent-bit:3.2", name="log-shipper")
        mine(own(tmp_path), image="acme/other", name="log-shipper")
        assert helper(cli, file) == ("sidecar", "fluent-bit")

    def test_an_annotation_over_every_recipe(self, cli: Cli, tmp_path: Path) -> None:
        mine(own(tmp_path))
        file = manifest(tmp_path, image="acme/odd-job:1", name="odd-job", annotations="kubectl-sidecar/odd-job: main")
        assert helper(cli, file)[0] == "main"

    def test_a_flag_over_the_annotation(self, cli: Cli, tmp_path: Path) -> None:
        file = manifest(tmp_path, image="acme/odd-job:1", name="odd-job", annotations="kubectl-sidecar/odd-job: main")
        assert "move odd-job" not in cli("describe", "-f", file).out
        out = cli("describe", "-f", file, "--container", "odd-job=sidecar").out
        assert "move odd-job from containers[1]" in out
        assert "you decided: sidecar [--container odd-job=sidecar]" in out


class TestInACluster:
    """The embedded one of --demo, whose checkout has a log shipper of a packaged family."""

    def test_list(self, cli: Cli, tmp_path: Path) -> None:
        mine(tmp_path / "given", image="fluent/fluent-bit")
        words = ("list", "--demo", "-n", "shop", "--family", "mine", "-o", "name")
        assert cli(*words).out == ""
        assert "deployment.apps/checkout" in cli(*words, "--recipes", str(tmp_path / "given")).out

    @pytest.mark.parametrize("command", [("describe",), ("migrate", "--dry-run", "-y")], ids=["describe", "migrate"])
    def test_a_recipe_that_says_never_is_heard(self, cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
        words = (*command, "deployment/checkout", "--demo", "-n", "shop")
        assert "restartPolicy: Always" in cli(*words).out
        file = mine(own(tmp_path), image="fluent/fluent-bit")
        file.write_text(file.read_text() + "movable: never\nreason: We say so.\n")
        said = cli(*words)
        assert "We say so." in said.out
        assert "restartPolicy: Always" not in said.out

    def test_describe_prints_the_notes(self, cli: Cli, tmp_path: Path) -> None:
        mine(own(tmp_path), image="fluent/fluent-bit")
        assert "Written by me." in cli("describe", "deployment/checkout", "--demo", "-n", "shop").out


def test_browse(tmp_path: Path) -> None:
    """On a terminal: the user's family is on the screen, and a fault was said before it opened."""
    mine(tmp_path / "given", image="fluent/fluent-bit")
    broken = tmp_path / "given" / "broken.yaml"
    broken.write_text(BROKEN)
    master, slave = pty.openpty()
    words = ["-m", "kubectl_sidecar", "browse", "--demo", "-n", "shop", "--recipes", str(tmp_path / "given")]
    there = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}
    process = subprocess.Popen(
        [sys.executable, *words], stdin=slave, stdout=slave, stderr=slave, env=there, cwd=ROOT, start_new_session=True
    )
    os.close(slave)
    drawn = b""
    try:
        while b"(mine)" not in drawn and select.select([master], [], [], 30)[0]:
            drawn += os.read(master, 65536)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert b"(mine)" in drawn, drawn[-2000:]
    before, screen, _ = drawn.partition(b"\x1b[?1049h")
    assert screen
    assert f"warning: {broken}: titel: is not a field" in before.decode()


class TestFaults:
    @pytest.mark.parametrize("command", [("list", "-f"), ("describe", "-f")], ids=["list", "describe"])
    def test_a_fault_is_loud_and_disables_its_recipe_only(
        self, cli: Cli, tmp_path: Path, command: tuple[str, ...]
    ) -> None:
        mine(own(tmp_path))
        broken = own(tmp_path) / "broken.yaml"
        broken.write_text(BROKEN)
        file = manifest(tmp_path, image="acme/odd-job:1", name="odd-job")
        for _ in range(2):
            said = cli(*command, file)
            assert said.code == 0
            assert "mine" in said.out
            assert said.err.splitlines() == [
                f'warning: {broken}: titel: is not a field of a recipe; did you mean "title"?; this recipe is left out'
            ]

    def test_a_broken_replacement_leaves_the_packaged_one(self, cli: Cli, tmp_path: Path) -> None:
        mine(own(tmp_path), "fluent-bit").write_text(BROKEN.replace("broken", "fluent-bit"))
        file = manifest(tmp_path, image="fluent/fluent-bit:3.2", name="log-shipper")
        assert helper(cli, file) == ("sidecar", "fluent-bit")

    def test_a_directory_that_was_given_must_be_there(self, cli: Cli, tmp_path: Path) -> None:
        said = cli("list", "--demo", "--recipes", str(tmp_path / "nowhere"))
        assert said.code == 2
        assert said.err == f"error: {tmp_path}/nowhere: No such file or directory; give a directory with recipes\n"

    def test_the_users_own_folder_need_not_be_one(self, cli: Cli, tmp_path: Path) -> None:
        own(tmp_path).parent.mkdir(parents=True)
        own(tmp_path).write_text("not a folder")
        said = cli("recipes", "list", "-o", "name")
        assert said.code == 0
        assert f"warning: {own(tmp_path)}: Not a directory" in said.err


def test_the_example_of_the_docs_is_a_recipe(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "recipes.md").read_text()
    example = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    (tmp_path / "example.yaml").write_text(example)
    loaded = load(tmp_path, cache=tmp_path / "cache")
    assert not loaded.faults
    assert len(loaded.recipes) == 1
