"""Reading workloads in a thread, and making the table's entries of them there, so that the screen only has to show them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kubectl_sidecar.actions.inspect import Found, Inventory, Missed, ScanEvent, Scope, Source, row_of, scan
from kubectl_sidecar.actions.migrate import Target, read
from kubectl_sidecar.tui.listing import Entry, entry_of
from kubectl_sidecar.tui.messages import Arrived, GapFound
from kubectl_sidecar.tui.session import Session


def scan_all(
    session: Session, scope: Scope, post: Callable[[Arrived | GapFound], None], stop: threading.Event
) -> Inventory:
    """Posts the workloads of the scope as they come in, and what could not be read."""

    def report(event: ScanEvent) -> None:
        match event:
            case Found(rows):
                post(Arrived(tuple(entry_of(row) for row in rows)))
            case Missed(gap):
                post(GapFound(gap))

    return scan(session.cluster, scope, session.index, report=report, stop=stop)


def read_one(session: Session, target: Target) -> Entry:
    """One workload as it is now."""
    workload = read(session.cluster, target)[1]
    return entry_of(row_of(workload, session.index, Source(context=session.cluster.context)))
