"""A plan as a person reads it: what is wrong, why we think so, what would change, what could break, what you decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_sidecar.actions.inspect import Row, Source
from kubectl_sidecar.actions.migrate import Prepared, Progress, Result
from kubectl_sidecar.core.classification.findings import Finding, pasts_of, state_of
from kubectl_sidecar.core.classification.past import Pasts, restarts_of
from kubectl_sidecar.core.facts import Facts, Unknown
from kubectl_sidecar.core.plan import Plan, Relocation
from kubectl_sidecar.core.planning.advice import advice
from kubectl_sidecar.core.planning.startup import startup
from kubectl_sidecar.core.pod.surroundings import impact
from kubectl_sidecar.core.pod.timeline import Timeline
from kubectl_sidecar.output import words
from kubectl_sidecar.output.diff import DiffLine, template_diff
from kubectl_sidecar.output.lanes import start_lanes, stop_lanes
from kubectl_sidecar.output.resources import resource_lines
from kubectl_sidecar.output.style import Paint, Style

_SEVERITIES: dict[str, Style] = {"blocker": "bad", "caution": "warn", "note": "quiet"}


def plan_diff(prepared: Prepared) -> tuple[DiffLine, ...]:
    """The plan's diff of the Pod template."""
    title = prepared.target.title
    return template_diff(
        prepared.plan.before,
        prepared.plan.after,
        title_before=f"{title} (now)",
        title_after=f"{title} (native sidecars)",
    )


def describe(prepared: Prepared, paint: Paint) -> Iterator[str]:
    """Everything that is known of one workload."""
    plan, target = prepared.plan, prepared.target
    yield paint("strong", target.title) + _heading(prepared)
    yield from _section("Containers", paint)
    yield from containers(plan.findings, paint, pasts_of(prepared.facts))
    if plan.problems:
        yield from _section("Problems today", paint)
        for problem in plan.problems:
            yield f"  {paint('bad', '!')} {problem.id:<20} {problem.text}"
            yield from (f"  {'':<22} seen: {seen}" for seen in problem.seen)
    yield from around(prepared, paint)
    yield from order(plan, paint)
    yield from _section("Plan", paint)
    yield from plan_lines(plan, paint)
    yield from judgement(prepared, paint)
    if prepared.owner.kind != "nobody" and plan.relocations and not prepared.facts.from_files:
        yield f"  for the source: kubectl sidecar migrate {target.ref} -n {target.namespace} --dry-run=client -o kustomize"


def _heading(prepared: Prepared) -> str:
    owner = "" if prepared.owner.kind == "nobody" else f"owner {prepared.owner.label}"
    where = f"{'file' if prepared.facts.from_files else 'context'} {prepared.context}"
    parts = [_size(prepared), where, versions(prepared.facts), owner]
    return " · " + " · ".join(part for part in parts if part)


def _size(prepared: Prepared) -> str:
    replicas = prepared.plan.workload.replicas
    return "" if replicas is None else "1 replica" if replicas == 1 else f"{replicas} replicas"


def versions(facts: Facts) -> str:
    """Server and node versions, or what is not known of them; for files, the version that the user says."""
    if facts.from_files:
        return "Kubernetes version not given" if isinstance(facts.server, Unknown) else f"for Kubernetes {facts.server}"
    server = "server version not known" if isinstance(facts.server, Unknown) else f"server v{facts.server}"
    if isinstance(facts.nodes, Unknown):
        return f"{server}, node versions not known"
    found = sorted({node.version for node in facts.nodes if node.version})
    if not found:
        return f"{server}, no nodes"
    span = f"v{found[0]}" if len(found) == 1 else f"v{found[0]} to v{found[-1]}"
    return f"{server}, nodes {span}"


def _section(title: str, paint: Paint) -> Iterator[str]:
    yield ""
    yield paint("strong", title)


def containers(findings: tuple[Finding, ...], paint: Paint, pasts: Pasts = ()) -> Iterator[str]:
    """Each container with role, confidence, family, the evidence for and against it, and what live Pods did."""
    width = max((len(f.name) for f in findings), default=0)
    for finding in findings:
        style: Style = "bad" if finding.is_classic else "good" if finding.role == "native-sidecar" else "strong"
        family = f"  {finding.recipe.title} ({finding.family})" if finding.recipe else ""
        injected = "  injected" if finding.injected else ""
        yield f"  {finding.name:<{width}}  {paint(style, words.role(finding))}{family}{injected}"
        for item in finding.evidence:
            yield f"  {'':<{width}}    + {words.evidence(item)} ({item.weight})"
        for item in finding.against:
            yield f"  {'':<{width}}    {paint('warn', '-')} {words.evidence(item)} ({item.weight}, for {item.speaks_for})"
        if finding.would_raise:
            yield f"  {'':<{width}}    {paint('quiet', '? ' + finding.would_raise)}"
        restarts = restarts_of(finding.name, pasts)
        if restarts:
            yield f"  {'':<{width}}    {paint('warn', '!')} seen: restarted {restarts}"


def around(prepared: Prepared, paint: Paint) -> Iterator[str]:
    """What selects or scales the workload, as far as it could be read."""
    found, _ = impact(prepared.plan.workload, prepared.facts)
    if found:
        yield from _section("Around it", paint)
        for each in found:
            yield f"  {each.kind:<14} {each.name}" + (f": {each.text}" if each.text else "")


def order(plan: Plan, paint: Paint) -> Iterator[str]:
    """Start and stop order today and after, as lanes."""
    yield from _section("Order", paint)
    yield from _lanes("start", start_lanes, plan)
    yield from _lanes("stop", stop_lanes, plan)
    yield from (f"  note          {note}" for note in plan.timeline_after.notes)
    begin = startup(plan)
    if begin.serial:
        yield f"  start-up      one after the other now: {', '.join(begin.serial)}; then {', '.join(begin.apps)}"
        pulled = ", ".join(begin.images) or "no other images than today"
        yield f"                pulled before the app's image: {pulled}"


def _lanes(title: str, lanes: Callable[[Timeline], Iterator[str]], plan: Plan) -> Iterator[str]:
    sides = [("today", plan.timeline_before), *([("after", plan.timeline_after)] if plan.relocations else [])]
    for number, (side, timeline) in enumerate(sides):
        for line, text in enumerate(lanes(timeline)):
            heads = ("" if number or line else title, "" if line else side)
            yield f"  {heads[0]:<5} {heads[1]:<6}  {text}"


def plan_lines(plan: Plan, paint: Paint) -> Iterator[str]:
    """What would move where, and why; what stays, and why."""
    for r in plan.relocations:
        yield f"  move {paint('strong', r.finding.name)} from containers[{r.source}] to initContainers[{r.target}], restartPolicy: Always"
        yield f"    placement   {r.reason}"
        yield f"    start gate  {_gate(r)}"
        yield from (
            f"    note        {text}" for text in advice(r.finding, r.container, plan.workload.spec, said=r.reason)
        )
    for change in plan.changes:
        if change.kind != "move":
            yield f"  {'edit' if change.edits else 'keep'} {change.reason}"
    for skipped in plan.skipped:
        yield f"  {skipped.finding.name} stays: {skipped.why}"
        yield from (f"    note        {text}" for text in advice(skipped.finding, None, plan.workload.spec))
    if plan.is_empty and not plan.skipped:
        yield "  nothing to do: there is no classic sidecar here"


def _gate(r: Relocation) -> str:
    if r.container.startup_probe:
        return "the app waits for its own startupProbe"
    if r.probe:
        return f"the app waits for the startupProbe that is added: {r.probe_reason}"
    none = "none: the app starts once it runs, ready or not"
    return f"{none}. --startup-probe=auto would add: {r.probe_reason}" if r.offer else f"{none} ({r.probe_reason})"


def judgement(prepared: Prepared, paint: Paint) -> Iterator[str]:
    """Problems removed, risks, what is not known, resources, dry runs, effect, verdict."""
    plan = prepared.plan
    removed = tuple(words.removals(plan))
    if removed:
        yield from _section("Removes", paint)
        yield from (f"  {line}" for line in removed)
    if plan.risks or plan.unknowns:
        yield from _section("Risks", paint)
        for risk in plan.risks:
            yield f"  {paint(_SEVERITIES[risk.severity], f'{risk.severity:<9}')} {words.risk(risk)}"
        for unknown in plan.unknowns:
            yield f"  {paint('quiet', 'not known')} {unknown}"
    if plan.relocations:
        yield from _section("Resources", paint)
        yield from resource_lines(prepared)
        yield from _section("Effect", paint)
        yield f"  rollout    {prepared.effect}"
    if prepared.dry_runs:
        runs = " · ".join(
            f"{run.what}: {run.outcome}{', ' + run.text if run.text else ''}" for run in prepared.dry_runs
        )
        yield f"  dry runs   {runs}"
    yield from (f"  {paint('warn', 'warning')}    {warning}" for warning in prepared.warnings)
    yield ""
    yield from verdict(prepared, paint)


def verdict(prepared: Prepared, paint: Paint) -> Iterator[str]:
    """Policy's word, with what would change it."""
    decision = prepared.verdict.decision
    style: Style = {"go": "good", "ask": "good", "refuse": "bad", "nothing": "quiet"}[decision]  # type: ignore[assignment]
    word = {"go": "go", "ask": "go, after a yes", "refuse": "refused in place", "nothing": "nothing to do"}[decision]
    if prepared.facts.from_files:  # what is written there, its author looks at
        word = {"ask": "go, after a look", "refuse": "refused"}.get(decision, word)
    yield f"{paint('strong', 'Verdict')}  {paint(style, word)}"
    yield from (f"  {reason}" for reason in prepared.verdict.reasons)
    if prepared.verdict.needs:
        yield f"  to go on all the same: {' '.join(prepared.verdict.needs)}"


def question(prepared: tuple[Prepared, ...]) -> str:
    """The question before a write: count, kinds, context, namespaces, how many Pods are replaced."""
    kinds = sorted({p.target.kind.name for p in prepared})
    noun = kinds[0] if len(kinds) == 1 else "workload"
    count = f"{len(prepared)} {noun}{'' if len(prepared) == 1 else 's'}"
    namespaces = ", ".join(sorted({p.target.namespace for p in prepared}))
    pods = sum(p.pods for p in prepared)
    replaced = f" ({pods} Pod{'' if pods == 1 else 's'} will be replaced)" if pods else ""
    plural = "" if "," not in namespaces else "s"
    return f"Patch {count} in context {prepared[0].context}, namespace{plural} {namespaces}{replaced}?"


def closing(result: Result, paint: Paint) -> Iterator[str]:
    """How one migration ended, with the undo command where something was written."""
    target = result.target
    word: dict[str, tuple[Style, str]] = {
        "done": ("good", "migrated"),
        "unwatched": ("good", "patched"),
        "failed": ("bad", "patched, but the rollout fails"),
        "changed": ("warn", "not patched"),
        "refused": ("bad", "not patched"),
    }
    style, said = word[result.outcome]
    yield f"{target.qualified} {paint(style, said)}: {result.text}"
    yield from (f"  {paint('warn', 'warning')} {warning}" for warning in result.warnings)
    if result.written:
        yield f"  undo with: kubectl sidecar undo {target.ref} -n {target.namespace}"


def row_of(prepared: Prepared) -> Row:
    """The workload of a plan as a row of a list."""

    workload = prepared.plan.workload
    return Row(
        Source(context=prepared.context),
        workload.kind,
        workload.api_version,
        workload.namespace,
        workload.name,
        state_of(prepared.plan.findings),
        prepared.plan.findings,
        prepared.plan.problems,
        prepared.owner,
    )


def progress(event: Progress) -> str:
    """One line for a step or for how far a rollout is: `deployment.apps/checkout  4/6 new Pods · checkout-7c9…: app starting (8 s)`."""
    if event.step != "rollout":
        return event.text
    waiting = next((pod for pod in event.pods if not pod.ready), None)
    pod = f" · {waiting.name}: {', '.join(f'{name} {doing}' for name, doing in waiting.containers)}" if waiting else ""
    return f"{event.target.qualified}  {event.text}{pod} ({event.seconds:.0f} s)"
