"""A workload prepared for the rules of evidence.py: for each container what the rules ask again and again, read once.

A Scene lives for one call of classify and is the only thing in this part of core that changes: rules add evidence to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from kubectl_sidecar.core.classification.findings import Evidence, Role, Surroundings, Weight
from kubectl_sidecar.core.classification.pointers import (
    Pointer,
    in_env,
    in_words,
    mentions_local,
    own_ports,
    probe_ports,
)
from kubectl_sidecar.core.recipes.globs import without_user_info, words_and_text
from kubectl_sidecar.core.recipes.match import RecipeIndex
from kubectl_sidecar.core.workload import Container, VolumeMount, Workload

POINTS = {"decisive": 1000, "high": 4, "medium": 2, "low": 1}


_WRAPPERS = ("sh", "bash", "/bin/sh", "/bin/bash", "-c", "exec")


_NO_MOUNTS: Mapping[str, VolumeMount] = {}
_PATHS = tuple([f"containers[{i}]" for i in range(32)])


def _idle(text: str) -> bool:
    words = [w for w in text.replace(";", " ").split()[:24] if w not in _WRAPPERS]
    if words[:1] in (["sleep"], ["/bin/sleep"]):
        return len(words) == 2
    return words[:3] == ["tail", "-f", "/dev/null"] or words[:4] == ["while", "true", "do", "sleep"]


class Seen:
    """One container of spec.containers in its Pod, and the evidence found about it so far. `side` and `main` are the sums of
    the points for and against its being a sidecar; `told` are the rules that spoke of it.

    `family_hit`: it is of a family that is usually a sidecar, by more than its name alone. `idle`: it only sleeps, as a
    stand-in or a place to `exec` into. Nothing of it is remembered: reading it anew costs less than to ask whether the same
    text was seen before."""

    __slots__ = (
        "_ports", "_probed", "against", "container", "evidence", "family_hit", "has_high", "hit", "idle", "image", "index", "injected", "main",
        "mounts", "name", "path", "pointers", "side", "text", "told", "words",
    )  # fmt: skip

    def __init__(self, index: int, container: Container, recipes: RecipeIndex) -> None:
        self.index = index
        self.container = container
        self.name = container.name
        self.path = path = _PATHS[index] if index < len(_PATHS) else f"containers[{index}]"
        words, text = words_and_text(container)
        self.words, self.text = words, text
        self._ports: Set[int] | None = None
        self._probed: Set[int] | None = None
        self.pointers: Sequence[Pointer] = ()
        if text and mentions_local(text):
            self.pointers, own = in_words(words, len(container.command or ()), path)
            if own:
                self._ports = own_ports(container, words) | own
        if container.env:
            dialled = in_env(container, path)
            if dialled:
                self.pointers = [*self.pointers, *dialled]
        mounts = container.volume_mounts
        self.mounts = {m.name: m for m in mounts} if mounts else _NO_MOUNTS
        self.image, self.hit = recipes.best(container, words, text)
        hit = self.hit
        self.family_hit = (
            hit is not None
            and hit.strength >= 2
            and hit.confirmed
            and hit.recipe.role == "sidecar"
            and (not hit.recipe.generic or hit.command != "")
        )
        self.idle = ("sleep" in text or "/dev/null" in text) and _idle(text)
        self.evidence: list[Evidence] = []
        self.against: list[Evidence] = []
        self.told: set[str] = set()
        self.side = self.main = 0
        self.injected = self.has_high = False

    @property
    def ports(self) -> Set[int]:
        """Those that it serves, as far as its spec says so; few Pods need the answer."""
        if self._ports is None:
            self._ports = own_ports(self.container, self.words)
        return self._ports

    @property
    def probed(self) -> Set[int]:
        """The ports that its own probes ask."""
        if self._probed is None:
            self._probed = probe_ports(self.container)
        return self._probed

    def add(self, rule: str, text: str, weight: Weight, speaks_for: Role, path: str = "") -> None:
        """Records one fact: `evidence` speaks for sidecar, `against` for main or peer."""
        if "@" in text:
            text = without_user_info(text)
        found = Evidence(rule, text, weight, speaks_for, path or self.path)
        self.told.add(rule)
        if speaks_for == "sidecar":
            self.evidence.append(found)
            self.side += POINTS[weight]
            if weight == "high" or weight == "decisive":
                self.has_high = True
        else:
            self.against.append(found)
            self.main += POINTS[weight]


class Scene:
    """A workload of two or more containers under examination."""

    __slots__ = (
        "all", "around", "claims", "default", "empty_dirs", "host_paths", "ids", "is_job", "kind", "recipes", "workload",
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
            declared = [s for s in self.all if port in s.ports or port in s.probed]
            if asking in declared:
                return None, False
            if declared:
                return (declared[0], True) if len(declared) == 1 else (None, False)
        others = self.others(asking)
        if port is not None and len(others) > 1:
            others = [s for s in others if not s.ports] or others
        return (others[0], False) if len(others) == 1 else (None, False)


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
