"""Draws docs/browse.svg: the screen of `kubectl sidecar browse --demo`, made by the app itself.

Run it after a change of what is seen: `python tools/picture.py`. Nothing in the picture depends on the time of day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from kubectl_sidecar.actions.inspect import Scope
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.sources.journal import MemoryJournal
from kubectl_sidecar.sources.recipes import packaged
from kubectl_sidecar.sources.sample import demo_cluster
from kubectl_sidecar.tui.app import SidecarApp
from kubectl_sidecar.tui.session import Session

SIZE = (100, 30)
TARGET = Path(__file__).parents[1] / "docs" / "browse.svg"


async def picture() -> str:
    """The list of the demo's shop, with the cursor on checkout, as SVG."""
    cluster, clock, _ = demo_cluster(now=datetime(2026, 1, 5, 12, tzinfo=UTC))
    scope = Scope((cluster.namespace,))
    app = SidecarApp(Session(cluster, MemoryJournal(), RecipeIndex(packaged()), clock, scope))
    async with app.run_test(size=SIZE) as pilot:
        while app.workloads.loading_state == "loading":
            await pilot.pause(0.05)
        if app.workloads.loading_state != "complete":
            raise SystemExit(str(app.workloads.banner.render()))
        table = app.workloads.table
        table.action_jump([entry.row.name for entry in table.listing.visible].index("checkout"))
        await pilot.pause()
        return app.export_screenshot(title="kubectl sidecar browse --demo")


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(asyncio.run(picture()), encoding="utf-8")
