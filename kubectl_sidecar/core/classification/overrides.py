"""What the user decided about containers: by flag, or by annotation on the Pod template. The flag wins. What cannot be
followed is never followed in part, and is always said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kubectl_sidecar.core.classification.findings import OVERRIDE_PREFIX, Override
from kubectl_sidecar.core.workload import Workload

Decisions = Mapping[str, tuple[Override, str]]
"""What the user decided, by container: (decision, where it was read)."""
_NONE: tuple[Decisions, Sequence[str]] = ({}, ())


def decisions(workload: Workload, given: Mapping[str, Override] | None) -> tuple[Decisions, Sequence[str]]:
    """What the user decided, and sentences about what could not be followed."""
    metadata = workload.template.metadata
    annotations = metadata.annotations if metadata else None
    is_written = annotations is not None and OVERRIDE_PREFIX in " ".join(annotations)
    if not given and not is_written:
        return _NONE
    decided: dict[str, tuple[Override, str]] = {}
    complaints: list[str] = []
    written = [item for item in (annotations or {}).items() if item[0].startswith(OVERRIDE_PREFIX)]
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
    for name, decision in (given or {}).items():
        if name in names:
            decided[name] = (decision, f"--container {name}={decision}")
        else:
            complaints.append(f"--container {name[:63]}={decision} names no container of this Pod; it changes nothing.")
    return decided, complaints
