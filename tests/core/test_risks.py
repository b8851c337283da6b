"""Each risk where it is, and not where it is not; and that a clean workload stays clean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubectl_sidecar.core.facts import Facts, effective_version
from kubectl_sidecar.core.owners import NOBODY
from kubectl_sidecar.core.plan import Relocation
from kubectl_sidecar.core.planning.policy import NEVER_ACCEPTED, PolicyOptions, decide
from kubectl_sidecar.core.pod.resources import usage
from kubectl_sidecar.core.recipes.recipe import HookMeaning, Recipe
from kubectl_sidecar.core.risks import RISKS, Context, judge, unknowns
from tests.core.judging import (
    DB_PROXY,
    GUARD,
    KNOWN,
    SHIPPER,
    SYNC,
    app,
    context_of,
    found,
    helper,
    plan,
    pod_object,
    workload,
)
from tests.core.risk_cases import CASES
from tests.core.risk_parts import DENIED, NAMED, V133, Case, at

ALL = [
    (f"{theme}: {case.id} {number} {case.has or 'absent'}", case)
    for theme, cases in CASES.items()
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=[name for name, _ in ALL])
def test_the_table(case: Case) -> None:
    told = [r for r in case.plan().risks if r.id == case.id]
    assert {r.severity for r in told} == ({case.has} if case.has else set())
    if case.words:
        assert any(case.words in r.text for r in told)


def injected_context() -> Context:
    """The planner never moves what was injected; the risk holds for whoever calls with it."""
    subject = workload(pod_object(app(), helper()))
    (main, side) = found(subject, {"helper": None}, helper={"injected": True})
    relocation = Relocation(side, subject.spec.main_list[1], 1, 0, "because")
    version = effective_version(KNOWN, subject.spec)[0]
    asks = usage(subject.spec)
    return Context(subject, (main, side), (relocation,), KNOWN, NOBODY, version, subject.spec, subject.spec, asks, asks)


def test_an_injected_container_is_never_moved() -> None:
    assert [r.severity for r in judge(injected_context()) if r.id == "injected"] == ["blocker"]


def test_also_named_a_sidecar_an_injected_container_stays_and_there_is_nothing_to_do() -> None:
    found_ = plan(pod_object(app(), helper()), helper={"injected": True, "override": "sidecar"})
    verdict = decide(found_, NOBODY, (), PolicyOptions())
    assert found_.is_empty
    assert verdict.decision == "nothing"
    assert "helper stays: it is injected" in verdict.reasons[0]


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=[name for name, _ in ALL])
def test_only_its_own_function_tells_a_risk(case: Case) -> None:
    """So with any one function taken out, every row that expects its id fails."""
    context = context_of(case.plan(), case.facts)
    for name, rule in RISKS.items():
        assert {risk.id for risk in rule(context)} <= {name}


def test_every_risk_has_a_row_that_expects_it_and_one_that_does_not() -> None:
    expected, unexpected = {c.id for _, c in ALL if c.has}, {c.id for _, c in ALL if not c.has}
    assert set(RISKS) - expected == {"injected"}  # which has a test of its own above
    assert set(RISKS) - unexpected == {"injected"}


def test_what_policy_never_accepts_is_a_risk_that_exists() -> None:
    assert set(RISKS) >= NEVER_ACCEPTED


def test_the_gravest_come_first_and_none_twice() -> None:
    risks = plan(
        pod_object(app(), helper(args=["--one-time"], livenessProbe={"httpGet": {"port": 8080}}), kind="Job")
    ).risks
    order = [r.severity for r in risks]
    assert order == sorted(order, key=["blocker", "caution", "note"].index)
    assert len(set(risks)) == len(risks)


def test_the_recipes_word_on_a_hook_is_the_remedy() -> None:
    stop = {"lifecycle": {"preStop": {"exec": {"command": ["proxyctl", "stop"]}}}}
    noted = replace(DB_PROXY, hooks=(HookMeaning("*proxyctl stop*", "exit", "Drop it."),))
    for recipe, remedy in ((noted, "Drop it."), (DB_PROXY, "Remove the hook: SIGTERM comes when the app has ended.")):
        risks = plan(pod_object(app(), helper(**stop)), {"helper": recipe}).risks
        assert [r.remedy for r in risks if r.id == "pre-stop-ends-helper"] == [remedy]


READ_ONLY = {"volumeMounts": [{"name": "logs", "mountPath": "/var/log/app", "readOnly": True}]}
WRITES = {"volumeMounts": [{"name": "logs", "mountPath": "/var/log/app"}]}
LOGS = {"volumes": [{"name": "logs", "emptyDir": {}}]}
SERVICE = {
    "metadata": {"name": "shop"},
    "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": "http"}]},
}
READY = {"readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}}}
FULL = {"resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}}
LIVELY = {
    "livenessProbe": {"httpGet": {"path": "/", "port": 2020}},
    "ports": [{"containerPort": 2020, "name": "metrics"}],
}

CLEAN: dict[str, tuple[dict[str, Any], Recipe | None, Facts]] = {
    "a log shipper beside an app": (
        pod_object(app(**WRITES, **READY, **FULL), helper(args=["-c", "/conf"], **READ_ONLY, **LIVELY, **FULL), spec=LOGS, top={"replicas": 3}),
        SHIPPER,
        replace(KNOWN, services=(SERVICE,)),
    ),
    "on the oldest version without gaps": (pod_object(app(**WRITES), helper(**READ_ONLY), spec=LOGS), SHIPPER, at(V133)),
    "a database proxy in a CronJob": (
        pod_object(app(), helper(args=["--port=5432", "db"]), kind="CronJob", spec={"restartPolicy": "Never"}),
        DB_PROXY,
        KNOWN,
    ),
    "a database proxy in a CronJob that tries again": (
        pod_object(app(), helper(args=["--port=5432", "db"]), kind="CronJob", spec={"restartPolicy": "OnFailure"}),
        DB_PROXY,
        KNOWN,
    ),
    "a database proxy that an app dials": (
        pod_object(app(env=[{"name": "DB_HOST", "value": "127.0.0.1:5432"}]), helper(args=["--port=5432", "db"])),
        DB_PROXY,
        KNOWN,
    ),
    "content from Git with a startupProbe": (
        pod_object(app(), helper(startupProbe={"httpGet": {"port": 1234}, "periodSeconds": 1, "failureThreshold": 60})),
        SYNC,
        KNOWN,
    ),
    "an auth proxy before an app that drains": (
        pod_object(
            app(lifecycle={"preStop": {"exec": {"command": ["sleep", "5"]}}}),
            helper(
                args=["--upstream=http://127.0.0.1:8080"],
                ports=[{"containerPort": 4180}],
                readinessProbe={"httpGet": {"path": "/ping", "port": 4180}},
            ),
        ),
        GUARD,
        KNOWN,
    ),
    "after init containers, with tight requests": (
        pod_object(app(**FULL), helper(**FULL), init=[{"name": "migrate", "resources": {"requests": {"cpu": "2"}}}]),
        SHIPPER,
        KNOWN,
    ),
    "a StatefulSet of three": (pod_object(app(), helper(), kind="StatefulSet", top={"replicas": 3}), SHIPPER, KNOWN),
    "a DaemonSet": (pod_object(app(), helper(), kind="DaemonSet"), SHIPPER, KNOWN),
    "one replica that is replaced by surge": (pod_object(app(), helper(), top={"replicas": 1}), SHIPPER, KNOWN),
    "a metrics exporter": (
        pod_object(app(), helper(args=["--scrape-uri=http://127.0.0.1:8080/status"], ports=[{"containerPort": 9113}])),
        None,
        KNOWN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "recipe", "facts"), CLEAN.values(), ids=CLEAN)
def test_a_clean_workload_draws_no_caution(obj: dict[str, Any], recipe: Recipe | None, facts: Facts) -> None:
    found_ = plan(obj, {"helper": recipe}, facts)
    assert [r for r in found_.risks if r.severity != "note"] == []
    assert len(found_.risks) <= 4
    assert found_.unknowns == ()


@pytest.mark.parametrize(
    "facts", [replace(KNOWN, services=DENIED), Facts(), replace(KNOWN, pods=DENIED)], ids=["services", "all", "pods"]
)
def test_what_could_not_be_read_is_named_with_its_reason(facts: Facts) -> None:
    said = plan(pod_object(app(), NAMED), facts=facts).unknowns
    assert said
    assert all("not known, because " in sentence for sentence in said)


WANTED = {
    "nothing where no port could matter": (
        pod_object(app(), helper()),
        replace(KNOWN, services=DENIED, network_policies=DENIED),
        (),
    ),
    "policies where a port has a name": (
        pod_object(app(), NAMED),
        replace(KNOWN, network_policies=DENIED),
        ("NetworkPolicies",),
    ),
    "claims where one is mounted": (
        pod_object(app(), helper(), spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]}),
        replace(KNOWN, claims=DENIED),
        ("PersistentVolumeClaims",),
    ),
    "quotas only where more is asked for": (
        pod_object(app(), helper()),
        replace(KNOWN, quotas=DENIED, limit_ranges=DENIED),
        (),
    ),
    "nodes": (pod_object(app(), helper()), replace(KNOWN, nodes=DENIED), ("the nodes' versions",)),
}


@pytest.mark.parametrize(("obj", "facts", "names"), WANTED.values(), ids=WANTED)
def test_only_what_could_change_the_judgement_is_named(
    obj: dict[str, Any], facts: Facts, names: tuple[str, ...]
) -> None:
    said = plan(obj, facts=facts).unknowns
    assert [s.partition(":")[0] for s in said] == list(names)


def test_nothing_is_unknown_of_a_plan_that_moves_nothing() -> None:
    subject = workload(pod_object(app()))
    version = effective_version(Facts(), subject.spec)[0]
    asks = usage(subject.spec)
    assert unknowns(Context(subject, (), (), Facts(), NOBODY, version, subject.spec, subject.spec, asks, asks)) == ()
