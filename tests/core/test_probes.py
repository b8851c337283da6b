"""Which startupProbe is offered, and which never."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.pod.probes import TIMINGS, derived_startup_probe
from kubectl_sidecar.core.recipes.recipe import Match, Recipe, StartupProbe
from tests.core.judging import AGENT, DB_PROXY, GUARD, SHIPPER, app, helper, plan, pod_object, workload

READY = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 2020}}}
CHECK = {"exec": {"command": ["check", "me"]}}
UPSTREAM = {"args": ["--upstream=http://127.0.0.1:8080"], "ports": [{"containerPort": 4180}]}

TABLE: dict[str, tuple[dict[str, Any], Recipe | None, dict[str, Any] | None, str]] = {
    "the recipe's, with what it requires": (
        helper(args=["--health-check"]),
        DB_PROXY,
        {"httpGet": {"path": "/startup", "port": 9090}},
        "recipe db-proxy",
    ),
    "the recipe's, on the port that is set": (
        helper(args=["--health-check", "--http-port=9999"]),
        DB_PROXY,
        {"httpGet": {"path": "/startup", "port": 9999}},
        ":9999/startup",
    ),
    "the recipe's requires something that is not set": (helper(), DB_PROXY, None, "no safe startupProbe is known"),
    "its own readiness": (helper(**READY), None, {"httpGet": {"path": "/ready", "port": 2020}}, "as its readinessProbe asks"),
    "its own readiness where the recipe's does not fit": (helper(**READY), DB_PROXY, {"httpGet": {"path": "/ready", "port": 2020}}, "readinessProbe"),
    "readiness with all its fields": (
        helper(readinessProbe={"httpGet": {"port": 1, "httpHeaders": [{"name": "Host", "value": "x"}], "scheme": "HTTPS"}, "timeoutSeconds": 3}),
        None,
        {"httpGet": {"port": 1, "scheme": "HTTPS", "httpHeaders": [{"name": "Host", "value": "x"}]}, "timeoutSeconds": 3},
        "readinessProbe",
    ),
    "readiness by a command": (helper(readinessProbe=CHECK), None, CHECK, '"check me"'),
    "readiness over TCP": (helper(readinessProbe={"tcpSocket": {"port": 5}}), None, {"tcpSocket": {"port": 5}}, "tcpSocket :5"),
    "readiness over gRPC": (helper(readinessProbe={"grpc": {"port": 5}}), None, {"grpc": {"port": 5}}, "grpc :5"),
    "readiness that asks the app": (helper(readinessProbe={"httpGet": {"port": 8080}}), None, None, "which app serves"),
    "readiness that names the app's port": (helper(readinessProbe={"httpGet": {"port": "http"}}), None, None, "which app declares"),
    "readiness that the recipe says needs the app": (
        helper(readinessProbe={"httpGet": {"port": 3501, "path": "/ready-with-app"}}),
        AGENT,
        None,
        "only when the app is up",
    ),
    "readiness through the proxy": (helper(**UPSTREAM, readinessProbe={"httpGet": {"port": 4180}}), GUARD, None, "answered by the app behind"),
    "readiness through a proxy that nobody knows": (
        helper(**UPSTREAM, readinessProbe={"httpGet": {"port": 4180}}),
        None,
        None,
        "answered by the app behind",
    ),
    "readiness through the proxy by a path of health": (
        helper(**UPSTREAM, readinessProbe={"httpGet": {"port": 4180, "path": "/shop/health"}}),
        GUARD,
        None,
        "answered by the app behind",
    ),
    "readiness that looks at the app": (
        helper(readinessProbe={"httpGet": {"port": 9100, "path": "/scrape?target=localhost:8080"}}),
        None,
        None,
        "look at localhost:8080",
    ),
    "a helper that waits for the app": (
        helper(command=["sh", "-c", "until nc -z localhost 8080; do sleep 1; done; exec tool"], **READY),
        None,
        None,
        "waits for port 8080",
    ),
    "it has one": (helper(startupProbe={"tcpSocket": {"port": 1}}), DB_PROXY, None, "of its own"),
    "nothing is known": (helper(), None, None, "no readinessProbe"),
    "an empty probe": (helper(readinessProbe={}), None, None, "no action"),
}  # fmt: skip


@pytest.mark.parametrize(("container", "recipe", "probe", "words"), TABLE.values(), ids=TABLE)
def test_the_table(container: dict[str, Any], recipe: Recipe | None, probe: dict[str, Any] | None, words: str) -> None:
    subject = workload(pod_object(app(), container))
    derived, reason = derived_startup_probe(subject.spec.main_list[1], recipe, subject.spec)
    assert derived == ({**probe, **TIMINGS} if probe is not None else None)
    assert words in reason


REQUIRES: dict[str, tuple[Match, dict[str, Any], bool]] = {
    "nothing": (Match(), helper(), True),
    "a port": (Match(ports=(2020,)), helper(ports=[{"containerPort": 2020}]), True),
    "another port": (Match(ports=(2020,)), helper(ports=[{"containerPort": 2021}]), False),
    "a word": (Match(args=("--health",)), helper(args=["--health"]), True),
    "a command": (Match(command=("agent run",)), helper(command=["agent"], args=["run"]), True),
    "a variable": (Match(env=("HEALTH",)), helper(env=[{"name": "HEALTH", "value": "1"}]), True),
    "a variable's value": (Match(env=("HEALTH=1",)), helper(env=[{"name": "HEALTH", "value": "0"}]), False),
    "a mount": (Match(mounts=("/etc/agent",)), helper(volumeMounts=[{"name": "x", "mountPath": "/etc/agent"}]), True),
    "all groups": (Match(args=("--health",), ports=(1,)), helper(args=["--health"]), False),
}


@pytest.mark.parametrize(("match", "container", "fits"), REQUIRES.values(), ids=REQUIRES)
def test_a_recipes_probe_needs_all_that_it_requires(match: Match, container: dict[str, Any], fits: bool) -> None:
    recipe = replace(SHIPPER, startup_probe=StartupProbe({"tcpSocket": {"port": 1}}, match))
    subject = workload(pod_object(app(), container))
    derived, _ = derived_startup_probe(subject.spec.main_list[1], recipe, subject.spec)
    assert (derived is not None) is fits


def test_none_that_a_proxy_passes_on() -> None:
    for path, safe in (("/", False), ("/healthz", True)):
        proxy = helper(ports=[{"containerPort": 443}], readinessProbe={"httpGet": {"port": 443, "path": path}})
        subject = workload(pod_object(app(), proxy))
        derived, _ = derived_startup_probe(subject.spec.main_list[1], GUARD, subject.spec)
        assert (derived is not None) is safe


def test_none_that_another_helper_has_to_answer() -> None:
    subject = workload(
        pod_object(app(), helper(readinessProbe={"tcpSocket": {"port": 7}}), helper("b", ports=[{"containerPort": 7}]))
    )
    derived, reason = derived_startup_probe(subject.spec.main_list[1], None, subject.spec)
    assert derived is None
    assert "port 7, which b serves" in reason


SHARED = {"volumes": [{"name": "shared", "emptyDir": {}}]}
MOUNT = {"volumeMounts": [{"name": "shared", "mountPath": "/s"}]}
FILE_READY = {"readinessProbe": {"exec": {"command": ["cat", "/s/up"]}}}


def test_none_from_a_file_that_only_the_app_can_have_made() -> None:
    mine = {"volumeMounts": [{"name": "shared", "mountPath": "/s", "readOnly": True}]}
    for extra, init, safe in ((mine, [], False), (MOUNT, [], True), (mine, [{"name": "fill", **MOUNT}], True)):
        subject = workload(pod_object(app(**MOUNT), helper(**FILE_READY, **extra), init=init, spec=SHARED))
        derived, _ = derived_startup_probe(subject.spec.main_list[1], None, subject.spec)
        assert (derived is not None) is safe


def test_the_plan_adds_it_only_when_asked() -> None:
    obj = pod_object(app(), helper(**READY))
    assert "startupProbe" not in plan(obj).after["spec"]["initContainers"][0]
    asked = plan(obj, options=PlanOptions(startup_probe="auto"))
    assert asked.after["spec"]["initContainers"][0]["startupProbe"]["periodSeconds"] == 1
    assert next(r for r in asked.removals if r.problem.id == "start-race").effect == "removed"
    assert not [r for r in asked.risks if r.id in ("startup-probe-slow", "probe-needs-app")]
