"""What `list` prints: a table that awk can read, names that every command takes, and data that keeps its contract."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kubectl_sidecar.actions.inspect import Inventory, Scope, scan, scan_files
from kubectl_sidecar.cli.targets import parse_targets
from kubectl_sidecar.core.classification.findings import state_of
from kubectl_sidecar.output.listing import list_data, list_table, names
from kubectl_sidecar.output.style import ansi, plain
from kubectl_sidecar.sources.manifests import parse
from kubectl_sidecar.sources.sample import sample_cluster
from kubectl_sidecar.sources.simulate import ManualClock
from tests.actions.world import INDEX

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/schemas/workload-list.json").read_text())
FILES = b"""kind: Deployment
apiVersion: apps/v1
metadata: {name: a}
spec: {template: {spec: {containers: [{name: app, image: x}, {name: fluent-bit, image: fluent/fluent-bit}]}}}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: b}
spec: {template: 5}
---
kind: List
items: [{kind: Pod, apiVersion: v1, metadata: {name: c}, spec: {}}]
"""


@pytest.fixture(scope="module")
def sample() -> Inventory:
    cluster, _ = sample_cluster(ManualClock())
    return scan(cluster, Scope(None), INDEX)


@pytest.fixture(scope="module")
def files() -> Inventory:
    return scan_files([*parse(FILES, "all.yaml"), *parse(b"a: [", "bad.yaml")], INDEX)


@pytest.mark.parametrize("which", ["sample", "files"])
def test_the_data_keeps_its_contract(which: str, request: pytest.FixtureRequest) -> None:
    data = list_data(request.getfixturevalue(which))
    jsonschema.validate(json.loads(json.dumps(data)), SCHEMA)
    assert data["items"]


def test_the_schema_can_fail(sample: Inventory) -> None:
    data = json.loads(json.dumps(list_data(sample)))
    data["items"][0]["state"] = "nonsense"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


def test_every_action_is_seen_somewhere_in_the_sample(sample: Inventory) -> None:
    seen = {c["action"] for item in list_data(sample)["items"] for c in item["containers"]}
    assert seen >= {"move", "flip-injector", "edit-owner", "leave", "ask"}


def test_the_table_can_be_cut_into_its_columns(sample: Inventory) -> None:
    lines = list(list_table(sample, wide=True, all_namespaces=True, no_header=False, paint=plain))
    header = lines[0].split()
    assert header == ["NAMESPACE", "KIND", "NAME", "STATE", "SIDECARS", "PROBLEMS", "OWNER", "CONTAINERS", "SOURCE"]
    assert len(lines) == len(sample.rows) + 1
    starts = [found.start() for found in re.finditer(r"\S+", lines[0])]
    for line, row in zip(lines[1:], sample.rows, strict=True):
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        assert cells[:4] == [row.namespace, row.kind.name, row.name, row.state]


def test_colour_changes_no_letter(sample: Inventory) -> None:
    painted = "\n".join(list_table(sample, wide=False, all_namespaces=True, no_header=False, paint=ansi))
    bare = "\n".join(list_table(sample, wide=False, all_namespaces=True, no_header=False, paint=plain))
    assert painted != bare
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == bare


def test_names_are_what_every_command_accepts(sample: Inventory) -> None:
    targets = [parse_targets([name], row.namespace)[0] for name, row in zip(names(sample), sample.rows, strict=True)]
    assert [(t.kind, t.name) for t in targets] == [(row.kind, row.name) for row in sample.rows]


def test_the_state_is_that_of_the_findings(sample: Inventory) -> None:
    assert all(row.state == state_of(row.findings) for row in sample.rows)
