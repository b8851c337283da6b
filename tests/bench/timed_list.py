"""The program itself, with a watch on classification: `python -I timed_list.py FILE WORD …` runs `kubectl-sidecar WORD …`, and
writes the CPU seconds that its thread spent classifying, and of how many workloads, into FILE as JSON.

A part and its whole of one run: how fast the machine was in that second is the same for both.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from kubectl_sidecar.actions.inspect import rows
from kubectl_sidecar.cli.exits import leave
from kubectl_sidecar.cli.main import call

_rows: Any = rows
_classify_all = _rows.classify_all
_seconds: list[float] = []
_counts: list[int] = []


def _watched(workloads: Any, index: Any) -> Any:
    begin = time.thread_time()
    found = _classify_all(workloads, index)
    _seconds.append(time.thread_time() - begin)
    _counts.append(len(found))
    return found


if __name__ == "__main__":
    report = Path(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    _rows.classify_all = _watched
    code = call()
    report.write_text(json.dumps({"seconds": sum(_seconds), "count": sum(_counts)}))
    leave(code)
