"""The real kubectl and this program read the same scalars out of a manifest."""

from __future__ import annotations

import json

from kubectl_sidecar.sources.manifests import Manifest, parse
from tests.cluster.control_plane import ControlPlane

SCALARS = (
    "22:22", "0777", "0o17", "0x1F", "0b11", "1_000", "+5", "-3", "1e3", "1.5", ".5", "1.", "089", "2001-01-01", "yes", "Yes", "on", "Off",
    "y", "N", "true", "TRUE", "~", "null", "Null", "1.2.3", "100m", "v1", "=", "'yes'", '"0777"', "1e", "0x", "--", ".", "12h", "1:2:3",
)  # fmt: skip


def test_scalars_are_read_as_kubectl_reads_them(cluster: ControlPlane) -> None:
    data = "".join(f"  k{number}: {text}\n" for number, text in enumerate(SCALARS))
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n{data}"
    said = cluster.kubectl("create", "-f", "-", "--dry-run=client", "--validate=false", "-o", "json", input=text).stdout
    (ours,) = parse(text.encode(), "-")
    assert isinstance(ours, Manifest)
    theirs = json.loads(said)["data"]
    assert {SCALARS[int(key[1:])]: value for key, value in ours.value["data"].items()} == {
        SCALARS[int(key[1:])]: value for key, value in theirs.items()
    }
