"""The pages of all problems and risks: `kubectl sidecar explain ID` and docs/rules print them. Data only, one module per theme.

Every id that problems.py or risks/ can emit has a page here and every page's id can be emitted: a test holds both."""

from __future__ import annotations

from collections.abc import Mapping

from kubectl_sidecar.core.plan import Rule
from kubectl_sidecar.core.rules import around, habits, jobs, move, problems, start, stop, versions

RULES: Mapping[str, Rule] = {
    rule.id: rule for pages in (problems, move, versions, start, stop, jobs, around, habits) for rule in pages.PAGES
}
"""Id -> page, problems first, then risks by theme."""
