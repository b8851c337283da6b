"""Taking stock of files."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_sidecar.actions.inspect.rows import Gap, Inventory, Row, Source, row_of
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.decode import decode_or_broken
from kubectl_sidecar.core.kinds import of_object
from kubectl_sidecar.sources.manifests import Manifest, Unreadable


def scan_files(manifests: Iterable[Manifest | Unreadable], index: RecipeIndex) -> Inventory:
    """The workloads of files, in the files' order. A file that does not parse becomes a gap."""
    rows: list[Row] = []
    gaps: list[Gap] = []
    for manifest in manifests:
        if isinstance(manifest, Unreadable):
            gaps.append(Gap(manifest.file, manifest.error))
            continue
        kind = of_object(manifest.value)
        if kind is not None:
            source = Source(file=manifest.file, document=manifest.document, item=manifest.item)
            rows.append(row_of(decode_or_broken(kind, manifest.value), index, source))
    return Inventory(tuple(rows), tuple(gaps))
