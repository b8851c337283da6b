"""A workload prepared for the rules of evidence.py: for each container what the rules ask again and again, read once.

A Scene lives for one call of classify and is the only thing in this part of core that changes: rules add evidence to it."""

from __future__ import annotations

from collections.abc import Iterator, Set

from kubectl_sidecar.core.findings import Evidence, Role, Surroundings, Weight
from kubectl_sidecar.core.globs import capped_words, joined, without_user_info
from kubectl_sidecar.core.match import RecipeIndex
from kubectl_sidecar.core.pointers import Pointer, in_env, in_words, mentions_local, own_ports, probe_ports
from kubectl_sidecar.core.workload import Container, Workload

POINTS = {"decisive": 1000, "high": 4, "medium": 2, "low": 1}


_WRAPPERS = ("sh", "bash", "/bin/sh", "/bin/bash", "-c", "exec")


class Look:
    """What is read of one container alone, whatever Pod it is in; `index` is its place, which paths name.

    `ports`: those that it serves, as far as its spec says so. `family_hit`: it is of a family that is usually a sidecar, by
    more than its name alone. `idle`: it only sleeps, as a stand-in or a place to `exec` into."""

    __slots__ = ("family_hit", "hit", "idle", "image", "mounts", "path", "pointers", "ports", "probed", "text", "words")

    def __init__(self, index: int, container: Container, recipes: RecipeIndex) -> None:
        self.path = path = f"containers[{index}]"
        self.words = words = capped_words(container)
        self.text = text = joined(words) if words else ""
        self.ports: Set[int] = own_ports(container, words)
        self.pointers: list[Pointer] = []
        if mentions_local(text):
            self.pointers, own = in_words(words, len(container.command or ()), path)
            self.ports = self.ports | own
        if container.env:
            self.pointers += in_env(container, path)
        if container.readiness_probe or container.liveness_probe or container.startup_probe:
            self.probed: Set[int] = probe_ports(container)
        else:
            self.probed = _NO_PORTS
        self.mounts = {m.name: m for m in container.volume_mounts or ()}
        self.image, self.hit = recipes.best(container, words, text)
        hit = self.hit
        telling = hit is not None and (bool(hit.command) or not hit.recipe.generic)
        self.family_hit = (
            hit is not None and telling and hit.strength >= 2 and hit.confirmed and hit.recipe.role == "sidecar"
        )
        self.idle = _idle(text)


_NO_PORTS: frozenset[int] = frozenset()
_REMEMBERED = 2_048
_SMALL = 2_048


def look(index: int, container: Container, recipes: RecipeIndex) -> Look:
    """A Look, remembered: in a cluster many Pods carry the same helper with the same settings."""
    c = container
    key = (
        index,
        c.name,
        c.image,
        c.command,
        c.args,
        c.env,
        c.ports,
        c.volume_mounts,
        c.readiness_probe,
        c.liveness_probe,
        c.startup_probe,
    )
    known = recipes.looks.get(key)
    if known is None:
        known = Look(index, container, recipes)
        if len(known.text) <= _SMALL and len(c.env or ()) <= 64:
            if len(recipes.looks) >= _REMEMBERED:
                recipes.looks.clear()
            recipes.looks[key] = known
    return known


def _idle(text: str) -> bool:
    if "sleep" not in text and "/dev/null" not in text:
        return False
    words = [w for w in text.replace(";", " ").split()[:24] if w not in _WRAPPERS]
    if words[:1] in (["sleep"], ["/bin/sleep"]):
        return len(words) == 2
    return words[:3] == ["tail", "-f", "/dev/null"] or words[:4] == ["while", "true", "do", "sleep"]


class Seen:
    """One container of spec.containers in its Pod, and the evidence found about it so far. `side` and `main` are the sums of
    the points for and against its being a sidecar; `told` are the rules that spoke of it. The rest is from its Look."""

    __slots__ = (
        "against", "container", "evidence", "family_hit", "has_high", "hit", "idle", "image", "index", "injected", "main", "mounts",
        "name", "path", "pointers", "ports", "probed", "side", "text", "told", "words",
    )  # fmt: skip

    def __init__(self, index: int, container: Container, recipes: RecipeIndex) -> None:
        seen = look(index, container, recipes)
        self.index = index
        self.container = container
        self.name = container.name
        self.path, self.image, self.hit, self.family_hit, self.idle = (
            seen.path,
            seen.image,
            seen.hit,
            seen.family_hit,
            seen.idle,
        )
        self.words, self.text, self.mounts = seen.words, seen.text, seen.mounts
        self.pointers, self.ports, self.probed = seen.pointers, seen.ports, seen.probed
        self.evidence: list[Evidence] = []
        self.against: list[Evidence] = []
        self.told: set[str] = set()
        self.side = self.main = 0
        self.injected = self.has_high = False

    def add(self, rule: str, text: str, weight: Weight, speaks_for: Role, path: str = "") -> None:
        """Records one fact: `evidence` speaks for sidecar, `against` for main or peer."""
        found = Evidence(rule, without_user_info(text), weight, speaks_for, path or self.path)
        self.told.add(rule)
        if speaks_for == "sidecar":
            self.evidence.append(found)
            self.side += POINTS[weight]
            if weight in ("high", "decisive"):
                self.has_high = True
        else:
            self.against.append(found)
            self.main += POINTS[weight]


class Scene:
    """A workload of two or more containers under examination."""

    __slots__ = (
        "_serving", "all", "around", "claims", "default", "empty_dirs", "host_paths", "ids", "is_job", "kind", "recipes", "workload",
    )  # fmt: skip

    def __init__(self, workload: Workload, recipes: RecipeIndex, around: Surroundings) -> None:
        self.workload = workload
        self.recipes = recipes
        self.around = around
        self.kind = workload.kind.name
        self.is_job = self.kind in ("Job", "CronJob")
        self.all = [Seen(i, c, recipes) for i, c in enumerate(workload.spec.main_list)]
        self.ids = _identities(workload)
        self.default: Seen | None = None
        self._serving: dict[int, list[Seen]] | None = None
        self.claims = list(workload.claim_templates)
        self.empty_dirs: list[str] = []
        self.host_paths: dict[str, str] = {}
        for volume in workload.spec.volumes or ():
            if volume.empty_dir is not None:
                self.empty_dirs.append(volume.name)
            elif volume.persistent_volume_claim is not None:
                self.claims.append(volume.name)
            elif volume.host_path is not None:
                self.host_paths[volume.name] = volume.host_path.path or ""

    def __iter__(self) -> Iterator[Seen]:
        return iter(self.all)

    @property
    def only_looks(self) -> bool:
        """Whether the first container is a helper by its looks alone, and nothing but that makes another one the main."""
        first = self.all[0]
        if not (first.has_high and first.told <= BY_LOOKS):
            return False
        return all(s.main < POINTS["medium"] for s in self.all) and not all(s.has_high for s in self.all)

    def others(self, one: Seen) -> list[Seen]:
        return [s for s in self.all if s is not one]

    def owner(self, port: int | None, asking: Seen) -> tuple[Seen | None, bool]:
        """The container that serves a port which `asking` dials, and whether its spec says so. Without a declaration the
        only other container is meant; None where several could be, or where `asking` dials itself."""
        if port is not None:
            declared = self.serving.get(port, ())
            if asking in declared:
                return None, False
            if declared:
                return (declared[0], True) if len(declared) == 1 else (None, False)
        others = self.others(asking)
        if port is not None and len(others) > 1:
            others = [s for s in others if not s.ports] or others
        return (others[0], False) if len(others) == 1 else (None, False)

    @property
    def serving(self) -> dict[int, list[Seen]]:
        """Which containers serve a port, by their ports and probes."""
        if self._serving is None:
            self._serving = {}
            for seen in self.all:
                for port in seen.ports | seen.probed if seen.probed else seen.ports:
                    self._serving.setdefault(port, []).append(seen)
        return self._serving


BY_LOOKS = frozenset({"family", "family-command", "helper-name"})
"""Rules that say what a container is like, and nothing of its part in this Pod."""

NAME_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "name")


def _identities(workload: Workload) -> dict[str, tuple[str, bool]]:
    """What the workload is called: value -> (path, whether that is its very name), its own name first."""
    found: dict[str, tuple[str, bool]] = {}
    if workload.name:
        found[workload.name] = ("metadata.name", True)
    for labels, path in ((workload.labels, "metadata.labels"), (workload.template.labels, "template.metadata.labels")):
        if labels:
            for key in NAME_LABELS:
                value = labels.get(key)
                if value and value not in found:
                    found[value] = (f"{path}[{key}]", key == NAME_LABELS[0])
    return found
