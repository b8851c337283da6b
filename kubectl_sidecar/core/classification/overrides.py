"""What the user decided about containers: by flag, or by annotation on the Pod template. The flag wins. What cannot be
followed is never followed in part, and is always said."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from kubectl_sidecar.core.classification.findings import Override
from kubectl_sidecar.core.workload import Workload

OVERRIDE_PREFIX = "kubectl-sidecar/"
"""Annotation on the Pod template: `kubectl-sidecar/<container>: sidecar|main|leave`."""


def decisions(workload: Workload, given: Mapping[str, Override]) -> tuple[dict[str, tuple[Override, str]], list[str]]:
    """What the user decided, by container: (decision, where it was read); and sentences about what could not be followed."""
    decided: dict[str, tuple[Override, str]] = {}
    complaints: list[str] = []
    annotations = workload.template.annotations
    written: list[tuple[str, str | None]] = []
    if annotations and _any_written(tuple(annotations)):
        written = [item for item in annotations.items() if item[0].startswith(OVERRIDE_PREFIX)]
    if not given and not written:
        return decided, complaints
    names = {c.name for c in workload.spec.main_list}
    for key, value in written:
        name = key[len(OVERRIDE_PREFIX) :]
        if name not in names:
            complaints.append(f"The annotation {key[:120]} names no container of this Pod; it changes nothing.")
        elif value in ("sidecar", "main", "leave"):
            decided[name] = (value, f"metadata.annotations[{key}]")  # type: ignore[assignment]
        else:
            complaints.append(
                f"The annotation {key[:120]} has an unknown value (known: sidecar, main, leave); it changes nothing."
            )
    for name, decision in given.items():
        if name in names:
            decided[name] = (decision, f"--container {name}={decision}")
        else:
            complaints.append(f"--container {name[:63]}={decision} names no container of this Pod; it changes nothing.")
    return decided, complaints


@lru_cache(maxsize=1024)
def _any_written(keys: tuple[str, ...]) -> bool:
    """Clusters know few sets of keys, and nearly none has a decision in it."""
    return any(key.startswith(OVERRIDE_PREFIX) for key in keys)
