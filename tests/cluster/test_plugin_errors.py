"""Bad input and bad surroundings: a sentence, the exit code of the table, and nothing is changed. Also what goes over the wire."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_sidecar import __version__
from tests.cluster.classic import classic, is_native, template_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plugin import Plugin, Ran, Terminal, plugin_in
from tests.cluster.processes import free_ports
from tests.cluster.relay import relay
from tests.sources.http_server import Answer, http_server

COMMANDS = [
    ("list",),
    ("describe", "deployment/shop"),
    ("migrate", "deployment/shop", "-y"),
    ("undo", "deployment/shop", "-y"),
]


def of_sentence(ran: Ran, code: int, *parts: str) -> None:
    """It ended with the code, printed nothing, and said one sentence with these parts."""
    assert (ran.code, ran.out) == (code, ""), ran.err
    for part in parts:
        assert part in ran.sentence
    assert ran.sentence.startswith("error: ")


def config(cluster: ControlPlane, **user: Any) -> dict[str, Any]:
    """A kubeconfig for the real server and a user with these fields."""
    data: dict[str, Any] = json.loads(cluster.kubeconfig.read_text())
    return {**data, "users": [{"name": "admin", "user": user}]}


def with_config(plugin: Plugin, content: object) -> Plugin:
    file = plugin.folder / "config"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return Plugin(plugin.folder, file, plugin.path)


# The kubeconfig


def test_no_kubeconfig_at_all(cluster: ControlPlane, tmp_path: Path) -> None:
    nowhere = plugin_in(tmp_path, kubectl=cluster.assets / "kubectl", kubeconfig=None)
    of_sentence(nowhere.run("list"), 5, "kubeconfig")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_unknown_context(plugin: Plugin, words: tuple[str, ...]) -> None:
    of_sentence(plugin.run(*words, "--context", "nowhere"), 5, "nowhere")


@pytest.mark.parametrize("content", ["{", "a: [", "just words", "[]", '{"contexts": 7, "current-context": "x"}'])
def test_a_broken_kubeconfig_is_named(plugin: Plugin, content: str) -> None:
    broken = with_config(plugin, content)
    of_sentence(broken.run("list"), 5, str(broken.kubeconfig))


def test_a_kubeconfig_that_is_not_there_is_named(plugin: Plugin) -> None:
    of_sentence(plugin.run("list", "--kubeconfig", "absent.yaml"), 5, "absent.yaml")


# The server


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_server_that_nobody_reaches(plugin: Plugin, cluster: ControlPlane, words: tuple[str, ...]) -> None:
    (port,) = free_ports(1)
    data = config(cluster, token="t")
    data["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    of_sentence(with_config(plugin, data).run(*words), 5, f"127.0.0.1:{port}")


def test_a_server_that_answers_html(plugin: Plugin, cluster: ControlPlane) -> None:
    with http_server() as server:
        server.answers(Answer(200, b"<html><title>Sign in</title></html>", "text/html"))
        data = config(cluster)
        data["clusters"][0]["cluster"] = {"server": server.url}
        of_sentence(with_config(plugin, data).run("list"), 5, server.url.removeprefix("http://"))
        assert "<html>" not in with_config(plugin, data).run("migrate", "deploy/shop", "-y").err


def test_a_server_that_never_answers_is_left_after_the_time_that_was_given(
    plugin: Plugin, cluster: ControlPlane
) -> None:
    with http_server() as server:
        server.answers(Answer(fault="hang"))
        data = config(cluster)
        data["clusters"][0]["cluster"] = {"server": server.url}
        of_sentence(with_config(plugin, data).run("list", "--request-timeout", "300ms", timeout=60), 5, "127.0.0.1")


def test_a_server_of_an_unknown_authority(plugin: Plugin, cluster: ControlPlane) -> None:
    data = config(cluster, token="t")
    data["clusters"][0]["cluster"].pop("certificate-authority")
    of_sentence(with_config(plugin, data).run("list"), 5, "certificate")


# Credentials


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_token_that_is_no_longer_good(plugin: Plugin, cluster: ControlPlane, words: tuple[str, ...]) -> None:
    of_sentence(
        with_config(plugin, config(cluster, token="long-expired")).run(*words),
        5,
        "did not accept the credentials",
        "log in again",
    )


def test_an_exec_plugin_that_fails_is_quoted(plugin: Plugin, cluster: ControlPlane) -> None:
    fails = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "interactiveMode": "Never",
             "args": ["-c", "echo 'session expired: run acme login' >&2; exit 3"]}  # fmt: skip
    ran = with_config(plugin, config(cluster, exec=fails)).run("list")
    assert (ran.code, ran.out) == (5, "")
    assert "session expired: run acme login" in ran.err
    assert "Traceback" not in ran.err


def test_an_exec_plugin_that_is_not_there(plugin: Plugin, cluster: ControlPlane) -> None:
    absent = {"apiVersion": "client.authentication.k8s.io/v1", "command": "acme-login", "interactiveMode": "Never"}
    ran = with_config(plugin, config(cluster, exec=absent)).run("list")
    assert ran.code == 5
    assert "acme-login" in ran.err


def test_an_exec_plugin_that_works_is_used(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": cluster.token_for("admin")},
    }
    login = {
        "apiVersion": answer["apiVersion"],
        "command": "/bin/sh",
        "interactiveMode": "Never",
        "args": ["-c", f"echo '{json.dumps(answer)}'"],
    }
    assert (
        with_config(plugin, config(cluster, exec=login)).ok("list", "-n", namespace, "-o", "name")
        == "deployment.apps/shop\n"
    )


# Words


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["describe", "service/shop"], ['"service" is not a kind that has a Pod template; known are deployment, ']),
        (["migrate", "deploymnt/shop", "-y"], ['"deploymnt" is not a kind']),
        (["undo", "deployment/absent", "-y"], ['there is no Deployment "absent" in namespace ']),
        (["describe", "deployment/absent"], ['there is no Deployment "absent" in namespace ']),
        (["migrate", "deployment/absent", "-y"], ['there is no Deployment "absent" in namespace ', "of context admin"]),
        (["migrate", "deployment", "-y"], ['"deployment" needs a name: deployment/NAME']),
        (["migrate", "-y"], ["name what to look at"]),
        (["migrate", "deployment/shop", "sts", "-y"], ["either TYPE/NAME for all, or one TYPE and then names"]),
        (["migrate", "deployment/shop", "-l", "a=b"], ["either names or a selector"]),
        (["migrate", "deployment/shop", "-A"], ["-A goes with a selector"]),
        (["migrate", "deployment/shop", "--container", "x=helper"], ['"x=helper" is not NAME=sidecar']),
        (["migrate", "deployment/shop", "--timeout", "soon"], ['--timeout: "soon" is not a duration']),
        (["list", "--request-timeout", "soon"], ['--request-timeout: "soon" is not a duration']),
        (["explain", "nothing"], ['there is no problem or risk "nothing"']),
    ],
    ids=lambda value: " ".join(value) if len(value) > 1 or "error" not in value[0] else None,
)  # fmt: skip
def test_words_that_mean_nothing(plugin: Plugin, namespace: str, words: list[str], parts: list[str]) -> None:
    place = [] if words[0] == "explain" else ["-n", namespace]
    of_sentence(plugin.run(*words, *place), 2, *parts)


@pytest.mark.parametrize("command", ["list", "describe", "migrate", "undo", "browse", "explain", "version"])
def test_an_unknown_flag_is_refused_with_the_way_to_the_help(plugin: Plugin, command: str) -> None:
    ran = plugin.run(command, "--frobnicate")
    assert ran.code == 2
    assert ran.err == f"error: unknown flag: --frobnicate\nSee 'kubectl sidecar {command} --help' for usage.\n"


def test_an_unknown_command(plugin: Plugin) -> None:
    ran = plugin.run("migrat", "deployment/shop")
    assert ran.code == 2
    assert 'unknown command "migrat" for "kubectl sidecar"; did you mean migrate?' in ran.err


def test_a_selector_that_the_server_does_not_understand(plugin: Plugin, namespace: str) -> None:
    for words in (["list"], ["migrate", "-y"]):
        ran = plugin.run(*words, "-n", namespace, "-l", "a===b")
        of_sentence(ran, 2, 'the selector "a===b" is refused: unable to parse requirement')


def test_a_container_that_the_workload_has_not(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    of_sentence(
        plugin.run("migrate", "deployment/shop", "-n", namespace, "-y", "--container", "absent=sidecar"),
        2, "has no container named absent",
    )  # fmt: skip
    assert not is_native(template_of(cluster.get("deployment", "shop", namespace=namespace)))


# Files


def test_yaml_that_does_not_parse_is_told_with_its_line(plugin: Plugin) -> None:
    (plugin.folder / "bad.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n")
    ran = plugin.run("list", "-f", "bad.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert "error: bad.yaml:3: not valid YAML" in ran.err
    of_sentence(plugin.run("describe", "-f", "bad.yaml"), 2, "bad.yaml:3: not valid YAML")


def test_a_bad_file_among_good_ones_does_not_hide_them(plugin: Plugin) -> None:
    (plugin.folder / "manifests").mkdir()
    (plugin.folder / "manifests" / "bad.yaml").write_text("a: [\n")
    (plugin.folder / "manifests" / "good.yaml").write_text(json.dumps(classic()))
    ran = plugin.run("list", "-f", "manifests", "-o", "name")
    assert (ran.code, ran.out) == (2, "deployment.apps/shop\n")
    assert "manifests/bad.yaml:" in ran.sentence


def test_a_path_that_is_not_there(plugin: Plugin) -> None:
    of_sentence(plugin.run("list", "-f", "absent"), 2, 'the path "absent" does not exist')


@pytest.mark.parametrize("containers", [[], None], ids=["empty", "missing"])
def test_a_workload_without_containers(plugin: Plugin, containers: list[Any] | None) -> None:
    manifest = classic()
    if containers is None:
        del manifest["spec"]["template"]["spec"]["containers"]
    else:
        manifest["spec"]["template"]["spec"]["containers"] = containers
    listed = plugin.run("list", "-f", "-", "-o", "json", input=json.dumps(manifest))
    assert listed.code == 0, listed.err
    (item,) = listed.json["items"]
    assert (item["name"], item["state"]) == ("shop", "none") or item["state"] == "broken"
    described = plugin.run("describe", "-f", "-", input=json.dumps(manifest))
    assert described.code in (0, 2), described.err
    assert "Traceback" not in described.err


def test_migrate_of_files_says_that_it_does_not_write_them_yet(plugin: Plugin) -> None:
    (plugin.folder / "a.yaml").write_text(json.dumps(classic()))
    before = (plugin.folder / "a.yaml").read_text()
    of_sentence(plugin.run("migrate", "-f", "a.yaml", "-y"), 2, "migrate does not write files yet")
    assert (plugin.folder / "a.yaml").read_text() == before


# What goes over the wire


@pytest.fixture
def recorded(plugin: Plugin, cluster: ControlPlane) -> Iterator[tuple[Plugin, Callable[[], set[str | None]]]]:
    """The plugin behind a relay, and the User-Agents that came by."""
    with relay(cluster) as between:
        data = config(cluster, token=cluster.token_for("admin"))
        data["clusters"][0]["cluster"]["server"] = between.url
        yield with_config(plugin, data), lambda: {seen.value("User-Agent") for seen in between.seen}


def test_every_request_says_who_sent_it(
    recorded: tuple[Plugin, Callable[[], set[str | None]]], cluster: ControlPlane, namespace: str
) -> None:
    plugin, agents = recorded
    cluster.create(classic(), namespace=namespace)
    plugin.ok("list", "-n", namespace)
    plugin.ok("describe", "deployment/shop", "-n", namespace)
    plugin.ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    plugin.ok("undo", "deployment/shop", "-n", namespace, "-y", "--no-wait")
    assert agents() == {f"kubectl-sidecar/{__version__}"}


def test_it_reads_no_secrets_and_writes_only_the_object(plugin: Plugin, cluster: ControlPlane, namespace: str) -> None:
    cluster.create(classic(), namespace=namespace)
    with relay(cluster) as between:
        data = config(cluster, token=cluster.token_for("admin"))
        data["clusters"][0]["cluster"]["server"] = between.url
        with_config(plugin, data).ok("migrate", "deployment/shop", "-n", namespace, "-y", "--no-wait")
        seen = list(between.seen)
    assert not [s.path for s in seen if s.path.endswith("/secrets") or "/secrets/" in s.path]
    writes = [(s.method, s.path) for s in seen if s.method != "GET" and s.query.get("dryRun") != ["All"]]
    assert writes == [("PATCH", f"/apis/apps/v1/namespaces/{namespace}/deployments/shop")]
    assert all(s.query["fieldValidation"] == ["Strict"] for s in seen if s.method != "GET")


# browse


@pytest.mark.parametrize("flags", [(), ("--field-manager", "our-bot")], ids=["default", "--field-manager"])
def test_the_screen_writes_as_the_manager_that_was_said(
    plugin: Plugin, cluster: ControlPlane, namespace: str, flags: tuple[str, ...]
) -> None:
    cluster.create(classic("deployment", "till"), namespace=namespace)
    with relay(cluster) as between:
        data = config(cluster, token=cluster.token_for("admin"))
        data["clusters"][0]["cluster"]["server"] = between.url
        with with_config(plugin, data).terminal("browse", "-n", namespace, *flags) as there:
            there.until("complete")
            there.type("m")
            there.until("Verdict")
            there.type("q")
        managers = {tuple(seen.query["fieldManager"]) for seen in between.seen if seen.method == "PATCH"}
        agents = {seen.value("User-Agent") for seen in between.seen}
    assert managers == {(flags[1] if flags else "kubectl-sidecar",)}
    assert agents == {f"kubectl-sidecar/{__version__}"}


@pytest.fixture
def screen(plugin: Plugin, cluster: ControlPlane, namespace: str) -> Iterator[Terminal]:
    cluster.create(classic("deployment", "till"), namespace=namespace)
    with plugin.terminal("browse", "-n", namespace) as there:
        yield there


def test_browse_shows_the_rows_and_ends_with_q(screen: Terminal) -> None:
    screen.until("till")
    screen.type("q")
    assert screen.end(within=20).code == 0


def test_browse_without_a_terminal_names_what_to_use_instead(plugin: Plugin, namespace: str) -> None:
    of_sentence(plugin.run("browse", "-n", namespace), 2, "browse needs a terminal", "kubectl sidecar list")


def test_browse_on_a_dumb_terminal_too(plugin: Plugin, namespace: str) -> None:
    with plugin.terminal("browse", "-n", namespace, env={"TERM": "dumb"}) as there:
        ran = there.end()
    assert ran.code == 2
    assert "browse needs a terminal" in ran.out


def test_browse_says_on_the_screens_last_line_why_it_could_not_open(plugin: Plugin) -> None:
    with plugin.terminal("browse", "--context", "nowhere") as there:
        ran = there.end()
    assert ran.code == 5
    assert "nowhere" in ran.out
