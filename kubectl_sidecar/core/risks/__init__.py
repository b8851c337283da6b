"""What a migration would break, one function per risk, one module per theme. `RISKS` is the whole list; a function's key is
the id of what it emits, and rules.py has a page for each. A new risk is one function, one page and one row of a test's table.

blocker: the API server would refuse, or the Pod would not start or not do its work. caution: something behaves otherwise than
today and a person must know. note: worth a line. A fact that is not known never makes a risk disappear."""

from __future__ import annotations

from collections.abc import Mapping

from kubectl_sidecar.core.plan import Risk, Severity
from kubectl_sidecar.core.risks.context import Context, RiskFunction

__all__ = ["RISKS", "Context", "judge", "unknowns"]

RISKS: Mapping[str, RiskFunction] = {}

_ORDER: Mapping[Severity, int] = {"blocker": 0, "caution": 1, "note": 2}


def judge(context: Context) -> tuple[Risk, ...]:
    """All risks of a plan, the gravest first, each said once."""
    found = dict.fromkeys(risk for rule in RISKS.values() for risk in rule(context))
    return tuple(sorted(found, key=lambda risk: _ORDER[risk.severity]))


def unknowns(context: Context) -> tuple[str, ...]:
    """What some risk wanted to know and could not, each with its reason."""
    return ()
