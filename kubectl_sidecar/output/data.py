"""Plain data as JSON or YAML text."""

from __future__ import annotations

import json
from typing import Any

from kubectl_sidecar.output.diff import to_yaml


def dump(value: Any, form: str) -> str:
    """`form` is json or yaml; ends with a newline."""
    return to_yaml(value) if form == "yaml" else json.dumps(value, indent=2, ensure_ascii=False) + "\n"
