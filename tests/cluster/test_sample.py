"""Every manifest of the sample is one that a real API server accepts, with fieldValidation=Strict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kubectl_sidecar.sources.sample import sample_manifests
from tests.cluster.control_plane import ControlPlane

pytestmark = pytest.mark.cluster


def test_a_real_api_server_accepts_the_sample(cluster: ControlPlane) -> None:
    objects = sample_manifests()
    for namespace in {str(o["metadata"]["namespace"]) for o in objects if "namespace" in o["metadata"]}:
        if cluster.kubectl("get", "namespace", namespace, check=False).returncode:
            cluster.kubectl("create", "namespace", namespace)
    wanted: Mapping[str, Any] = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [o for o in objects if o["kind"] != "Namespace"],
    }
    answer = cluster.kubectl(
        "create", "--dry-run=server", "--validate=strict", "-o=name", "-f", "-", input=json.dumps(wanted)
    )
    assert len(answer.stdout.split()) == len(wanted["items"])
    assert answer.stderr == ""
