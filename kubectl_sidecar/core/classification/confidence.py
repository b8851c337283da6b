"""How sure a role is: a function of the evidence alone, never a made-up percentage."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_sidecar.core.classification.findings import Confidence, Evidence

_PROGRAM = frozenset({"family", "family-command"})


def confidence_of(evidence: Sequence[Evidence], against: Sequence[Evidence]) -> Confidence:
    """How sure a role is, by the facts alone:

    certain   a decisive fact, or two high ones with nothing against
    likely    one high fact, or two medium ones, with nothing against
    possible  anything less, or anything against

    Which program a container is, is one fact, be it told by image, name and command: alone it is never `certain`.
    """
    high = medium = 0
    program = False
    for one in evidence:
        weight = one.weight
        if weight == "high":
            is_program = one.rule in _PROGRAM
            high += not (program and is_program)
            program = program or is_program
        elif weight == "medium":
            medium += 1
        elif weight == "decisive":
            return "certain"
    if against:
        return "possible"
    if high:
        return "certain" if high >= 2 else "likely"
    return "likely" if medium >= 2 else "possible"
