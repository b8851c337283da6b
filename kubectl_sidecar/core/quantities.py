"""Amounts of resources: from Kubernetes' notation to numbers, and to what a person writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_QUANTITY = re.compile(
    r"([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII
)
_FACTORS: Mapping[str, float] = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


_LARGEST = 1e30
"""No number of a manifest is as large; what is (or is no number) could not be computed with."""


def parse_quantity(value: Any) -> float | None:
    """A quantity as Kubernetes writes it (`100m`, `1.5Gi`, `1e3`, `2`) as a number; None for what is none.
    Grammar: staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go."""
    if isinstance(value, str):
        return _parsed(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if -_LARGEST < value < _LARGEST else None


@lru_cache(maxsize=4096)  # the workloads of a cluster ask for the same few amounts, over and over
def _parsed(text: str) -> float | None:
    found = _QUANTITY.fullmatch(text.strip()[:64])
    if found is None:
        return None
    exponent = found[2]
    return float(found[1]) * (10.0 ** int(exponent) if exponent else _FACTORS[found[3] or ""])


def format_quantity(resource: str, amount: float) -> str:
    """An amount as a person writes it: `300m` and `2` for cpu, `320Mi` for memory and storage, a plain number else."""
    if resource.rpartition(".")[2] == "cpu":
        milli = round(amount * 1000, 3)
        return f"{milli / 1000:g}" if milli % 1000 == 0 else f"{milli:g}m"
    if resource.rpartition(".")[2].startswith(("memory", "ephemeral-storage", "storage", "hugepages-")):
        for unit in ("Ti", "Gi", "Mi", "T", "G", "M", "Ki"):
            scaled = amount / _FACTORS[unit]
            if scaled >= 1 and round(scaled, 2) == scaled:
                return f"{scaled:.12g}{unit}"
        if amount >= _FACTORS["Mi"]:
            return f"{amount / _FACTORS['Mi']:.1f}Mi"
    return f"{amount:.12g}"
