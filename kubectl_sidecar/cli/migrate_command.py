"""`kubectl sidecar migrate`: the diff, what it removes and risks, the question, the patch, the rollout."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from kubectl_sidecar.cli.console import Console, console
from kubectl_sidecar.cli.manners import Command, flag
from kubectl_sidecar.cli.options import Connection, connection, decisions, duration, kube_version, places, shared
from kubectl_sidecar.errors import InputError, Interrupted, SidecarError


@click.command("migrate", cls=Command)
@click.argument("workload", nargs=-1)
@connection
@shared("all", "selector", "files", "recursive", "kube-version", "container", "startup-probe", "place", "accept", "allow-owned",
        "dry-run", "yes", "no-wait", "timeout", "recipes", "field-manager", "color")  # fmt: skip
@flag("--output", "-o", choices=("yaml", "json", "json-patch", "kustomize", "json6902"),
      help="With --dry-run: print the change: yaml and json whole objects (all of -f where no name is given), the others a patch.")  # fmt: skip
def migrate_command(workload: tuple[str, ...], **options: Any) -> int:
    """Move classic sidecars of a workload into initContainers with restartPolicy: Always.

    Shows the diff, the problems that it removes and the risks that it sees, asks, patches, and watches the rollout. The old
    template is recorded first, so that undo restores it exactly.
    """
    gc.disable()  # until something is waited for: looking for cycles would cost half as much again as planning
    kube_version(options["kube_version"], files=bool(options["filename"]))
    if options["filename"]:
        return _from_files(workload, options)
    if options["output"] and options["dry_run"] == "none":
        raise InputError(
            "-o prints the change instead of making it: add --dry-run=client, or --dry-run=server to ask the server too"
        )
    if workload and options["selector"]:
        raise InputError("give either names or a selector (-l), not both")
    if options["all_namespaces"] and not options["selector"]:
        raise InputError("-A goes with a selector (-l) only; names belong to one namespace")
    written: list[str] = []
    try:
        return _Migration(workload, options, written).run()
    except KeyboardInterrupt as interrupt:  # outside of `execute`, which says itself how far it came
        raise Interrupted(f"interrupted; {so_far(written)}") from interrupt


def _from_files(words: tuple[str, ...], options: dict[str, Any]) -> int:
    """What a migration would change in files."""
    from kubectl_sidecar.cli.changes import show_changes
    from kubectl_sidecar.cli.files import prepare_from_files, read_files
    from kubectl_sidecar.sources.manifests import Manifest

    if options["dry_run"] == "none":
        raise InputError(
            "migrate does not write files yet: add --dry-run=client, and -o yaml to print the changed objects"
        )
    if options["dry_run"] == "server":
        raise InputError("files are planned without a cluster: say --dry-run=client")
    if options["selector"] or options["all_namespaces"]:
        raise InputError("-l and -A select in a cluster; name what you mean in the files as TYPE/NAME")
    screen = console(options["color"])
    settings = replace(_settings(options, interactive=True), policy=_printing(options))
    manifests = read_files(options)
    prepared = prepare_from_files(words, manifests, options, settings)
    if not prepared:
        screen.say("No workloads found in the files.")
    whole = [manifest for manifest in manifests if isinstance(manifest, Manifest)]
    if words and options["output"] in ("yaml", "json") and len(whole) > len(prepared):
        left = len(whole) - len(prepared)
        screen.say(f"Only what you named is printed; {left} more of the input {'is' if left == 1 else 'are'} not.\n")
    codes = show_changes(prepared, options["output"], screen, beside=() if words else whole)
    return _exit_code(codes)


def _settings(options: dict[str, Any], *, interactive: bool) -> Any:
    from kubectl_sidecar.actions.migrate import MigrateOptions
    from kubectl_sidecar.core.planning.planner import PlanOptions
    from kubectl_sidecar.core.planning.policy import PolicyOptions

    yes = options["yes"]
    return MigrateOptions(
        plan=PlanOptions(
            containers=decisions(options["container"]),
            least="certain" if yes else "likely",
            startup_probe=options["startup_probe"],
            place=places(options["place"]),
        ),
        policy=PolicyOptions(
            assume_yes=yes or options["dry_run"] != "none",
            interactive=interactive,
            accept=frozenset(options["accept"]),
            allow_owned=options["allow_owned"],
        ),
        field_manager=options["field_manager"],
        wait=not options["no_wait"],
        timeout_seconds=duration(options["timeout"], "--timeout"),
    )


def _printing(options: dict[str, Any]) -> Any:
    """The policy of changes that are only printed: whoever reads them is the person at the diff."""
    from kubectl_sidecar.core.planning.policy import PolicyOptions

    return PolicyOptions(assume_yes=options["yes"], interactive=True, accept=frozenset(options["accept"]))


class _Migration:
    """One call of the command: prepares all, shows all, asks once, executes one after the other."""

    def __init__(self, words: tuple[str, ...], options: dict[str, Any], written: list[str]) -> None:
        from kubectl_sidecar.cli.targets import parse_targets
        from kubectl_sidecar.cli.world import connect, recipe_index

        self.screen: Console = console(options["color"])
        self.written = written
        self.dry_run: str = options["dry_run"]
        if not options["selector"]:
            parse_targets(words, "")  # wrong words are told before anything is asked of a cluster
        self.settings = _settings(options, interactive=self.screen.interactive)
        self.form, self.printing = options["output"], _printing(options)
        self.asked, self.everywhere, self.selector = (
            options["namespace"],
            options["all_namespaces"],
            options["selector"],
        )
        self.world = connect(Connection.of(options))
        self.index = recipe_index(options["recipes"])
        self.targets = self._selected() if self.selector else parse_targets(words, self.world.namespace)

    def _selected(self) -> tuple[Any, ...]:
        """The workloads of the selector that have something to migrate."""
        from kubectl_sidecar.actions.inspect import Scope, scan
        from kubectl_sidecar.actions.migrate import Target

        namespaces = self.world.namespaces(self.asked, everywhere=self.everywhere)
        inventory = scan(self.world.cluster, Scope(namespaces, self.selector), self.index)
        for gap in inventory.gaps:
            raise gap.error
        rows = [row for row in inventory.rows if row.state in ("classic", "mixed")]
        if not rows:
            self.screen.say(f"No workload of the selector {self.selector} has a classic sidecar that could be moved.")
        return tuple(Target(row.kind, row.namespace, row.name) for row in rows)

    def run(self) -> int:
        from kubectl_sidecar.actions.migrate import prepare_all

        dry_runs = self.dry_run != "client"
        asking = prepare_all(self.world.cluster, self.targets, self.index, self.settings, dry_runs=dry_runs)
        if self.form:
            from kubectl_sidecar.actions.source import for_source
            from kubectl_sidecar.cli.changes import show_changes

            return _exit_code(show_changes([for_source(p, self.printing) for p in asking], self.form, self.screen))
        codes: list[int] = []
        while asking:
            ready = [prepared for prepared in asking if self._show(prepared, codes)]
            if not ready or self.dry_run != "none":
                if ready:
                    codes.append(1)
                    self.screen.say("Dry run: nothing was written.")
                break
            if any(p.verdict.decision == "ask" for p in ready) and not self._agreed(ready):
                self.screen.say("Nothing more was written." if self.written else "Nothing was written.")
                codes.extend(3 for _ in ready)
                break
            asking = self._execute_all(ready, codes)
        return _exit_code(codes)

    def _show(self, prepared: Any, codes: list[int]) -> bool:
        """Prints a plan; says whether it may go on."""
        from kubectl_sidecar.output.diff import painted
        from kubectl_sidecar.output.plan import judgement, order, plan_diff

        decision = prepared.verdict.decision
        if decision == "nothing":
            self.screen.print([f"{prepared.target.qualified}: nothing to do"])
            self.screen.prose(f"  {reason}" for reason in prepared.verdict.reasons)
            # a helper was there, and was left alone: that is a refusal, not a success
            if any(s.finding.is_classic for s in prepared.plan.skipped):
                codes.append(3)
            return False
        self.screen.print(painted(plan_diff(prepared), self.screen.paint))
        self.screen.prose(order(prepared.plan, self.screen.paint))
        self.screen.prose(judgement(prepared, self.screen.paint))
        if decision == "refuse":
            self._show_way_out(prepared)
            codes.append(3)
            return False
        return True

    def _show_way_out(self, prepared: Any) -> None:
        """For a refusal in place: the change that whoever owns the object has to make, unless it would do harm there too."""
        from kubectl_sidecar.actions.source import for_source

        elsewhere = prepared.owner.kind != "nobody" or not prepared.target.kind.patchable
        if elsewhere and for_source(prepared, self.printing).verdict.decision != "refuse":
            self._show_source_change(prepared)

    def _show_source_change(self, prepared: Any) -> None:
        from kubectl_sidecar.output.source_change import source_change

        self.screen.print(source_change(prepared, self.screen.paint))

    def _agreed(self, ready: list[Any]) -> bool:
        from kubectl_sidecar.output.plan import question

        return self.screen.confirm(question(tuple(ready)))

    def _execute_all(self, ready: list[Any], codes: list[int]) -> list[Any]:
        """Executes one after the other; what was changed meanwhile is prepared again and returned, to be shown anew."""
        from kubectl_sidecar.actions.migrate import prepare
        from kubectl_sidecar.output.plan import closing
        from kubectl_sidecar.output.source_change import next_of_owner

        gc.enable()  # a rollout may take long
        again: list[Any] = []
        for prepared in ready:
            try:
                result = self._execute(prepared)
                if result.outcome == "changed":
                    again.append(prepare(self.world.cluster, prepared.target, self.index, self.settings))
                    self.screen.say(result.text + "; here is the new diff")
                    continue
            except Interrupted:
                raise
            except SidecarError as error:  # the others are done all the same, and the exit code tells
                self.screen.say(f"error: {error}")
                codes.append(error.exit_code)
                continue
            if result.written:
                self.written.append(prepared.target.qualified)
            self.screen.prose(closing(result, self.screen.paint))
            if (
                result.outcome in ("done", "unwatched") and prepared.owner.kind != "nobody"
            ):  # else there is nothing to tell, or it is to be undone
                self.screen.prose(next_of_owner(prepared, self.screen.paint))
                self._show_source_change(prepared)  # it cannot be planned from the changed object any more
            codes.append({"done": 0, "unwatched": 0, "failed": 4}.get(result.outcome, 3))
        return again

    def _execute(self, prepared: Any) -> Any:
        from kubectl_sidecar.actions.migrate import execute

        stop = threading.Event()
        try:
            return execute(
                prepared,
                cluster=self.world.cluster,
                journal=self.world.journal,
                report=progress_on(self.screen),
                stop=stop,
                clock=self.world.clock,
            )
        finally:
            self.screen.end_progress()


def progress_on(screen: Console) -> Callable[[Any], None]:
    """Shows how far a rollout is: one live line on a terminal, else a line whenever another Pod is there."""
    from kubectl_sidecar.output.plan import progress

    said: list[int] = []

    def report(event: Any) -> None:
        if event.step == "rollout" and (screen.live or event.done not in said):
            said.append(event.done)
            screen.progress(progress(event))

    return report


def so_far(written: list[str]) -> str:
    """What an interruption between two writes has to tell."""
    return f"{', '.join(written)} was written before, nothing more" if written else "nothing was written"


def _exit_code(codes: list[int]) -> int:
    """One code for several workloads: all alike, or 4 (partly done) where some were written and others not."""
    found = set(codes) - {0}
    if not found:
        return 0
    if len(found) == 1 and (0 not in codes or found == {1}):
        return found.pop()
    return 1 if found <= {0, 1} else 4
