"""How sure a role is: a function of the evidence alone, never a made-up percentage."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_sidecar.core.findings import Confidence, Evidence


def confidence_of(evidence: Sequence[Evidence], against: Sequence[Evidence]) -> Confidence:
    """How sure a role is, by the facts alone:

    certain   a decisive fact, or two high ones with nothing against
    likely    one high fact, or two medium ones, with nothing against
    possible  anything less, or anything against
    """
    weights = [e.weight for e in evidence]
    if "decisive" in weights:
        return "certain"
    if against:
        return "possible"
    high = weights.count("high")
    if high:
        return "certain" if high >= 2 else "likely"
    return "likely" if weights.count("medium") >= 2 else "possible"
