"""What the user decides, and what live Pods show, from a cluster to the plan: decisions and recipes of the user's own win, an
injected container is never patched but its switch is named, and what Pods did is evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from kubectl_sidecar.actions.inspect import Row, Scope, scan
from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, Target, prepare
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.classification.findings import Override
from kubectl_sidecar.core.kinds import KINDS, resolve
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.recipes.recipe import Injector, Match, Recipe, Switch
from kubectl_sidecar.output.listing import row_data
from kubectl_sidecar.output.plan import describe
from kubectl_sidecar.output.style import plain
from kubectl_sidecar.output.words import brief
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.memory import MemoryCluster, Webhook
from kubectl_sidecar.sources.sample import sample_cluster
from kubectl_sidecar.sources.simulate import ManualClock
from tests.actions.world import APP, INDEX, SHIPPER, workload, world

PLAIN = {"name": "aide", "image": "acme/aide:1"}
PACKAGED = Recipe("known-aide", "Known", "aides", Match(images=("acme/aide",), names=("aide",)))
MINE = Recipe(
    "my-aide", "Mine", "aides", Match(images=("acme/aide",)), movable="never", reason="Ask the platform team."
)


def row_of(cluster: MemoryCluster, index: RecipeIndex) -> Row:
    rows = scan(cluster, Scope(None), index).rows
    return next(row for row in rows if row.name == "checkout" and row.kind.name != "Pod")


def prepared(
    cluster: MemoryCluster, index: RecipeIndex = INDEX, kind: str = "deploy", name: str = "checkout", namespace: str = "shop",
    place: Mapping[str, str] | None = None, decisions: Mapping[str, Override] | None = None,
) -> Prepared:  # fmt: skip
    options = MigrateOptions(PlanOptions(containers=decisions or {}, place=place or {}))
    return prepare(cluster, Target(resolve(kind), namespace, name), index, options, dry_runs=False)


def said(found: Prepared) -> str:
    return "\n".join(describe(found, plain))


class TestPrecedence:
    """Flag > annotation > the user's recipes > packaged recipes > evidence, each step over the one below."""

    CASES: ClassVar[dict[str, tuple[RecipeIndex, str | None, Override | None, str, str, bool]]] = {
        "evidence alone": (RecipeIndex(()), None, None, "sidecar", "", False),
        "packaged over evidence": (RecipeIndex((PACKAGED,)), None, None, "sidecar", "known-aide", True),
        "mine over packaged": (RecipeIndex((PACKAGED,), preferred=(MINE,)), None, None, "sidecar", "my-aide", False),
        "annotation over mine": (
            RecipeIndex((PACKAGED,), preferred=(MINE,)),
            "sidecar",
            None,
            "sidecar",
            "my-aide",
            True,
        ),
        "annotation main over mine": (
            RecipeIndex((PACKAGED,), preferred=(MINE,)),
            "main",
            None,
            "main",
            "my-aide",
            False,
        ),
        "annotation leave over packaged": (RecipeIndex((PACKAGED,)), "leave", None, "sidecar", "known-aide", False),
        "flag over annotation": (RecipeIndex((PACKAGED,)), "main", "sidecar", "sidecar", "known-aide", True),
        "flag leave over annotation": (RecipeIndex((PACKAGED,)), "sidecar", "leave", "sidecar", "known-aide", False),
    }

    @pytest.mark.parametrize("case", CASES.values(), ids=CASES)
    def test_a_chain(self, case: tuple[RecipeIndex, str | None, Override | None, str, str, bool]) -> None:
        index, annotation, flag, role, family, moves = case
        annotations = {"kubectl-sidecar/aide": annotation} if annotation else None
        here = world(workload(containers=(APP, PLAIN), annotations=annotations))
        found = prepared(here.cluster, index, decisions={"aide": flag} if flag else None)
        finding = next(f for f in found.plan.findings if f.name == "aide")
        assert (finding.role, finding.family) == (role, family)
        assert [r.finding.name for r in found.plan.relocations] == (["aide"] if moves else [])
        if flag is None:
            listed = next(f for f in row_of(here.cluster, index).findings if f.name == "aide")
            assert (listed.role, listed.family) == (role, family), "list and describe agree"

    def test_the_first_of_several_recipes_of_mine_wins(self) -> None:
        second = Recipe("second", "Second", "aides", MINE.match)
        for first, other in ((MINE, second), (second, MINE)):
            here = world(workload(containers=(APP, PLAIN)))
            listed = row_of(here.cluster, RecipeIndex((PACKAGED,), preferred=(first, other)))
            assert listed.findings[1].family == first.family


def adding(container: dict[str, Any], **annotations: str) -> Webhook:
    """A webhook that adds a container and annotations to every Pod."""

    def inject(pod: Object) -> Object:
        metadata, spec = pod["metadata"], pod["spec"]
        return {
            **pod,
            "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}},
            "spec": {**spec, "containers": [*spec["containers"], container]},
        }

    return inject


def injecting(recipe: Recipe, annotation: str, *objects: dict[str, Any], **marks: str) -> MemoryCluster:
    """A cluster in whose Pods a webhook has put the aide."""
    here = world()
    here.cluster.webhooks.append(adding(PLAIN, **marks))
    key, _, value = annotation.partition("=")
    annotations = {key: value} if annotation else None
    here.cluster.put(workload(containers=(APP,), annotations=annotations))
    for _ in range(5):
        here.simulation.tick()
    return here.cluster


SWITCH = Switch("Pod template", "annotation", "aide.example.com/native", "true", since="1.8")


class TestInjected:
    @pytest.mark.parametrize(
        ("injector", "annotation", "marks"),
        [
            (Injector("the aide's injector", marks=("aide.example.com/status",), switches=(SWITCH,)), "", {"aide.example.com/status": "done"}),
            (Injector("the aide's injector", asks=("aide.example.com/inject=true",), switches=(SWITCH,)), "aide.example.com/inject=true", {}),
        ],
        ids=["by the mark that it leaves", "by what asks for it, where it leaves none"],
    )  # fmt: skip
    def test_it_is_listed_as_nothing_to_patch(self, injector: Injector, annotation: str, marks: dict[str, str]) -> None:
        recipe = Recipe("aide", "Aide", "aides", PACKAGED.match, injector=injector)
        index = RecipeIndex((recipe,))
        cluster = injecting(recipe, annotation, **marks)
        row = row_of(cluster, index)
        assert row.state == "injected"
        (aide,) = (c for c in row_data(row)["containers"] if c["name"] == "aide")
        assert (aide["injected"], aide["action"], aide["family"]) == (True, "flip-injector", "aide")
        assert "start-race" in aide["problems"]
        found = prepared(cluster, index)
        assert found.plan.is_empty
        wanted = "injected by the aide's injector: set the annotation aide.example.com/native=true on the Pod template (since 1.8)"
        assert f"aide stays: {wanted}" in said(found)

    def test_who_neither_asks_nor_bears_a_mark_is_not_looked_at(self) -> None:
        recipe = Recipe(
            "aide", "Aide", "aides", PACKAGED.match, injector=Injector("x", asks=("aide.example.com/inject=true",))
        )
        cluster = injecting(recipe, "aide.example.com/inject=false")
        requests: list[str] = []
        cluster.hooks.append(lambda request: requests.append(request.verb))
        assert row_of(cluster, RecipeIndex((recipe,))).state == "none"
        assert "get" not in requests

    def test_one_written_by_hand_is_not_injected(self) -> None:
        recipe = Recipe(
            "aide", "Aide", "aides", PACKAGED.match, injector=Injector("x", marks=("aide.example.com/status",))
        )
        here = world(workload(containers=(APP, PLAIN)))
        row = row_of(here.cluster, RecipeIndex((recipe,)))
        assert row.state == "classic"
        assert row_data(row)["containers"][1]["action"] == "move"


class TestWhatPodsDid:
    def test_an_app_that_cannot_live_without_its_helper_at_first(self) -> None:
        here = world(workload(annotations={"simulation/checkout": "exits 1 after 5"}))
        found = prepared(here.cluster)
        race = next(p for p in found.plan.problems if p.id == "start-race")
        (seen,) = race.seen
        assert seen.startswith("checkout was restarted ")
        assert seen.endswith("(exit code 1, Error) in 2 of 2 Pods")
        text = said(found)
        assert f"seen: {seen}" in text
        assert "seen: restarted " in text

    def test_quiet_pods_say_nothing(self) -> None:
        here = world(workload())
        found = prepared(here.cluster)
        assert not any(p.seen for p in found.plan.problems)
        assert "seen:" not in said(found)

    def test_a_cron_jobs_pods_are_found_through_its_jobs(self) -> None:
        cluster, _ = sample_cluster(ManualClock())
        found = prepared(cluster, kind="cronjob", name="report")
        hangs = next(p for p in found.plan.problems if p.id == "job-never-completes")
        assert hangs.seen == ("report has ended (exit code 0, Completed) and proxy runs on in 1 of 1 Pod",)
        assert "job-never-completes" in said(found)

    def test_a_cron_job_that_never_ran_has_none(self) -> None:
        here = world(workload("cronjob"))
        assert prepared(here.cluster, kind="cronjob").facts.pods == ()

    def test_another_cron_jobs_jobs_are_not_its_own(self) -> None:
        here = world(workload("cronjob"), workload("cronjob", metadata={"name": "other"}))
        here.simulation.run_job("shop", "other")
        here.simulation.tick()
        here.simulation.tick()
        assert prepared(here.cluster, kind="cronjob").facts.pods == ()
        assert len(prepared(here.cluster, kind="cronjob", name="other").facts.pods) == 1  # type: ignore[arg-type]

    def test_a_bare_pod_is_its_own(self) -> None:
        here = world(workload("pod"))
        pods: Any = prepared(here.cluster, kind="pod").facts.pods
        assert [p["metadata"]["name"] for p in pods] == ["checkout"]

    @pytest.mark.parametrize("kind", [k.name for k in KINDS if k.name != "Rollout"])
    def test_a_description_takes_a_dozen_requests_at_most(self, kind: str) -> None:
        greedy = {**SHIPPER, "resources": {"requests": {"cpu": "1"}}}
        first = {"name": "prepare", "image": "registry.example.com/prepare:1", "resources": {"requests": {"cpu": "2"}}}
        subject = workload(kind, containers=(APP, greedy))
        spec: Any = subject
        for key in resolve(kind).template:
            spec = spec[key]
        spec["spec"]["initContainers"] = [first]
        here = world(subject)
        if kind == "CronJob":
            here.simulation.run_job("shop", "checkout")
            here.simulation.tick()
        before = here.cluster.requests
        found = prepared(here.cluster, kind=kind, place={"log-shipper": "first"})
        assert found.plan.usage_after != found.plan.usage_before, "it asks for the limits too"
        assert here.cluster.requests - before <= 12


def test_data_of_a_row_is_plain() -> None:
    here = world(workload())
    assert json.loads(json.dumps(row_data(row_of(here.cluster, INDEX))))["containers"][1]["family"] == "fluent-bit"


def test_the_screen_names_the_injector_and_its_switch() -> None:
    cluster, _ = sample_cluster(ManualClock())
    row = next(row for row in scan(cluster, Scope(("payments",)), INDEX).rows if row.name == "gateway")
    shown = brief(next(f for f in row.findings if f.name == "istio-proxy"))
    assert (
        "injected by Istio's sidecar injector (istiod): set the annotation sidecar.istio.io/nativeSidecar=true" in shown
    )
    told = json.dumps(row_data(row))
    assert "injected by Istio's sidecar injector (istiod): set the annotation" in told
