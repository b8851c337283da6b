"""The application: it owns the queue of the threads and decides which screen comes next. Screens tell it by messages what a
person wants; the network is reached by their jobs only, so a key is answered at once, quitting included."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from typing import ClassVar, TypeGuard

from textual import events
from textual.app import App, SuspendNotSupported
from textual.binding import Binding, BindingType

from kubectl_sidecar.actions.inspect import Scope
from kubectl_sidecar.actions.migrate import MigrateOptions, Target
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.journal import Journal
from kubectl_sidecar.core.planning.policy import PolicyOptions
from kubectl_sidecar.sources.cluster import FIELD_MANAGER, Clock, Cluster
from kubectl_sidecar.tui.driver import PromptDriver
from kubectl_sidecar.tui.execution import Execution
from kubectl_sidecar.tui.keys import KeysInTurn, Press
from kubectl_sidecar.tui.messages import Describe, Execute, PlanMigration, PlanUndo, ShowGaps, ShowYaml
from kubectl_sidecar.tui.screens.confirm import ConfirmScreen
from kubectl_sidecar.tui.screens.help import HelpScreen
from kubectl_sidecar.tui.screens.page import Page
from kubectl_sidecar.tui.screens.plan import PlanScreen
from kubectl_sidecar.tui.screens.progress import ProgressScreen
from kubectl_sidecar.tui.screens.reading import DescribeScreen, gaps_screen, yaml_screen
from kubectl_sidecar.tui.screens.undo import UndoScreen
from kubectl_sidecar.tui.screens.workloads import WorkloadsScreen
from kubectl_sidecar.tui.session import Asking, Session
from kubectl_sidecar.tui.worker import Work

_DRAINS_PER_SECOND = 10
_LAST_WAIT_SECONDS = 0.15
"""How long quitting waits for the answer to a patch that is on its way, so that it can say what became of it."""

_LENT_SECONDS = 0.2
"""How long after a login an interrupt is still taken for one of its prompt."""

_AT_ONCE = ("ctrl+c", "ctrl+q")
"""Keys that leave, whatever the keys before them still do."""

_SWITCH_SECONDS = 0.001
"""How soon a thread that decodes a page has to let the screen's thread have its turn; Python's own 0.005 is felt at a key."""


class SidecarApp(App[int]):
    """`kubectl sidecar browse`."""

    CSS_PATH = "styles.tcss"
    TITLE = "kubectl sidecar"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "leave", "quit"),
        Binding("ctrl+c", "leave", "quit", show=False, priority=True),
        Binding("ctrl+q", "leave", "quit", show=False, priority=True),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(driver_class=PromptDriver)
        self.session = session
        self.work = Work()
        self.keys = KeysInTurn(self, self._give)
        self.executions: list[Execution] = []
        self._lent = False
        self.workloads = WorkloadsScreen(session, self.work)

    def on_mount(self) -> None:
        self.theme = "textual-dark"
        self.set_interval(1 / _DRAINS_PER_SECOND, self.work.drain)
        self.push_screen(self.workloads)
        if isinstance(self.session.cluster, Asking):
            self.session.cluster.ask_on(self.lend_terminal)
        if not self.is_headless:
            # a terminal that closes, or a kill, ends as q does: what was written is said
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self.action_leave)
            loop.add_signal_handler(signal.SIGINT, self._interrupted)

    async def on_event(self, event: events.Event) -> None:
        if self._in_turn(event):
            await self.keys.press(event)
        else:
            await super().on_event(event)

    @staticmethod
    def _in_turn(event: events.Event) -> TypeGuard[Press]:
        if isinstance(event, events.Key):
            return not event.is_forwarded and event.key not in _AT_ONCE
        return isinstance(event, events.Paste) and not event.is_forwarded

    async def _give(self, event: events.Event) -> None:
        """Passes a key on, in its turn."""
        too_early = (
            isinstance(event, events.Key) and isinstance(self.screen, ConfirmScreen) and not self.screen.hears(event)
        )
        if not too_early:
            await super().on_event(event)

    def _open(self, screen: Page, *, instead: bool = False) -> None:
        if instead:
            self.switch_screen(screen)
        elif self.screen is self.workloads:  # a key pressed twice opens one screen, not two
            self.push_screen(screen)

    def on_describe(self, message: Describe) -> None:
        self._open(DescribeScreen(self.session, self.work, message.target))

    def on_show_yaml(self, message: ShowYaml) -> None:
        self._open(yaml_screen(self.session, self.work, message.target))

    def on_show_gaps(self, message: ShowGaps) -> None:
        self._open(gaps_screen(self.session, self.work, message.gaps))

    def on_plan_migration(self, message: PlanMigration) -> None:
        if not self.session.readonly:
            self._open(PlanScreen(self.session, self.work, message.targets), instead=message.instead)

    def on_plan_undo(self, message: PlanUndo) -> None:
        if not self.session.readonly:
            self._open(UndoScreen(self.session, self.work, message.target), instead=message.instead)

    def on_execute(self, message: Execute) -> None:
        if self.session.readonly:
            return
        execution = Execution(self.session, message.prepared)
        self.executions.append(execution)
        self.workloads.forget_marks()
        self.switch_screen(ProgressScreen(self.session, self.work, execution, self._written))

    def _written(self, target: Target) -> None:
        self.workloads.reread(target)

    def action_help(self) -> None:
        self.push_screen(HelpScreen(readonly=self.session.readonly))

    def action_leave(self) -> None:
        for execution in self.executions:
            execution.leave()
        self.keys.stop()
        self.exit(0)

    def lend_terminal(self, ask: Callable[[], None]) -> bool:
        """For a thread whose request needs a login: calls `ask` while the screen is away, and raises what it raises. False where
        no terminal can be lent."""
        return not self._exit and self.call_from_thread(self._lend, ask)

    def _lend(self, ask: Callable[[], None]) -> bool:
        fault: Exception | None = None
        self._lent = True
        try:
            with self.suspend():
                sys.stderr.write(
                    f"The login of context {self.session.cluster.context} has run out. ctrl-c goes back.\n"
                )
                try:
                    ask()
                except Exception as error:  # noqa: BLE001 - raised below: through `suspend` it would leave the screen away
                    fault = error
        except SuspendNotSupported:
            return False
        finally:
            # the loop learns of an interrupt during the prompt only now
            self.set_timer(_LENT_SECONDS, self._take_back)
        if fault is not None:
            raise fault
        return True

    def _take_back(self) -> None:
        self._lent = False

    def _interrupted(self) -> None:
        # ctrl-c at the prompt of a login reaches the whole group of processes, and is meant for the login
        if not self._lent:
            self.action_leave()

    def farewell(self) -> Iterator[str]:
        """What to say once the screen is gone: everything that was written, or may have been."""
        for execution in self.executions:
            execution.settled.wait(_LAST_WAIT_SECONDS)
            yield from execution.farewell()


def run(
    *,
    cluster: Cluster,
    journal: Journal,
    index: RecipeIndex,
    clock: Clock,
    scope: Scope,
    readonly: bool = False,
    allow_owned: bool = False,
    field_manager: str = FIELD_MANAGER,
    say: Callable[[str], object] = lambda line: sys.stderr.write(line + "\n"),
) -> int:
    """Opens the screen and returns the exit code when it is left. `say` gets the closing lines once the terminal is back."""
    options = MigrateOptions(policy=PolicyOptions(allow_owned=allow_owned), field_manager=field_manager)
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()  # what was imported stays: see WorkloadsScreen for the rows
    app = SidecarApp(Session(cluster, journal, index, clock, scope, readonly, options))
    code = app.run()
    for line in app.farewell():
        say(line)
    # The process ends now. Looking through all that is left for garbage would take a third of the time that leaving takes.
    gc.freeze()
    if app.return_code:
        return 70
    return code or 0
