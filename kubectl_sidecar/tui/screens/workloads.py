"""The list of workloads: it fills while pages arrive, and everything else begins here."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kubectl_sidecar.actions.inspect import Gap, Inventory
from kubectl_sidecar.actions.migrate import Target
from kubectl_sidecar.errors import Forbidden
from kubectl_sidecar.tui.listing import Entry, Key, Listing, SortBy, View
from kubectl_sidecar.tui.messages import Arrived, Describe, GapFound, PlanMigration, PlanUndo, ShowGaps, ShowYaml
from kubectl_sidecar.tui.scanning import read_one, scan_all
from kubectl_sidecar.tui.screens.page import BACK, Page
from kubectl_sidecar.tui.session import Session
from kubectl_sidecar.tui.widgets.banner import Banner
from kubectl_sidecar.tui.widgets.detail import Detail
from kubectl_sidecar.tui.widgets.filter import Filter
from kubectl_sidecar.tui.widgets.table import WorkloadTable
from kubectl_sidecar.tui.worker import Work, sentence

_LOOKS = {
    "loading": "$text-warning",
    "complete": "$text-success",
    "incomplete": "$text-warning",
    "failed": "$text-error",
}


class WorkloadsScreen(Page):
    """See the module."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,d", "describe", "details", key_display="enter"),
        Binding("m", "migrate", "migrate"),
        Binding("u", "undo", "undo"),
        Binding("space", "mark", "mark"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("ctrl+z", "risky_only(True)", "risk", key_display="^z"),
        Binding("ctrl+z", "risky_only", show=False),
        Binding("0", "all_namespaces", "all"),
        Binding("ctrl+backslash", "clear_marks", "clear marks", show=False),
        Binding("ctrl+r", "refresh", "refresh", show=False),
        Binding("ctrl+w", "wide", "wide", show=False),
        Binding("y", "yaml", "yaml", show=False),
        Binding("i", "gaps", "what is missing", show=False),
        Binding("c", "copy('name')", "copy name", show=False),
        Binding("n", "copy('namespace')", "copy namespace", show=False),
        *(
            Binding(letter, f"sort('{by}')", f"sort by {by}", show=False)
            for letter, by in (("N", "name"), ("P", "namespace"), ("K", "kind"), ("S", "state"), ("R", "problems"), ("O", "owner"))
        ),
        BACK,
    ]  # fmt: skip

    def __init__(self, session: Session, work: Work) -> None:
        super().__init__(session, work)
        self.scope = session.scope
        self.table, self.detail, self.filter, self.banner = WorkloadTable(), Detail(), Filter(), Banner()
        self.gaps: list[Gap] = []
        self.loading_state = "loading"
        self._seen: set[Key] = set()
        self._cancel: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.filter
        yield self.banner
        yield self.table
        yield self.detail
        yield self.footer()

    def on_mount(self) -> None:
        self.table.focus()
        self._scan()

    # --- reading -----------------------------------------------------------------------------------------------------

    def _scan(self) -> None:
        self._cancel()
        self.gaps, self._seen, self.loading_state = [], set(), "loading"
        self.banner.say()
        self.table.namespaces = self.scope.namespaces is None or len(self.scope.namespaces) > 1
        scope = self.scope

        def job(post: Callable[[Arrived | GapFound], None], stop: threading.Event) -> Inventory:
            return scan_all(self.session, scope, post, stop)

        task = self.start(job, on_events=self._arrived, on_done=self._complete, on_failed=self._scan_failed)
        self._cancel = task.cancel
        self._show_header()

    def _arrived(self, events: list[Arrived | GapFound]) -> None:
        entries: list[Entry] = []
        for event in events:
            match event:
                case Arrived(found):
                    entries.extend(found)
                case GapFound(gap):
                    self.gaps.append(gap)
        # the last word on a workload counts, and it comes only once
        latest = {entry.key: entry for entry in entries}
        self._seen.update(latest)
        self.table.listing.add(list(latest.values()))
        gc.freeze()  # rows live long and in no circle: looking through all of them for garbage would stop every key for 0.1 s
        self.table.refill()
        self._show_gaps()
        self._show_header()

    def _complete(self, inventory: Inventory) -> None:
        self.gaps = list(inventory.gaps)
        self.loading_state = "incomplete" if self.gaps else "complete"
        if not self.gaps:  # of what could not be read, the rows from before stay
            self.table.listing.keep_only(self._seen)
        self.table.marked &= set(self.table.listing.entries)
        self.table.refill()
        self._show_gaps()
        if not self.table.listing.entries and not self.gaps:
            self.banner.say("There is no workload here. Press 0 for all namespaces.", severity="note")
        self._show_header()

    def _scan_failed(self, error: Exception) -> None:
        self.loading_state = "failed"
        if isinstance(error, Forbidden) and self.scope.namespaces is None:
            advice = f"Press 0 for namespace {self._home()}, or start with -n NAMESPACE,NAMESPACE."
        else:
            advice = "Press ctrl-r to try again."
        self.banner.say(sentence(error), advice)
        self._show_header()

    def reread(self, target: Target) -> None:
        """Reads one workload again, after it was changed."""

        def job(post: Callable[[Arrived], None], stop: threading.Event) -> Entry:
            return read_one(self.session, target)

        def done(entry: Entry) -> None:
            self._arrived([Arrived((entry,))])

        def failed(error: Exception) -> None:
            self.notify(sentence(error), severity="warning", markup=False)

        self.start(job, on_done=done, on_failed=failed)

    def forget_marks(self) -> None:
        """Takes all marks away: what was marked is under way."""
        self.table.marked.clear()
        self.table.refresh()
        self._show_header()

    # --- showing -----------------------------------------------------------------------------------------------------

    def _home(self) -> str:
        return ", ".join(self.session.scope.namespaces or (self.session.cluster.namespace,))

    def _show_header(self) -> None:
        listing = self.table.listing
        where = "all namespaces" if self.scope.namespaces is None else ", ".join(self.scope.namespaces)
        where += f" · {self.scope.selector}" if self.scope.selector else ""
        mode = "read-only · " if self.session.readonly else ""
        marks = f"{len(self.table.marked)} marked · " if self.table.marked else ""
        only = "only at risk · " if listing.view.risky_only else ""
        self.header.say(
            *(marks + only + counts for counts in listing.counts_in_words()),
            state=f"{mode}● {self.loading_state}",
            look=_LOOKS[self.loading_state],
            where=f"{self.session.cluster.context} · {where}",
        )
        self.refresh_bindings()

    def _show_gaps(self) -> None:
        if not self.gaps:
            return
        first = self.gaps[0]
        more = f" (and {len(self.gaps) - 1} more, press i)" if len(self.gaps) > 1 else ""
        self.banner.say(f"Not everything could be read: {first.what}: {sentence(first.error)}{more}", severity="gap")

    def on_workload_table_highlighted(self, event: WorkloadTable.Highlighted) -> None:
        self.detail.show(event.entry)

    def on_workload_table_chosen(self, event: WorkloadTable.Chosen) -> None:
        self.action_describe()

    def on_filter_changed(self, event: Filter.Changed) -> None:
        if event.done:
            self.set_focus(self.table)
        labels = f"{event.text.strip()} ".startswith("-l ")
        self._look(replace(self.table.listing.view, text="" if labels else event.text))
        selector = event.text.strip()[2:].strip() if labels else ""
        if event.done and selector != self.scope.selector:
            self.scope = replace(self.scope, selector=selector)
            self._new_list()

    def _look(self, view: View) -> None:
        self.table.listing.look(view)
        self.table.refill()
        self._show_header()

    def _new_list(self) -> None:
        view = self.table.listing.view
        self.table.listing = Listing()
        self.table.listing.look(view)
        self.table.marked.clear()
        self.table.show_from_top()
        self._scan()

    # --- keys --------------------------------------------------------------------------------------------------------

    def _target(self) -> Target | None:
        entry = self.table.entry
        return entry.target if entry else None

    def action_describe(self) -> None:
        if target := self._target():
            self.post_message(Describe(target))

    def action_yaml(self) -> None:
        if target := self._target():
            self.post_message(ShowYaml(target))

    def action_migrate(self) -> None:
        entries = self.table.listing.entries
        marked = sorted((entries[key] for key in self.table.marked if key in entries), key=lambda e: e.place)
        under_cursor = [self.table.entry] if self.table.entry else []
        targets = tuple(entry.target for entry in marked or under_cursor)
        if targets:
            self.post_message(PlanMigration(targets))

    def action_undo(self) -> None:
        if target := self._target():
            self.post_message(PlanUndo(target))

    def action_mark(self) -> None:
        self.table.toggle_mark()
        self._show_header()

    def action_clear_marks(self) -> None:
        self.forget_marks()

    def action_filter(self) -> None:
        self.filter.open()

    def action_refresh(self) -> None:
        self._scan()

    def action_risky_only(self, named: bool = False) -> None:
        view = self.table.listing.view
        self._look(replace(view, risky_only=not view.risky_only))

    def action_all_namespaces(self) -> None:
        namespaces = (
            None
            if self.scope.namespaces is not None
            else (self.session.scope.namespaces or (self.session.cluster.namespace,))
        )
        self.scope = replace(self.scope, namespaces=namespaces)
        self._new_list()

    def action_wide(self) -> None:
        self.table.everything = not self.table.everything
        self.table.scroll_to(x=0, animate=False)
        self.table.refill()

    def action_sort(self, by: SortBy) -> None:
        view = self.table.listing.view
        again = view.sort == by
        self._look(replace(view, sort=by, reverse=again and not view.reverse))

    def action_copy(self, what: str) -> None:
        if target := self._target():
            text = target.name if what == "name" else target.namespace
            self.app.copy_to_clipboard(text)
            self.notify(f"copied {text}", markup=False, timeout=2)

    def action_gaps(self) -> None:
        if self.gaps:
            self.post_message(ShowGaps(tuple(self.gaps)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            return self._something_to_leave()
        if action == "risky_only" and parameters:  # the same key, named at the bottom while all fits there
            return not (self.has_class("-narrow") and self._something_to_leave())
        if action == "filter":
            return not self.filter.typing
        return super().check_action(action, parameters)

    def _something_to_leave(self) -> bool:
        return bool(self.filter.text or (self.table.marked and not self.session.readonly))

    def action_back(self) -> None:
        """Takes the filter away, then the marks."""
        if self.filter.text:
            self.filter.action_clear()
        elif self.table.marked and not self.session.readonly:
            self.action_clear_marks()
