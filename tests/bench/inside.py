"""What parts of the tool cost by themselves, called as functions: `python -m tests.bench.inside PART …` prints JSON.

Each part runs in a process of its own, that has done nothing else before.
"""

import argparse
import gc
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kubectl_sidecar.actions.inspect import Scope, scan
from kubectl_sidecar.actions.inspect.rows import TOGETHER
from kubectl_sidecar.actions.migrate import MigrateOptions, Target, prepare, prepare_all
from kubectl_sidecar.core.classification.classify import RecipeIndex, classify, classify_all
from kubectl_sidecar.core.classification.findings import Surroundings
from kubectl_sidecar.core.decode import Shared, decode_object, decode_page
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.planning.planner import make_plan
from kubectl_sidecar.core.problems import problems
from kubectl_sidecar.core.workload import Workload
from tests.bench.workloads import NAMESPACES, deployments

DEPLOYMENT = resolve("deployment")
_GROWTH_COUNT = 500
CONTAINERS = (2, 4, 8, 16)
SHARES = (0.0, 0.25, 0.5, 1.0)


def recipes(words: argparse.Namespace) -> dict[str, float]:
    """Loading all packaged recipes in milliseconds: parsed anew, from the cache, and made into an index."""
    from kubectl_sidecar.sources.recipes import packaged

    cache = Path(words.folder)

    def timed() -> float:
        begin = time.perf_counter()
        packaged(cache=cache)
        return (time.perf_counter() - begin) * 1000

    for old in cache.glob("recipes-*"):
        old.unlink()
    anew, again = timed(), timed()
    loaded = packaged(cache=cache)
    begin = time.perf_counter()
    RecipeIndex(loaded)
    return {"count": len(loaded), "anew": anew, "cached": again, "index": (time.perf_counter() - begin) * 1000}


def _index(share: float = 1.0) -> RecipeIndex:
    from kubectl_sidecar.sources.recipes import packaged

    found = packaged()
    return RecipeIndex(found[: round(len(found) * share)])


def _workloads(pages: Sequence[bytes]) -> Iterator[Workload]:
    """As a scan decodes them: one by one, with what all pages share."""
    shared = Shared()
    return (w for page in pages for w in decode_page(DEPLOYMENT, page, shared).items if isinstance(w, Workload))


def classification(words: argparse.Namespace) -> dict[str, Any]:
    """CPU seconds that the steps of a list take for the Deployments of a file with pages (one on each line). They are classified
    when they have just been decoded, as a scan does, and without garbage collection, as in a list; so classifying is what
    decoding with it takes more than without. It is the first pass: nothing was seen before."""
    gc.disable()
    pages = Path(words.pages).read_bytes().splitlines()
    index = _index()

    def few() -> Iterator[list[Workload]]:
        rest = _workloads(pages)
        return iter(lambda: list(itertools.islice(rest, TOGETHER)), [])

    decoding = _cpu_seconds(lambda: [None for _ in few()])
    with_classify = _cpu_seconds(lambda: [classify_all(workloads, index) for workloads in few()])
    findings = [pair for some in few() for pair in zip(some, classify_all(some, index), strict=True)]
    judging = _cpu_seconds(lambda: [problems(workload, found) for workload, found in findings])
    return {"count": len(findings), "classify": with_classify - decoding, "problems": judging, "decode": decoding}


def _cpu_seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def growth(words: argparse.Namespace) -> dict[str, Any]:
    """Microseconds a workload: by the number of containers with all recipes, and by the share of recipes at four containers."""

    fresh = itertools.count(0, _GROWTH_COUNT)  # each time others: the tool remembers texts that it has seen

    def once(containers: int, index: RecipeIndex) -> float:
        page = {"items": list(deployments(_GROWTH_COUNT, containers=containers, first=next(fresh)))}
        workloads = list(_workloads([json.dumps(page).encode()]))
        begin = time.process_time()
        for workload in workloads:
            classify(workload, index)
        return (time.process_time() - begin) / len(workloads) * 1e6

    def one(containers: int, share: float) -> float:
        index = _index(share)
        return min(once(containers, index) for _ in range(4))

    return {
        "containers": {str(count): one(count, 1.0) for count in CONTAINERS},
        "recipes": {f"{share:.0%}": one(4, share) for share in SHARES},
    }


def planning(words: argparse.Namespace) -> dict[str, Any]:
    """CPU and wall seconds of planning `count` Deployments of `containers` containers that an embedded cluster holds, as
    `migrate -A -l … --dry-run=client` does: each object and its Pods are read, what surrounds them once for each namespace, and
    each is decoded, classified, planned and judged. `alone` is the CPU of the last three. Nothing is planned twice: the tool
    remembers texts that it has seen, and each Deployment has its own."""
    from kubectl_sidecar.sources.memory import MemoryCluster

    gc.disable()  # as the command does

    def surroundings() -> list[dict[str, Any]]:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}, "spec": {},
                "status": {"nodeInfo": {"kubeletVersion": "v1.35.4", "osImage": "Debian", "operatingSystem": "linux"}}}  # fmt: skip
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in NAMESPACES]
        return [node, *spaces]

    first, *bodies = deployments(2 * words.count + 1, containers=words.containers)
    bodies, others = bodies[: words.count], bodies[words.count :]
    cluster = MemoryCluster([*surroundings(), first, *bodies])
    index, options = _index(), MigrateOptions()
    targets = [Target(DEPLOYMENT, b["metadata"]["namespace"], b["metadata"]["name"]) for b in (first, *bodies)]
    (known,) = prepare_all(cluster, targets[:1], index, options, dry_runs=False)  # what is made once is not counted
    before, wall, cpu = cluster.requests, time.perf_counter(), time.process_time()
    prepared = prepare_all(cluster, targets[1:], index, options, dry_runs=False)
    wall, cpu, asked = time.perf_counter() - wall, time.process_time() - cpu, cluster.requests - before
    workloads = [decode_object(DEPLOYMENT, obj) for obj in others]
    alone = time.process_time()
    for obj, workload in zip(others, workloads, strict=True):
        found = classify(workload, index, surroundings=Surroundings.of(workload, known.facts))
        make_plan(obj, workload, found, known.facts, options.plan, index.recipes)
    alone = time.process_time() - alone
    moves = sum(not one.plan.is_empty for one in prepared)
    return {"count": len(prepared), "moves": moves, "wall": wall, "cpu": cpu, "alone": alone, "requests": asked}


def requests(words: argparse.Namespace) -> dict[str, Any]:
    """Requests that one list of everything sends, and one `describe`."""
    from kubectl_sidecar.sources.kube import connect

    index = _index()
    cluster = connect(kubeconfig=words.kubeconfig)
    inventory = scan(cluster, Scope(None), index)
    listed = cluster.requests
    row = inventory.rows[0]
    prepare(cluster, Target(row.kind, row.namespace, row.name), index, MigrateOptions(), dry_runs=False)
    return {"rows": len(inventory.rows), "list": listed, "describe": cluster.requests - listed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("recipes")
    part.add_argument("folder", help="an empty folder for the cache")
    part.set_defaults(run=recipes)
    part = parts.add_parser("classification")
    part.add_argument("pages", help="a file with pages of Deployments, one on each line")
    part.set_defaults(run=classification)
    part = parts.add_parser("growth")
    part.set_defaults(run=growth)
    part = parts.add_parser("planning")
    part.add_argument("count", type=int)
    part.add_argument("containers", type=int)
    part.set_defaults(run=planning)
    part = parts.add_parser("requests")
    part.add_argument("kubeconfig")
    part.set_defaults(run=requests)
    words = parser.parse_args()
    print(json.dumps(words.run(words)))


if __name__ == "__main__":
    main()
