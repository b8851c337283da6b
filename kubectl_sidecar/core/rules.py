"""The pages of all problems and risks: `kubectl sidecar explain ID` and docs/rules print them. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from kubectl_sidecar.core.plan import Rule

RULES: Mapping[str, Rule] = {}
