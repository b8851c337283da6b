"""A workload prepared for the rules of evidence.py: its Shape, and the Scene in which the rules record what they see.

A Shape is everything that a rule may look at, and nothing else: no container's name, no image, no text that no rule reads. So
workloads of one shape have one verdict, by construction, and it is found once. Where a rule has to name a container, it
gives its index. A Scene lives for one weighing and is the only thing in this part of core that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from kubectl_sidecar.core.classification.findings import DEFAULT_CONTAINER, Evidence, Role, Surroundings, Weight
from kubectl_sidecar.core.classification.likeness import Likeness, likenesses
from kubectl_sidecar.core.classification.traits import Known, Traits
from kubectl_sidecar.core.recipes.globs import without_user_info
from kubectl_sidecar.core.recipes.match import RecipeIndex
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import PodSpec, Workload

POINTS = {"decisive": 1000, "high": 4, "medium": 2, "low": 1}

_PATHS = tuple([f"containers[{i}]" for i in range(32)])


class Shape(msgspec.Struct, frozen=True, gc=False):
    """See the module. `marks` are the keys of annotations and labels of the template that injectors leave, each with where it
    stands. `default` is the container that an annotation of kubectl names, and the annotation. `heaviest` are the containers
    that request three quarters or more of the cpu and of the memory. `twins` is, for each container, the first one with its
    image, `kin` the first one whose image is of the same project by its name; empty where all differ. `callings` are name and
    image of each container, where a host name may mean one of two. `parts` are those that are called as parts of an app are, without
    the one that is most like the workload. `offshoots` are pairs: the first is called as the second with a helper's word behind it."""

    kind: str
    share_process_namespace: bool
    traits: tuple[Traits, ...]
    likenesses: tuple[Likeness, ...]
    marks: tuple[tuple[str, str], ...]
    default: tuple[int, str] | None
    empty_dirs: tuple[str, ...]
    claims: tuple[str, ...]
    host_paths: tuple[tuple[str, str], ...]
    heaviest: tuple[tuple[str, int], ...]
    twins: tuple[int, ...]
    kin: tuple[int, ...]
    callings: tuple[tuple[str, str], ...]
    parts: tuple[int, ...]
    offshoots: tuple[tuple[int, int], ...]


def shape_of(workload: Workload, known: Sequence[Known], recipes: RecipeIndex) -> tuple[Shape, tuple[str, ...]]:
    """The shape of a workload whose containers, two or more, were read, and their names. It is what each workload of a cluster costs,
    so what can be remembered of one container, or of a set of keys, is."""
    spec, metadata = workload.spec, workload.template.metadata
    traits, names, projects, requests, stems, parts = [], [], [], [], "", False
    for one in known:
        calling = one.calling
        traits.append(one.traits)
        names.append(one.name)
        projects.append(calling.project)
        requests.append(one.requests)
        stems = stems or calling.stem
        parts = parts or calling.part
    annotations = metadata.annotations if metadata else None
    labels = metadata.labels if metadata else None
    marks = recipes.injections.marks(annotations) if annotations else ()
    marks_of_labels = recipes.injections.marks(labels) if labels else ()
    empty_dirs, claims, host_paths = _volumes(workload, spec)
    kin = _firsts(projects)
    twins = _firsts([one.calling.path for one in known]) if kin else ()  # one image is one project
    alike = likenesses(workload, known)
    shape = Shape(
        workload.kind.name,
        bool(spec.share_process_namespace),
        tuple(traits),
        alike,
        tuple([("metadata.annotations", m) for m in marks] + [("metadata.labels", m) for m in marks_of_labels])
        if marks or marks_of_labels
        else (),
        _default(annotations, names) if annotations else None,
        empty_dirs,
        claims,
        host_paths,
        _heaviest(tuple(requests)),
        twins,
        kin,
        _callings(known) if len(known) == 2 else (),
        _parts(known, alike) if parts else (),
        _offshoots(known, names) if stems else (),
    )
    return shape, tuple(names)


def _volumes(workload: Workload, spec: PodSpec) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The names of its emptyDirs and of its claims, and the paths of the node by volume."""
    empty_dirs: list[str] = []
    claims = list(workload.claim_templates)
    host_paths: list[tuple[str, str]] = []
    for volume in spec.volumes or ():
        if volume.empty_dir is not None:
            empty_dirs.append(volume.name)
        elif volume.persistent_volume_claim is not None:
            claims.append(volume.name)
        elif volume.host_path is not None:
            host_paths.append((volume.name, volume.host_path.path or ""))
    return tuple(empty_dirs), tuple(claims), tuple(host_paths)


_DEFAULTS = (DEFAULT_CONTAINER, "kubectl.kubernetes.io/default-logs-container")


def _default(annotations: Mapping[str, str | None], names: Sequence[str]) -> tuple[int, str] | None:
    for key in _DEFAULTS:
        if key in annotations and (name := annotations[key]) is not None:
            return (names.index(name), key) if name in names else None
    return None


@lru_cache(maxsize=1024)
def _heaviest(requests: tuple[tuple[float, float], ...]) -> tuple[tuple[str, int], ...]:
    """Which is three quarters or more of them all, where all are something."""
    found = []
    for resource, amounts in zip(("cpu", "memory"), zip(*requests, strict=True), strict=True):
        if max(amounts) >= 0.75 * sum(amounts) and 0.0 not in amounts:
            found.append((resource, amounts.index(max(amounts))))
    return tuple(found)


def _firsts(texts: Sequence[str]) -> tuple[int, ...]:
    """For each text the place of the first one like it, an empty one being like none; nothing where all differ."""
    if len(set(texts)) == len(texts):
        return ()
    return tuple([texts.index(text) if text else i for i, text in enumerate(texts)])


def _callings(known: Sequence[Known]) -> tuple[tuple[str, str], ...]:
    for one in known:
        for pointer in one.traits.pointers:
            if pointer.port is None and pointer.use == "some":
                return tuple([(k.name.lower(), k.calling.image.lower()) for k in known])
    return ()


def _parts(known: Sequence[Known], alike: Sequence[Likeness]) -> tuple[int, ...]:
    best = max([likeness.rank for likeness in alike])
    return tuple([i for i, one in enumerate(known) if one.calling.part and not 0 < alike[i].rank == best])


def _offshoots(known: Sequence[Known], names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    found = []
    for i, one in enumerate(known):
        stem = one.calling.stem
        if stem and (stem in names or "-" in stem):  # what stands before a dash may be a name as well
            for j, other in enumerate(names):
                if i != j and (stem == other or stem.startswith(f"{other}-")):
                    found.append((i, j))
    return tuple(found)


class Seen:
    """One container of spec.containers in its Pod, and the evidence found about it so far. `side` and `main` are the sums of
    the points for and against its being a sidecar; `told` are the rules that spoke of it. `part`: it is called as
    parts of an app are, or most like the workload."""

    __slots__ = (
        "against", "evidence", "family_hit", "has_high", "hit", "idle", "index", "injected", "main", "mounts", "part", "path", "side",
        "told", "traits",
    )  # fmt: skip

    def __init__(self, index: int, traits: Traits, part: bool) -> None:
        self.index = index
        self.part = part
        self.path = _PATHS[index] if index < len(_PATHS) else f"containers[{index}]"
        self.traits = traits
        self.hit, self.family_hit, self.idle = traits.hit, traits.family_hit, traits.idle
        self.mounts = traits.fittings.by_volume
        self.evidence: list[Evidence] = []
        self.against: list[Evidence] = []
        self.told: set[str] = set()
        self.side = self.main = 0
        self.injected = self.has_high = False

    @property
    def is_own_program(self) -> bool:
        """Whether its image is one of a family that is nobody's helper, a database server say, and has no other use."""
        hit = self.hit
        return hit is not None and hit.recipe.role != "sidecar" and hit.image != "no" and not hit.recipe.generic

    @property
    def by_looks(self) -> bool:
        """Whether only what it is like speaks for a helper, and nothing of its part in this Pod; that it is dialled does not,
        since a server is."""
        return all(e.rule in UNTIED for e in self.evidence)

    @property
    def attached(self) -> bool:
        """Whether it is of a family that always works for another container."""
        return self.hit is not None and self.family_hit and self.hit.recipe.attached

    def add(
        self,
        rule: str,
        text: str,
        weight: Weight,
        speaks_for: Role,
        field: str = "",
        *,
        whom: Seen | None = None,
        after: str = "",
        path: str = "",
    ) -> None:
        """Records one fact: `evidence` speaks for sidecar, `against` for main or peer. The text goes on with the name of `whom`
        and `after`. It was read from `field` of this container, or from the field with this whole `path`."""
        if "@" in text or "@" in after:
            text, after = without_user_info(text), without_user_info(after)
        place = path or (f"{self.path}.{field}" if field else self.path)
        found = Evidence(rule, text, weight, speaks_for, place, whom.index if whom else None, after)
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
    """A workload of two or more containers under examination. `around` and the `names` in it are for what was read of one
    workload alone, so what they lead to is not remembered for others."""

    __slots__ = ("all", "around", "host_paths", "is_job", "marked", "names", "shape")

    def __init__(
        self, shape: Shape, marked: Sequence[tuple[str, str, Recipe]], around: Surroundings, names: Sequence[str]
    ) -> None:
        self.shape = shape
        self.marked = marked
        self.around = around
        self.names = names
        self.is_job = shape.kind in ("Job", "CronJob")
        best = max([likeness.rank for likeness in shape.likenesses]) or None
        self.all = [
            Seen(i, traits, i in shape.parts or shape.likenesses[i].rank == best)
            for i, traits in enumerate(shape.traits)
        ]
        self.host_paths = dict(shape.host_paths)

    def __iter__(self) -> Iterator[Seen]:
        return iter(self.all)

    @property
    def only_looks(self) -> bool:
        """Whether the first container is a helper by its looks alone, and nothing but that makes another one the main."""
        first = self.all[0]
        if not (first.has_high and first.told <= BY_LOOKS) or first.attached:
            return False
        return all(s.main < POINTS["medium"] for s in self.all) and not all(s.has_high for s in self.all)

    def same_image(self, one: Seen, other: Seen) -> bool:
        twins = self.shape.twins
        return one is other or (bool(twins) and twins[one.index] == twins[other.index])

    def same_project(self, one: Seen, other: Seen) -> bool:
        kin = self.shape.kin
        return bool(kin) and kin[one.index] == kin[other.index]

    def others(self, one: Seen) -> list[Seen]:
        return [s for s in self.all if s is not one]

    def owner(self, port: int | None, asking: Seen) -> tuple[Seen | None, bool]:
        """The container that serves a port which `asking` dials, and whether its spec says so. Without a declaration the
        only other container is meant; None where several could be, or where `asking` dials itself."""
        if port is not None:
            declared = [s for s in self.all if port in s.traits.ports or port in s.traits.fittings.probed]
            if asking in declared:
                return None, False
            if declared:
                return (declared[0], True) if len(declared) == 1 else (None, False)
        others = self.others(asking)
        if port is not None and len(others) > 1:
            others = [s for s in others if not s.traits.ports] or others
        return (others[0], False) if len(others) == 1 else (None, False)


BY_LOOKS = frozenset({"family", "family-command", "helper-name"})
"""Rules that say what a container is like, and nothing of its part in this Pod."""
UNTIED = BY_LOOKS | {"serves-main"}
"""These, and the one that says that it is dialled."""
