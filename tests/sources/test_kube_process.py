"""What needs a process of its own: the terminal that an exec plugin may use, Ctrl-C, and the end of the process while a
server says nothing."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.http_server import Answer, HttpServer, of_json
from tests.sources.kube_help import config, write

ASKING = """#!/bin/sh
printf 'Code: ' >&2
read -r code
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' "$code"
"""
CONNECT = "from kubectl_sidecar.sources.kube import connect\ncluster = connect(kubeconfig={file!r}, interactive={interactive})\n"


def asking_user(folder: Path, mode: str) -> dict[str, object]:
    script = folder / "ask"
    script.write_text(ASKING)
    script.chmod(0o700)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./ask", "interactiveMode": mode}}


@contextlib.contextmanager
def process(code: str, **streams: object) -> Iterator[subprocess.Popen[bytes]]:
    """A Python of its own that runs `code`; killed if it still runs when the block ends."""
    started: subprocess.Popen[bytes] = subprocess.Popen([sys.executable, "-W", "error", "-c", code], **streams)  # type: ignore[call-overload]
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("mode", ["Always", "IfAvailable"])
def test_plugin_may_ask_on_the_terminal(mode: str, server: HttpServer, tmp_path: Path) -> None:
    server.answers(of_json({"gitVersion": "v1.35.4"}))
    file = write(tmp_path / "kubeconfig", config(server.url, asking_user(tmp_path, mode)))
    ours, theirs = pty.openpty()
    code = CONNECT.format(file=file, interactive=True) + "print(cluster.version())"
    try:
        with process(code, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as started:
            said = b""
            while b"Code: " not in said:
                said += os.read(ours, 100)
            os.write(ours, b"s3cret\n")
            out, _ = started.communicate(timeout=30)
    finally:
        os.close(ours)
        os.close(theirs)
    assert out == b"v1.35.4\n"
    assert server.seen[0].value("Authorization") == "Bearer s3cret"


def test_plugin_does_not_get_our_standard_input(server: HttpServer, tmp_path: Path) -> None:
    """It may be a manifest on its way to us."""
    file = write(tmp_path / "kubeconfig", config(server.url, asking_user(tmp_path, "IfAvailable")))
    code = (
        "import sys\nfrom kubectl_sidecar.errors import CredentialsError\n"
        f"try:\n    {CONNECT.format(file=file, interactive=False).replace(chr(10), chr(10) + '    ')}\n"
        "except CredentialsError as error:\n    print(error)\nprint(sys.stdin.read())"
    )
    with process(code, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        out, _ = started.communicate(b"kind: Deployment", timeout=30)
    assert b"gave no credentials" in out or b"failed with exit code" in out
    assert out.endswith(b"kind: Deployment\n")
    assert server.seen == []


def until_asked(server: HttpServer, started: subprocess.Popen[bytes]) -> None:
    """Waits until the process said that it is about to ask, and the server has its request."""
    assert started.stdout is not None
    assert started.stdout.readline() == b"asking\n"
    assert server.asked.wait(30)


def test_ctrl_c_ends_a_request_that_hangs(server: HttpServer, tmp_path: Path) -> None:
    server.answers(Answer(fault="hang"))
    file = write(tmp_path / "kubeconfig", config(server.url))
    code = CONNECT.format(file=file, interactive=False) + (
        "print('asking', flush=True)\ntry:\n    cluster.version()\nexcept KeyboardInterrupt:\n    print('stopped')\n"
    )
    with process(code, stdout=subprocess.PIPE) as started:
        until_asked(server, started)
        started.send_signal(signal.SIGINT)
        out, _ = started.communicate(timeout=10)
    assert (out, started.returncode) == (b"stopped\n", 0)


def test_process_ends_while_a_daemon_thread_waits_for_the_server(server: HttpServer, tmp_path: Path) -> None:
    server.answers(Answer(fault="hang"))
    file = write(tmp_path / "kubeconfig", config(server.url))
    code = CONNECT.format(file=file, interactive=False) + (
        "import sys, threading\nthreading.Thread(target=cluster.version, daemon=True).start()\n"
        "print('asking', flush=True)\nsys.stdin.readline()\n"
    )
    with process(code, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        until_asked(server, started)
        started.communicate(b"end\n", timeout=10)
    assert started.returncode == 0
