"""What is read of the surroundings of a workload, from plain objects as the API server gives them; and the state in one word."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_sidecar.core.classification.findings import (
    Confidence,
    ContainerPast,
    End,
    Finding,
    Role,
    ServicePorts,
    Surroundings,
    state_of,
)
from kubectl_sidecar.core.facts import Facts
from tests.core.classifying import c, workload

SHOP = workload(c("app"), labels={"app": "shop", "tier": "front"})


def service(name: str, selector: Any, *targets: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"selector": selector, "ports": [{"port": 1, "targetPort": t} for t in targets]},
    }


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ((service("a", {"app": "shop"}, 80, "http"),), (ServicePorts("a", (80, "http")),)),
        ((service("a", {"app": "shop", "tier": "back"}, 80),), ()),
        ((service("a", {}, 80), service("b", None, 80)), ()),
        (
            ({"metadata": {"name": "a"}, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 7}]}},),
            (ServicePorts("a", (7,)),),
        ),
        (
            ({}, {"spec": None}, {"spec": {"selector": {"app": "shop"}, "ports": [None, {"targetPort": None}]}}),
            (ServicePorts("", ()),),
        ),
    ],
    ids=["selects", "another tier", "no selector", "target is the port", "odd"],
)
def test_services_that_select_the_workload(
    services: tuple[dict[str, Any], ...], expected: tuple[ServicePorts, ...]
) -> None:
    assert Surroundings.of(SHOP, Facts(services=services)).services == expected


def test_what_was_not_read_stays_unknown() -> None:
    assert Surroundings.of(SHOP, Facts()) == Surroundings()


def pod(created: str, *statuses: Any, name: str = "app") -> dict[str, Any]:
    return {
        "metadata": {"creationTimestamp": created},
        "spec": {"containers": [{"name": name}]},
        "status": {"containerStatuses": list(statuses)},
    }


def test_the_newest_pod_serves_for_the_comparison() -> None:
    pods = (
        pod("2026-01-01T00:00:00Z", name="old"),
        pod("2026-01-02T00:00:00Z", name="new"),
        pod("2025-01-01T00:00:00Z", name="older"),
    )
    found = Surroundings.of(SHOP, Facts(pods=pods)).pod
    assert found is not None
    assert found.spec is not None
    assert found.spec.main_list[0].name == "new"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            {"name": "a", "restartCount": 2, "state": {"running": {"startedAt": "1970-01-01T00:01:40Z"}}},
            ContainerPast("a", restarts=2, started_at=100, running=True),
        ),
        (
            {"name": "a", "state": {"terminated": {"exitCode": 0, "startedAt": "1970-01-01T00:00:07Z"}}},
            ContainerPast("a", started_at=7, exit_code=0, end=End(0, started_at=7)),
        ),
        ({"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}, ContainerPast("a")),
        ({"state": None, "restartCount": "x"}, ContainerPast("")),
        ({"name": "a", "state": {"running": {"startedAt": "yesterday"}}}, ContainerPast("a", running=True)),
    ],
    ids=["running", "ended", "waiting", "odd", "odd time"],
)
def test_what_a_container_did(status: dict[str, Any], expected: ContainerPast) -> None:
    assert Surroundings.of(SHOP, Facts(pods=(pod("x", status),))).pasts == ((expected,),)


def test_an_odd_pod_is_no_ground_to_judge_by() -> None:
    odd = {"spec": {"containers": [{"name": 7}]}, "status": {"containerStatuses": "x"}}
    assert Surroundings.of(SHOP, Facts(pods=(odd,))) == Surroundings(pasts=((),))


def finding(role: Role, confidence: Confidence = "certain", injected: bool = False, init: bool = False) -> Finding:
    return Finding("x", "initContainers" if init else "containers", 0, role, confidence, injected=injected)


@pytest.mark.parametrize(
    ("findings", "state"),
    [
        ([finding("main")], "none"),
        ([finding("main"), finding("init", init=True)], "none"),
        ([finding("main"), finding("peer")], "none"),
        ([finding("main"), finding("sidecar", "likely")], "classic"),
        ([finding("main"), finding("sidecar"), finding("native-sidecar", init=True)], "mixed"),
        ([finding("main"), finding("sidecar", injected=True)], "injected"),
        ([finding("main"), finding("sidecar", injected=True), finding("sidecar")], "classic"),
        ([finding("main"), finding("native-sidecar", init=True)], "native"),
        ([finding("main"), finding("sidecar", "possible")], "unsure"),
        ([finding("unknown", "possible"), finding("unknown", "possible")], "unsure"),
        ([], "none"),
    ],
)
def test_the_state_in_one_word(findings: list[Finding], state: str) -> None:
    assert state_of(findings) == state
