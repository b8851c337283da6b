"""What hooks do, and which preStop sleep the plan takes away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kubectl_sidecar.core.pod.hooks import (
    hook_effect,
    least_seconds,
    pre_stop_effect,
    removable_pre_stop,
    sleep_seconds,
)
from kubectl_sidecar.core.recipes.recipe import HookEffect, HookMeaning, Recipe
from kubectl_sidecar.core.workload import Container, Hook
from tests.core.judging import DB_PROXY, GUARD, KNOWN, SHIPPER, app, found, helper, plan, pod_object, workload
from tests.core.risk_parts import DENIED, service


def run(*command: str) -> dict[str, Any]:
    return {"exec": {"command": list(command)}}


def hook(action: dict[str, Any] | None) -> Hook | None:
    return msgspec.convert(action, Hook) if action is not None else None


SLEEPS: dict[str, tuple[dict[str, Any] | None, float | None]] = {
    "sleep": (run("sleep", "15"), 15),
    "/bin/sleep": (run("/bin/sleep", "15s"), 15),
    "sh -c": (run("sh", "-c", "sleep 20"), 20),
    "bash -c with quotes": (run("/bin/bash", "-c", "'sleep 5'"), 5),
    "exec sleep": (run("sh", "-c", "exec sleep 5;"), 5),
    "a minute": (run("sleep", "1m"), 60),
    "the field": ({"sleep": {"seconds": 7}}, 7),
    "more than a sleep": (run("sh", "-c", "sleep 5; nginx -s quit"), None),
    "a loop": (run("sh", "-c", "while pgrep app; do sleep 1; done"), None),
    "another command": (run("sleepy", "5"), None),
    "a request": ({"httpGet": {"port": 1, "path": "/sleep"}}, None),
    "none": (None, None),
}


@pytest.mark.parametrize(("action", "seconds"), SLEEPS.values(), ids=SLEEPS)
def test_a_pure_sleep(action: dict[str, Any] | None, seconds: float | None) -> None:
    assert sleep_seconds(hook(action)) == seconds


LEAST: dict[str, tuple[dict[str, Any] | None, float]] = {
    "a sleep and more": (run("sh", "-c", "sleep 10; nginx -s quit; sleep 2"), 12),
    "a loop may end at once": (run("sh", "-c", "while true; do sleep 100; done"), 0),
    "a sleep": (run("sleep", "3"), 3),
    "none": (None, 0),
}


MORE = {
    "sleep 15s && nginx -s quit": 15,
    "nginx -s quit; sleep 1m": 60,
    "sleep 2.5; sync": 2.5,
    "echo waiting for endpoints; sleep 15": 15,
    "sleep '15'; sync": 15,
    "sleep 5; while pgrep app; do sleep 1; done; sleep 2": 7,
    "if true; then for i in 1 2; do sleep 1; done; fi; sleep 3": 3,
    "while pgrep app; do sleep 1": 0,
    "sleep $TIME; sync": 0,
    "python -c 'import time; time.sleep(15)'": 15,
    "sleep 10min; sync": 0,
}
LEAST |= {text: (run("sh", "-c", text), seconds) for text, seconds in MORE.items()}


@pytest.mark.parametrize(("action", "seconds"), LEAST.values(), ids=LEAST)
def test_how_long_a_hook_takes_at_least(action: dict[str, Any] | None, seconds: float) -> None:
    assert least_seconds(hook(action)) == seconds


KNOWS = replace(SHIPPER, hooks=(HookMeaning("*shipctl rotate*", "flush"), HookMeaning("/bye", "exit")))
EFFECTS: dict[str, tuple[dict[str, Any] | None, Recipe | None, HookEffect | None]] = {
    "sleep": (run("sleep", "5"), None, "delay"),
    "the sleep field": ({"sleep": {"seconds": 5}}, None, "delay"),
    "nginx quits": (run("nginx", "-s", "quit"), None, "exit"),
    "sleep and quit": (run("sh", "-c", "sleep 5 && nginx -s quit"), None, "exit"),
    "kill 1": (run("sh", "-c", "kill 1"), None, "exit"),
    "kill -TERM 1": (run("sh", "-c", "kill -TERM 1"), None, "exit"),
    "pkill": (run("pkill", "envoy"), None, "exit"),
    "killall -INT": (run("killall", "-INT", "proxy"), None, "exit"),
    "a reload": (run("sh", "-c", "kill -HUP 1"), None, None),
    "a reload, spelled out": (run("sh", "-c", "kill -s HUP 1"), None, None),
    "a reload by name": (run("pkill", "-x", "-SIGHUP", "proxy"), None, None),
    "kill -s TERM": (run("sh", "-c", "kill -s TERM 1"), None, "exit"),
    "a supervisor": (run("supervisorctl", "stop", "all"), None, "exit"),
    "another supervisor": (run("s6-svscanctl", "-t", "/run/s6"), None, "exit"),
    "Python kills": (run("python3", "-c", "import os; os.kill(1, 15)"), None, "exit"),
    "httpd": (run("apachectl", "-k", "graceful-stop"), None, "exit"),
    "a database": (run("pg_ctl", "stop", "-m", "fast"), None, "exit"),
    "a path to quit": ({"httpGet": {"port": 1, "path": "/quit"}}, None, "exit"),
    "a path that only sounds like it": ({"httpGet": {"port": 1, "path": "/quit-rate"}}, None, None),
    "drain, then end": (run("sh", "-c", "curl -XPOST localhost:1/healthcheck/fail; sleep 9; kill 1"), None, "exit"),
    "a count": (run("sh", "-c", "while [ $i -lt 5 ]; do sleep 1; done"), None, None),
    "wait for a file": (run("sh", "-c", "until [ -f /s/gone ]; do sleep 1; done"), None, "wait-for-app"),
    "quitquitquit": (run("curl", "-XPOST", "localhost:9091/quitquitquit"), None, "exit"),
    "quitquitquit over httpGet": ({"httpGet": {"port": 9091, "path": "/quitquitquit"}}, None, "exit"),
    "a quit endpoint of the recipe": ({"httpGet": {"port": 9091, "path": "/quitquitquit"}}, DB_PROXY, "exit"),
    "umount": (run("umount", "/data"), None, "exit"),
    "drain": (run("curl", "-XPOST", "localhost:9901/healthcheck/fail"), None, "drain"),
    "drain by signal": (run("killall", "-USR2", "kuma-dp"), None, "drain"),
    "revoke": (run("vault", "token", "revoke", "-self"), None, "revoke"),
    "wait for the app": (run("sh", "-c", "while netstat -tnl | grep 8080; do sleep 1; done"), None, "wait-for-app"),
    "flush": (run("curl", "localhost:1/flushBuffers"), None, "flush"),
    "the recipe's word": (run("sh", "-c", "shipctl rotate"), KNOWS, "flush"),
    "the recipe's path": ({"httpGet": {"port": 1, "path": "/bye"}}, KNOWS, "exit"),
    "nobody knows": (run("tidy-up"), None, None),
    "none": (None, None, None),
}


@pytest.mark.parametrize(("action", "recipe", "effect"), EFFECTS.values(), ids=EFFECTS)
def test_what_a_hook_does(action: dict[str, Any] | None, recipe: Recipe | None, effect: HookEffect | None) -> None:
    assert hook_effect(hook(action), recipe) == effect


SLEEP = {"lifecycle": {"preStop": run("sleep", "15")}}
PORT = {"ports": [{"containerPort": 9000, "name": "side"}]}
ASKED, NAMED = {"readinessProbe": {"httpGet": {"port": 9000}}}, {"livenessProbe": {"httpGet": {"port": "side"}}}
REMOVES: dict[str, tuple[dict[str, Any], Recipe | None, Any, bool, str]] = {
    "nothing comes in through it": (helper(**SLEEP), SHIPPER, KNOWN, True, "15 s goes"),
    "it has a port that nobody asks": (helper(**SLEEP, **PORT), DB_PROXY, KNOWN, True, "goes"),
    "users come in through it": (helper(**SLEEP), GUARD, KNOWN, False, "users come in"),
    "a Service sends to its port": (helper(**SLEEP, **PORT), None, replace(KNOWN, services=(service(9000),)), False, "Service shop"),
    "a Service sends to its port's name": (helper(**SLEEP, **PORT), None, replace(KNOWN, services=(service("side"),)), False, "Service shop"),
    "a Service sends to another port": (helper(**SLEEP, **PORT), None, replace(KNOWN, services=(service(8080),)), True, "goes"),
    "whether one does is not known": (helper(**SLEEP, **PORT), None, replace(KNOWN, services=DENIED), False, "no right"),
    "not known, but it has no port": (helper(**SLEEP), None, replace(KNOWN, services=DENIED), True, "goes"),
    "its readiness probe asks its port": (helper(**SLEEP, **PORT, **ASKED), None, KNOWN, False, "a probe of helper"),
    "its probe asks its port by name": (helper(**SLEEP, **PORT, **NAMED), None, KNOWN, False, "a probe of helper"),
    "no hook": (helper(), None, KNOWN, False, ""),
    "another hook": (helper(lifecycle={"preStop": run("flush")}), None, KNOWN, False, ""),
}  # fmt: skip


@pytest.mark.parametrize(("container", "recipe", "facts", "removes", "words"), REMOVES.values(), ids=REMOVES)
def test_which_sleep_goes(
    container: dict[str, Any], recipe: Recipe | None, facts: Any, removes: bool, words: str
) -> None:
    subject = workload(pod_object(app(), container))
    finding = found(subject, {"helper": recipe})[1]
    goes, reason = removable_pre_stop(subject.spec.main_list[1], finding, subject.spec, facts, workload=subject)
    assert goes is removes
    assert words in reason
    assert bool(reason) is bool(words)


def test_the_apps_probe_through_the_helper_keeps_its_sleep() -> None:
    asks = app(readinessProbe={"httpGet": {"port": 9000}})
    subject = workload(pod_object(asks, helper(**SLEEP, **PORT)))
    finding = found(subject, {"helper": None})[1]
    assert "a probe of app" in removable_pre_stop(subject.spec.main_list[1], finding, subject.spec, KNOWN)[1]


def test_only_services_of_this_workload_count() -> None:
    other = {"metadata": {"name": "other"}, "spec": {"selector": {"app": "other"}, "ports": [{"port": 9000}]}}
    subject = workload(pod_object(app(), helper(**SLEEP, **PORT)))
    finding, facts = found(subject, {"helper": None})[1], replace(KNOWN, services=(other,))
    assert removable_pre_stop(subject.spec.main_list[1], finding, subject.spec, facts, workload=subject)[0]


def test_the_plan_takes_the_sleep_and_leaves_the_apps_alone() -> None:
    after = plan(pod_object(app(**SLEEP), helper(**SLEEP)), {"helper": SHIPPER}).after
    assert "lifecycle" not in after["spec"]["initContainers"][0]
    assert after["spec"]["containers"][0]["lifecycle"] == SLEEP["lifecycle"]


def test_a_file_that_its_own_command_waits_for_ends_it() -> None:
    def effect(command: str, stop: str, recipe: Recipe | None = None) -> HookEffect | None:
        fields = {"command": ["sh", "-c", command], "lifecycle": {"preStop": run("sh", "-c", stop)}}
        return pre_stop_effect(msgspec.convert({"name": "c", **fields}, Container), recipe)

    loop = "while true; do [ -f /t/stop ] && exit 0; sleep 1; done"
    assert effect(loop, "touch /t/stop") == "exit"
    assert effect(loop, "touch /t/other") is None
    assert effect("exec tool", "touch /t/stop") is None
    assert effect(loop, "shipctl rotate; touch /t/stop", KNOWS) == "exit"
    assert effect(loop, "sleep 5") == "delay"
