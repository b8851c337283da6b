"""The real program on a real (pseudo) terminal: it comes up, is left at once although its server hangs, and gives the terminal
back with the last word below. (Textual draws on stderr, so that is the terminal too.)"""

from __future__ import annotations

import signal

import pytest

from tests.tui.terminal import leave, terminal

MAIN = """
import threading
from tests.tui.stage import stage
from kubectl_sidecar.tui.app import run
on = stage()
session = on.app.session
{before}
raise SystemExit(run(cluster=on.cluster, journal=on.journal, index=session.index, clock=on.clock, scope=session.scope))
"""
HANGS = "on.cluster.hooks.append(lambda request: threading.Event().wait())"
HANGS_IN_THE_PATCH = """
def hang(request):
    if request.verb == "patch" and not request.dry_run:
        threading.Event().wait()
on.cluster.hooks.append(hang)
"""


def main(before: str) -> str:
    """The program on the stage, with code that runs before it opens."""
    return MAIN.format(before=before)


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
def test_the_process_is_gone_at_once_although_the_server_hangs(key: str) -> None:
    with terminal(main(HANGS)) as there:
        there.sees("loading")
        code, said, seconds = leave(there, lambda: there.type(key))
        assert (code, said) == (0, "")
        assert seconds < 1.0  # 0.06 on a machine with nothing else to do


def test_leaving_waits_for_no_look_of_the_thread_that_reads_keys() -> None:
    looks_up_once_an_hour = "from kubectl_sidecar.tui.driver import PromptDriver; PromptDriver.TICK_SECONDS = 3600.0"
    with terminal(main(f"{looks_up_once_an_hour}\n{HANGS}")) as there:
        there.sees("loading")
        code, said, _ = leave(there, lambda: there.type("q"))
        assert (code, said) == (0, "")


def test_leaving_in_the_patch_is_said_below() -> None:
    with terminal(main(HANGS_IN_THE_PATCH)) as there:
        there.sees("complete")
        there.type("/")
        there.sees("-l label=value")
        there.type("checkout\r")
        there.sees("statefulset/checkout")
        there.type("m")
        there.sees("Verdict")
        there.type("m")
        there.sees("Patch 1")
        there.type("y")
        there.sees("sending the patch")
        code, said, _ = leave(there, lambda: there.type("q"))
        assert code == 0
        assert "is not known" in said
        assert "kubectl sidecar undo" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_as_q_does(number: signal.Signals) -> None:
    with terminal(main(HANGS)) as there:
        there.sees("loading")
        code, said, _ = leave(there, lambda: there.process.send_signal(number))
        assert (code, said) == (0, "")
