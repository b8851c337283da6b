"""What the user decided wins over every evidence, and is evidence itself; what cannot be followed is said and changes nothing."""

from __future__ import annotations

import pytest

from kubectl_sidecar.core.classification.findings import Override
from tests.core.classifying import c, judge, one, roles, workload

FIRST, SECOND = c("first"), c("log-shipper", "acme/shipper:1")
KEY = "kubectl-sidecar/"


@pytest.mark.parametrize("by", ["flag", "annotation"])
@pytest.mark.parametrize(
    ("name", "decision", "expected"),
    [
        ("first", "main", {"first": "main", "log-shipper": "sidecar"}),
        ("log-shipper", "main", {"first": "unknown", "log-shipper": "main"}),
        ("first", "sidecar", {"first": "sidecar", "log-shipper": "main"}),
        ("log-shipper", "sidecar", {"first": "main", "log-shipper": "sidecar"}),
        ("log-shipper", "leave", {"first": "main", "log-shipper": "sidecar"}),
    ],
)
def test_a_decision_wins(by: str, name: str, decision: Override, expected: dict[str, str]) -> None:
    if by == "flag":
        findings = judge(workload(FIRST, SECOND), {name: decision})
    else:
        findings = judge(workload(FIRST, SECOND, annotations={KEY + name: decision}))
    assert roles(findings) == expected
    found = one(findings, name)
    assert found.override == decision
    assert found.evidence[0].weight == "decisive"
    assert found.evidence[0].rule == "user"
    assert found.confidence == "certain" or decision == "leave"


def test_the_flag_wins_over_the_annotation() -> None:
    findings = judge(workload(FIRST, SECOND, annotations={f"{KEY}log-shipper": "main"}), {"log-shipper": "sidecar"})
    assert one(findings, "log-shipper").role == "sidecar"
    assert one(findings, "log-shipper").evidence[0].path.startswith("--container")


@pytest.mark.parametrize(
    ("annotations", "overrides", "says"),
    [
        ({f"{KEY}first": "helper"}, {}, "unknown value"),
        ({f"{KEY}nobody": "sidecar"}, {}, "names no container"),
        ({}, {"nobody": "sidecar"}, "names no container"),
    ],
)
def test_what_cannot_be_followed_changes_nothing(
    annotations: dict[str, str], overrides: dict[str, Override], says: str
) -> None:
    plain, findings = judge(workload(FIRST, SECOND)), judge(workload(FIRST, SECOND, annotations=annotations), overrides)
    assert roles(findings) == roles(plain)
    assert says in findings[0].would_raise


def test_the_only_container_stays_the_main() -> None:
    (found,) = judge(workload(FIRST), {"first": "sidecar"})
    assert (found.role, found.override) == ("main", None)
    assert "only container" in found.would_raise


def test_not_all_can_be_sidecars() -> None:
    findings = judge(workload(FIRST, SECOND), {"first": "sidecar", "log-shipper": "sidecar"})
    assert roles(findings) == roles(judge(workload(FIRST, SECOND)))
    assert all("not followed" in f.would_raise for f in findings)
