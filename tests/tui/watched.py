"""The app on the stage, as a program that keeps telling a file what a person would see: for tests on a pseudo-terminal, where
the drawn bytes say it only in pieces."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from kubectl_sidecar.tui.app import SidecarApp
from kubectl_sidecar.tui.screens.plan import PlanScreen
from tests.tui.stage import stage

_EVERY_SECONDS = 0.02


class WatchedApp(SidecarApp):
    """See the module."""

    CSS_PATH = str(Path(inspect.getfile(SidecarApp)).with_name("styles.tcss"))
    told: Path

    def tell_to(self, file: Path) -> WatchedApp:
        self.told = file
        return self

    def on_mount(self) -> None:
        self.set_interval(_EVERY_SECONDS, self._tell)

    def _tell(self) -> None:
        table, entry = self.workloads.table, self.workloads.table.entry
        screen = self.screen
        state: dict[str, Any] = {
            "screen": type(screen).__name__,
            "focus": screen.focused.id if screen.focused else None,
            "filter": self.workloads.filter.text if self.workloads.is_mounted else "",
            "typing": self.workloads.is_mounted and self.workloads.filter.typing,
            "at": entry.row.name if entry else "",
            "rows": len(table.listing.visible),
            "marked": len(table.marked),
            "copied": self.clipboard,
            "plans": [target.name for target in screen.targets] if isinstance(screen, PlanScreen) else [],
            "ready": isinstance(screen, PlanScreen) and screen.finished and bool(screen.ready),
            "written": len(self.session.journal.records()),
            "loaded": self.workloads.loading_state == "complete",
        }
        draft = self.told.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.rename(self.told)


def run(file: str) -> None:
    """Runs it until somebody leaves."""
    WatchedApp(stage().app.session).tell_to(Path(file)).run()
