"""The contract, held by the API server in memory."""

import pytest

from kubectl_sidecar.sources.memory import MemoryCluster
from tests.contract.contract import CASES, Case, Stage


@pytest.fixture
def stage() -> Stage:
    def namespace(name: str) -> dict[str, object]:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}

    cluster = MemoryCluster([namespace("one"), namespace("two")])
    stranger = MemoryCluster(rights=lambda *_: False, user="viewer")
    return Stage(cluster, stranger, "one", "two", cluster.put)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_contract(case: Case, stage: Stage) -> None:
    case(stage)
