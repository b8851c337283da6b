"""Risks of the move itself, its place, and versions: for each id plans that have it, and beside them plans that must not have it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kubectl_sidecar.core.facts import Facts, Version
from tests.core.judging import SYNC, app, helper, node, pod_object
from tests.core.risk_parts import (
    APPLIED,
    DENIED,
    EMPTY,
    FIRST,
    HELM,
    INIT,
    MAIN_EVIDENCE,
    SIMPLE,
    TAINT,
    V127,
    V129,
    V132,
    V133,
    V1351,
    Case,
    at,
    http,
    known,
    mounted,
    probe,
    script,
)


def circle(command: str) -> dict[str, Any]:
    """An init container that may write what the helper reads, and asks for a port."""
    init = {"name": "render", **mounted(), **script(command)}
    return pod_object(app(), helper(**mounted(), ports=[{"containerPort": 5432}]), init=[init], spec=EMPTY)


CASES: dict[str, tuple[Case, ...]] = {
    "the move": (
        Case("immutable-kind", "blocker", pod_object(app(), helper(), kind="Job"), words="immutable"),
        Case("immutable-kind", "blocker", pod_object(app(), helper(), kind="Pod")),
        Case("immutable-kind", None, pod_object(app(), helper(), kind="Job"), facts=known(from_files=True)),
        Case("immutable-kind", None, SIMPLE),
        Case("no-main-left", "blocker", pod_object(helper())),
        Case("no-main-left", None, SIMPLE),
        Case("already-in-init-containers", "blocker", pod_object(app(), helper(), init=[helper()])),
        Case("already-in-init-containers", None, pod_object(app(), helper(), init=[helper("other")])),
        Case("not-by-hand", "blocker", SIMPLE, replace(SYNC, movable="never", reason="never"), finding={"override": "sidecar"}),
        Case("not-by-hand", "caution", SIMPLE, replace(SYNC, movable="operator"), finding={"override": "sidecar"}),
        Case("not-by-hand", None, SIMPLE, SYNC),
        Case("may-be-main", "caution", SIMPLE, finding={"contrary": MAIN_EVIDENCE, "override": "sidecar"}, words="data"),
        Case("may-be-main", None, SIMPLE, finding={"contrary": MAIN_EVIDENCE}),
        Case("may-be-main", None, SIMPLE, SYNC, finding={"contrary": MAIN_EVIDENCE, "override": "sidecar"}),
        Case("owner", "caution", pod_object(app(), helper(), metadata=HELM), words="422"),
        Case("owner", "note", pod_object(app(), helper(), metadata=APPLIED)),
        Case("owner", None, pod_object(app(), helper(), metadata=HELM), facts=known(from_files=True)),
        Case("owner", None, SIMPLE),
    ),
    "the place": (
        Case(
            "placed-before-writer",
            "blocker",
            pod_object(app(), helper(**mounted()), init=[{"name": "render", **mounted()}], spec=EMPTY),
            options=FIRST,
        ),
        Case("placed-before-writer", None, pod_object(app(), helper(**mounted()), init=[{"name": "render", **mounted()}], spec=EMPTY)),
        Case(
            "placed-before-need",
            "caution",
            pod_object(
                app(),
                helper(env=[{"name": "DB", "value": "localhost:5432"}]),
                init=[helper("db", restartPolicy="Always", ports=[{"containerPort": 5432}])],
            ),
            options=FIRST,
        ),
        Case(
            "placed-before-need",
            None,
            pod_object(
                app(),
                helper(env=[{"name": "DB", "value": "localhost:5432"}]),
                init=[helper("db", restartPolicy="Always", ports=[{"containerPort": 5432}])],
            ),
        ),
        Case("placed-before-writer", "caution", circle("curl localhost:5432"), options=FIRST, words="needs it itself"),
        Case("placed-after-need", "caution", circle("curl localhost:5432"), words="render"),
        Case("placed-after-need", "blocker", circle("until nc -z localhost 5432; do sleep 1; done"), words="never ends"),
        Case("placed-after-need", None, circle("curl localhost:5432"), options=FIRST),
        Case("placed-after-need", None, circle("curl localhost:9999")),
        Case("placed-early", "note", pod_object(app(), helper(), init=[INIT]), options=FIRST),
        Case("placed-early", None, pod_object(app(), helper(), init=[INIT])),
    ),
    "versions": (
        Case("server-too-old", "blocker", SIMPLE, facts=at(V127)),
        Case("server-too-old", None, SIMPLE, facts=at(V129)),
        Case("node-too-old", "blocker", SIMPLE, facts=at(V133, V127, V133), words="n0"),
        Case("node-too-old", None, SIMPLE, facts=known(nodes=(node("vk", V127, taints=TAINT), node("n", V133)))),
        Case("version-unknown", "caution", SIMPLE, facts=known(nodes=DENIED), words="no right"),
        Case("version-unknown", "note", SIMPLE, facts=Facts(from_files=True)),
        Case("version-unknown", None, SIMPLE),
        Case("version-before-ga", "caution", SIMPLE, facts=at(V133, V129)),
        Case("version-before-ga", None, SIMPLE, facts=at(V133)),
        Case("version-before-ga", None, SIMPLE, facts=at(V127)),
        Case("known-regression", "caution", pod_object(app(), helper(**probe(**http(1)))), facts=at(V1351)),
        Case("known-regression", "caution", pod_object(app(), helper(**probe(**http(1)))), facts=at(Version(1, 36), Version(1, 36), V1351)),
        Case(
            "known-regression",
            "caution",
            pod_object(app(), helper(**probe(**http(1))), kind="CronJob", spec={"restartPolicy": "Never"}),
            facts=at(V133),
        ),
        Case(
            "known-regression",
            None,
            pod_object(app(), helper(**probe(**http(1))), kind="CronJob", spec={"restartPolicy": "Never"}),
            facts=at(V132, Version(1, 35, 4)),
        ),
        Case("known-regression", "note", pod_object(app(), helper(**probe(**http(1)))), facts=Facts(server=Version(1, 35), from_files=True)),
        Case("known-regression", None, pod_object(app(), helper(**probe(**http(1)))), facts=at(V133)),
        Case("known-regression", None, SIMPLE, facts=at(V1351)),
        Case("known-regression", None, pod_object(app(), helper(**probe(**http(1))))),
        Case("restart-policy-rules", "blocker", pod_object(app(), helper(restartPolicyRules=[{"action": "Restart"}]))),
        Case(
            "restart-policy-rules",
            "caution",
            pod_object(app(), helper(restartPolicyRules=[{"action": "Restart"}])),
            facts=at(Version(1, 36)),
        ),
        Case("restart-policy-rules", None, SIMPLE),
        Case("restart-policy-set", "blocker", pod_object(app(), helper(restartPolicy="Never"))),
        Case("restart-policy-set", None, pod_object(app(), helper(restartPolicy="Always"))),
        Case("resize-policy", "blocker", pod_object(app(), helper(resizePolicy=[{"resourceName": "cpu"}])), facts=at(V132)),
        Case("resize-policy", "caution", pod_object(app(), helper(resizePolicy=[{"resourceName": "cpu"}])), facts=known(server=DENIED)),
        Case(
            "resize-policy",
            "caution",
            pod_object(app(), helper(resizePolicy=[{"resourceName": "cpu"}])),
            facts=Facts(server=V132, from_files=True),
            words="drops from both lists",
        ),
        Case("resize-policy", None, pod_object(app(), helper(resizePolicy=[{"resourceName": "cpu"}]))),
    ),
}  # fmt: skip
