"""The real time behind the port `Clock`. The only place that reads it; everything else has it handed in."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """See Clock. Ctrl-C ends the wait of the main thread."""
        return stop.wait(max(0.0, seconds))
