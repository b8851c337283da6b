"""A login that runs out while the screen is open: the screen makes room, the plugin asks, and what waited goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from kubectl_sidecar.core.kinds import KINDS
from kubectl_sidecar.errors import CredentialsError
from kubectl_sidecar.sources.memory import MemoryCluster, Request
from kubectl_sidecar.tui.app import SidecarApp
from tests.sources.http_server import Answer, HttpServer, Seen, http_server, of_json, status_answer
from tests.sources.kube_help import config, write
from tests.tui.stage import PROXY, SHIPPER, app_container, play, pod_template, stage, text_of, until, workload
from tests.tui.terminal import leave, terminal


class AskingCluster(MemoryCluster):
    """Its login has run out: every request asks on the terminal first, until somebody has answered."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.answer: Callable[[], bool] = lambda: True
        self.terminal: Callable[[Callable[[], None]], bool] = lambda ask: False
        self.logged_in = False

    def ask_on(self, terminal: Callable[[Callable[[], None]], bool]) -> None:
        self.terminal = terminal
        self.hooks.append(self._log_in)

    def _log_in(self, request: Request) -> None:
        if not self.logged_in and not self.terminal(self._ask):
            raise CredentialsError("the session has expired")

    def _ask(self) -> None:
        self.logged_in = self.logged_in or self.answer()
        if not self.logged_in:
            raise CredentialsError("the plugin was interrupted")


class SuspendableApp(SidecarApp):
    """As on a terminal; what happens to the screen is kept."""

    CSS_PATH = str(Path(inspect.getfile(SidecarApp)).with_name("styles.tcss"))
    told: tuple[str, ...] = ()

    @contextmanager
    def suspend(self) -> Iterator[None]:
        self.told += ("away",)
        yield
        self.told += ("back",)


def test_what_waited_for_the_login_goes_on() -> None:
    on = stage(cluster_type=AskingCluster)
    app = on.app = SuspendableApp(on.app.session)

    async def acts(pilot: Pilot[Any]) -> None:
        assert "6 workloads" in text_of(on.app)
        assert app.told[:2] == ("away", "back")

    play(on, acts)


def test_a_login_that_fails_is_a_sentence_and_ctrl_r_asks_again() -> None:
    on = stage(cluster_type=AskingCluster)
    app = on.app = SuspendableApp(on.app.session)
    assert isinstance(on.cluster, AskingCluster)
    on.cluster.answer = lambda: False

    async def acts(pilot: Pilot[Any]) -> None:
        assert isinstance(on.cluster, AskingCluster)
        assert "the plugin was interrupted" in text_of(on.app)
        assert app.told[-1] == "back"
        on.cluster.answer = lambda: True
        await pilot.press("ctrl+r")
        await until(pilot, lambda: on.app.workloads.loading_state == "complete")
        assert "6 workloads" in text_of(on.app)

    play(on, acts)


def test_without_a_terminal_it_is_a_sentence() -> None:
    on = stage(cluster_type=AskingCluster)

    async def acts(pilot: Pilot[Any]) -> None:
        assert "the session has expired" in text_of(on.app)

    play(on, acts)


# On a real terminal, with a real plugin

PLUGIN = """#!/bin/sh
give() {{ echo '{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{{"token":"'"$1"'"}}}}'; }}
cd {folder}
if [ ! -e started ]; then touch started; give old; exit; fi
case "$KUBERNETES_EXEC_INFO" in *'"interactive": false'*) echo 'the session is over' >&2; exit 3 ;; esac
printf 'Your code: ' >&2
read -r code
give "$code"
"""
BROWSE = """
import sys
from kubectl_sidecar.cli.main import main
sys.argv = ["kubectl-sidecar", "browse", "--kubeconfig={file}"]
main()
"""


def shop(request: Seen) -> Answer:
    """An API server with one Deployment, which knows only the token of somebody who was asked."""
    if request.value("Authorization") != "Bearer s3cret":
        return status_answer(401, "Unauthorized", "Unauthorized")
    resource = next(k.resource for k in KINDS if request.path.endswith(f"/{k.resource.plural}"))
    if "PartialObjectMetadataList" in (request.value("Accept") or ""):
        return of_json(
            {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": []}
        )
    there = [workload("Deployment", "checkout", pod_template("checkout", app_container("checkout"), SHIPPER, PROXY))]
    items = there if resource.plural == "deployments" else []
    return of_json({"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": {}, "items": items})


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        running.behaviour = shop
        yield running


def browse(folder: Path, server: HttpServer, mode: str) -> str:
    """The code of `browse` against the server, with the plugin."""
    script = folder / "plugin"
    script.write_text(PLUGIN.format(folder=folder))
    script.chmod(0o700)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": mode}}
    return BROWSE.format(file=write(folder / "kubeconfig", config(server.url, user)))


def test_the_plugin_gets_the_terminal_and_the_screen_comes_back(server: HttpServer, tmp_path: Path) -> None:
    with terminal(browse(tmp_path, server, "IfAvailable")) as there:
        there.sees("Your code: ")
        assert b"The login of context here has run out" in there.drawn
        there.type("s3cret\n")
        there.sees("● complete")
        there.type("d")
        there.sees("deployment/checkout")
        assert leave(there, lambda: there.type("q"))[:2] == (0, "")
    sent = {request.value("Authorization") for request in server.seen}
    assert sent == {"Bearer old", "Bearer s3cret"}


def test_ctrl_c_at_the_prompt_ends_the_login_and_not_the_screen(server: HttpServer, tmp_path: Path) -> None:
    with terminal(browse(tmp_path, server, "IfAvailable")) as there:
        there.sees("Your code: ")
        there.type("\x03")
        there.sees("● failed")
        assert leave(there, lambda: there.type("q"))[:2] == (0, "")


def test_a_plugin_that_never_asks_is_a_sentence_as_before(server: HttpServer, tmp_path: Path) -> None:
    with terminal(browse(tmp_path, server, "Never")) as there:
        there.sees("the session is over")
        assert b"has run out" not in there.drawn
        assert leave(there, lambda: there.type("q"))[:2] == (0, "")
