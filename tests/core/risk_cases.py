"""The table of risks. A new risk gets its rows in the module of its theme."""

from __future__ import annotations

from tests.core import risk_cases_around, risk_cases_move, risk_cases_start, risk_cases_stop
from tests.core.risk_parts import Case

CASES: dict[str, tuple[Case, ...]] = {
    **risk_cases_move.CASES,
    **risk_cases_start.CASES,
    **risk_cases_stop.CASES,
    **risk_cases_around.CASES,
}
