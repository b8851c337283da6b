"""What refuses a change in place because of owner or kind is the reason to change the source; every other refusal holds there too."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubectl_sidecar.actions.migrate import MigrateOptions
from kubectl_sidecar.actions.source import for_source
from kubectl_sidecar.core.planning.policy import PolicyOptions
from tests.actions.world import APP, SHIPPER, workload, world

ASK = PolicyOptions()
HELM: dict[str, Any] = {"annotations": {"meta.helm.sh/release-name": "front"}}
WAITING: dict[str, Any] = copy.deepcopy(SHIPPER)
WAITING["lifecycle"] = {
    "postStart": {"exec": {"command": ["sh", "-c", "until nc -z localhost 8080; do sleep 1; done"]}}
}


@pytest.mark.parametrize(
    ("kind", "metadata", "containers", "here", "there"),
    [
        ("deploy", {}, (APP, SHIPPER), "ask", "ask"),
        ("deploy", HELM, (APP, SHIPPER), "refuse", "ask"),
        ("pod", {}, (APP, SHIPPER), "refuse", "ask"),
        ("job", {}, (APP, SHIPPER), "refuse", "ask"),
        ("deploy", HELM, (APP, WAITING), "refuse", "refuse"),
        ("pod", {}, (APP, WAITING), "refuse", "refuse"),
        ("deploy", HELM, (APP,), "nothing", "nothing"),
    ],
)
def test_the_verdict_in_place_and_for_the_source(
    kind: str, metadata: dict[str, Any], containers: tuple[Any, ...], here: str, there: str
) -> None:
    obj = workload(kind, metadata=metadata, containers=containers)
    prepared = world(obj).prepare(kind, MigrateOptions(policy=ASK))
    assert (prepared.verdict.decision, for_source(prepared, ASK).verdict.decision) == (here, there)


def test_what_the_server_refuses_is_refused_for_the_source_too() -> None:
    prepared = world(workload(metadata=HELM), version="v1.28.3").prepare(options=MigrateOptions(policy=ASK))
    assert for_source(prepared, ASK).verdict.decision == "refuse"
