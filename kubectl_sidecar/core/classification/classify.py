"""Which container is the main one, which are sidecars: the evidence of evidence.py weighed, with a confidence.

What always holds: a wrong "sidecar" on the main is the worst error, so mains are settled first, and where more than one
answer is left the role is `unknown`. A container is a sidecar at `certain` or `likely` only where another one is the main.
The only container of a Pod is its main. What the user decided wins, and is evidence itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from kubectl_sidecar.core.classification.behaviour import HABITS
from kubectl_sidecar.core.classification.confidence import confidence_of
from kubectl_sidecar.core.classification.evidence import RULES
from kubectl_sidecar.core.classification.findings import Confidence, Evidence, Finding, Override, Role, Surroundings
from kubectl_sidecar.core.classification.injection import advice
from kubectl_sidecar.core.classification.names import forget_name
from kubectl_sidecar.core.classification.overrides import Decisions, decisions
from kubectl_sidecar.core.classification.roles import weigh
from kubectl_sidecar.core.classification.scene import Scene, Seen, Shape, shape_of
from kubectl_sidecar.core.classification.traits import Known, memory_of, read_all
from kubectl_sidecar.core.recipes.globs import words_and_text
from kubectl_sidecar.core.recipes.match import Hit, RecipeIndex
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container, PodTemplate, Workload

__all__ = ["RecipeIndex", "classify", "classify_all", "confidence_of"]

_NOTHING = Surroundings()
_RULES, _HABITS = tuple(RULES.values()), tuple(HABITS.values())
_OWN_WORK = frozenset({"named-like-workload", "node-agent"})
_ONLY = (Evidence("only-container", "the only container of the Pod", "decisive", "main", "containers"),)
_NATIVE = (
    Evidence(
        "native",
        "an init container with restartPolicy: Always",
        "decisive",
        "native-sidecar",
        "initContainers[].restartPolicy",
    ),
)
_INIT = (
    Evidence(
        "init", "a plain init container: it runs to its end before the others", "decisive", "init", "initContainers"
    ),
)


def classify(
    workload: Workload,
    index: RecipeIndex,
    *,
    overrides: Mapping[str, Override] | None = None,
    surroundings: Surroundings | None = None,
) -> tuple[Finding, ...]:
    """What each container is: first all of `containers`, then all of `initContainers`, in their order; last those that only
    the live Pod of `surroundings` has. `overrides` (by container name) win over annotations of the template. Never raises."""
    return _classified(workload, read_all(workload, index, memory_of(index)), index, overrides, surroundings)


def classify_all(workloads: Sequence[Workload], index: RecipeIndex) -> list[tuple[Finding, ...]]:
    """What `classify` says of each of some workloads. The containers of all are read first: what a processor would have to fetch
    again each time that steps take turns, instructions above all, it keeps while one step goes over all of them."""
    memory = memory_of(index)
    known = [read_all(workload, index, memory) for workload in workloads]
    return [_classified(one, read, index, None, None) for one, read in zip(workloads, known, strict=True)]


def _classified(
    workload: Workload,
    known: Sequence[Known],
    index: RecipeIndex,
    overrides: Mapping[str, Override] | None,
    surroundings: Surroundings | None,
) -> tuple[Finding, ...]:
    decided, complaints = decisions(workload, overrides)
    spec = workload.spec
    if known:
        findings = _several(workload, known, index, surroundings, decided)
    else:
        findings = [_only(container, index, decided) for container in spec.main_list]
    inits = spec.init_containers
    if inits:
        findings += [_init(c, i, index) for i, c in enumerate(inits)]
    if surroundings is not None and surroundings.pod is not None:
        findings += _from_pod(workload, surroundings.pod, index)
    if complaints and findings:
        findings[0] = replace(findings[0], unheard=" ".join((*complaints, findings[0].unheard)).strip())
    return tuple(findings)


def _only(container: Container, index: RecipeIndex, decided: Decisions) -> Finding:
    decision = decided.get(container.name)
    unheard, override = "", decision[0] if decision else None
    if override == "sidecar":
        unheard, override = "It is the only container, so it cannot be a sidecar; the decision is not followed.", None
    hit = _hit(container, index)
    return Finding(
        container.name, "containers", 0, "main", "certain", hit.recipe if hit else None, False, _ONLY, (), unheard, override
    )  # fmt: skip


def _init(container: Container, i: int, index: RecipeIndex, injected: bool = False) -> Finding:
    native = container.restart_policy == "Always"
    hit = _hit(container, index)
    return Finding(
        container.name,
        "initContainers",
        i,
        "native-sidecar" if native else "init",
        "certain",
        hit.recipe if hit else None,
        injected,
        _NATIVE if native else _INIT,
    )


def _hit(container: Container, index: RecipeIndex) -> Hit | None:
    hit = index.best(container, *words_and_text(container))[1]
    return hit if hit and _names_family(hit, "main", set()) else None


def _from_pod(workload: Workload, pod: PodTemplate, index: RecipeIndex) -> list[Finding]:
    """The containers that a live Pod has and its template has not: injected at admission. A Pod that lacks a container of
    the template comes from another revision; there the comparison proves nothing."""
    spec, template = pod.spec, workload.spec
    if spec is None:
        return []
    mains = {c.name for c in template.main_list}
    known = mains | {c.name for c in template.init_list}
    if not mains <= {c.name for c in (*spec.main_list, *spec.init_list)}:
        return []
    found = []
    for i, c in enumerate(spec.main_list):
        if c.name not in known:
            hit = _hit(c, index)
            recipe = hit.recipe if hit else None
            by = f"; {advice(recipe.injector)}" if recipe and recipe.injector else ""
            text = f"is in the live Pod and not in the template{by}"
            proof = Evidence("injected", text, "decisive", "sidecar", "the live Pod's spec")
            found.append(Finding(c.name, "containers", i, "sidecar", "certain", recipe, True, (proof,)))
    found += [_init(c, i, index, injected=True) for i, c in enumerate(spec.init_list) if c.name not in known]
    return found


def _several(
    workload: Workload,
    known: Sequence[Known],
    index: RecipeIndex,
    surroundings: Surroundings | None,
    decided: Decisions,
) -> list[Finding]:
    """Two or more containers: weighed once for each shape, where nothing but the template counts."""
    shape, names = shape_of(workload, known, index)
    verdicts: list[Finding] | None
    if decided or (surroundings is not None and (surroundings.services or surroundings.pasts)):
        scene = Scene(shape, _marked(shape, index), surroundings or _NOTHING, names)
        verdicts = _weigh(scene, {i: decided[n] for i, n in enumerate(names) if n in decided})
    else:
        shapes = memory_of(index).shapes
        verdicts = shapes[shape]
        if verdicts is None:
            verdicts = _weigh(Scene(shape, _marked(shape, index), _NOTHING, ()), {})
            shapes.put(shape, verdicts)
    return [replace(verdict, name=name, names=names) for name, verdict in zip(names, verdicts, strict=True)]


def _marked(shape: Shape, index: RecipeIndex) -> list[tuple[str, str, Recipe]]:
    return [(path, key, recipe) for path, key in shape.marks for recipe in index.injections.marked(key)]


Decided = Mapping[int, tuple[Override, str]]
"""What the user decided, by the index of the container, and where."""


def _weigh(scene: Scene, decided: Decided) -> list[Finding]:
    """A finding for each container, that has no name yet."""
    for rule in _RULES:
        rule(scene)
    forget_name(scene)
    if _in_doubt(scene):
        for rule in _HABITS:
            rule(scene)
    forced = _forced(scene, decided) if decided else {}
    roles, named = weigh(scene, forced)
    return [_verdict(seen, roles[seen.index], named, decided.get(seen.index), forced) for seen in scene]


def _in_doubt(scene: Scene) -> bool:
    """Whether something only looks like a helper, or not exactly one container is left as the main."""
    left = 0
    for seen in scene.all:
        if seen.side and not seen.has_high:
            return True
        if seen.side <= seen.main:
            left += 1
    return left != 1 or scene.only_looks


def _forced(scene: Scene, decided: Decided) -> dict[int, Role]:
    """Roles that the user gave, unless they would leave no container to be the main."""
    forced: dict[int, Role] = {}
    for index, (decision, _) in decided.items():
        if decision in ("sidecar", "main"):
            forced[index] = "sidecar" if decision == "sidecar" else "main"
    if len(forced) == len(scene.all) and all(role == "sidecar" for role in forced.values()):
        return {}
    return forced


def _verdict(
    seen: Seen, role: Role, named: bool, decision: tuple[Override, str] | None, forced: Mapping[int, Role]
) -> Finding:
    evidence, against = _sides(seen, role)
    contrary = against
    if role == "main" and against and not seen.told.isdisjoint(_OWN_WORK):
        # A family known as helper that has a workload of its own is no contradiction.
        contrary = tuple([e for e in against if e.rule not in ("family", "family-command")])
    confidence: Confidence = "possible" if role == "unknown" else confidence_of(evidence, contrary)
    if role == "sidecar" and not named and not seen.injected:
        confidence = "possible"
    override = decision[0] if decision else None
    unheard = ""
    if decision and (seen.index in forced or decision[0] == "leave"):
        evidence = (Evidence("user", f"you decided: {decision[0]}", "decisive", role, decision[1]), *evidence)
        confidence = "certain" if seen.index in forced else confidence
    elif decision:
        override = None
        unheard = "Every container was decided to be a sidecar, so none would be the main; that is not followed."
    hit = seen.hit
    recipe = hit.recipe if hit and _names_family(hit, role, seen.told) else None
    return Finding(
        "", "containers", seen.index, role, confidence, recipe, seen.injected and role == "sidecar", evidence, against, unheard, override,
    )  # fmt: skip


def _names_family(hit: Hit, role: Role, told: set[str]) -> bool:
    """Whether a fit is worth a name: half a pair is none, nor is an image with many uses where it is no helper."""
    if hit.recipe.role == "peer":
        return "family" in told
    return role == "sidecar" or (hit.strength >= 2 and (not hit.recipe.generic or bool(hit.command)))


def _sides(seen: Seen, role: Role) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """Evidence for the role, and against it. Main and peer agree with each other against sidecar."""
    if role == "sidecar":
        return tuple(seen.evidence), tuple(seen.against)
    if role == "unknown":
        return (), (*seen.evidence, *seen.against)
    return tuple(seen.against), tuple(seen.evidence)
