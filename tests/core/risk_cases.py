"""The table of risks: for each id a plan that has it, and beside it plans that must not have it. New risks get a row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_sidecar.core.facts import Facts, Unknown, Version
from kubectl_sidecar.core.findings import Evidence
from kubectl_sidecar.core.plan import Plan, Severity
from kubectl_sidecar.core.planner import PlanOptions
from kubectl_sidecar.core.recipe import Recipe
from tests.core.judging import AGENT, DB_PROXY, GUARD, KNOWN, SHIPPER, SYNC, app, helper, node, plan, pod_object


@dataclass(frozen=True)
class Case:
    """`has` is the severity with which the risk is told, None where it must not be."""

    id: str
    has: Severity | None
    obj: dict[str, Any]
    recipe: Recipe | None = None
    facts: Facts = KNOWN
    options: PlanOptions = field(default_factory=PlanOptions)
    finding: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""

    def plan(self) -> Plan:
        return plan(self.obj, {"helper": self.recipe}, self.facts, self.options, helper=dict(self.finding))


def known(**fields: Any) -> Facts:
    return replace(KNOWN, **fields)


def at(server: Version, *kubelets: Version) -> Facts:
    return known(server=server, nodes=tuple(node(f"n{i}", v) for i, v in enumerate(kubelets or (server,))))


V127, V129, V132, V133, V1351 = (
    Version(1, 27, 8),
    Version(1, 29, 4),
    Version(1, 32, 1),
    Version(1, 33, 0),
    Version(1, 35, 1),
)
DENIED = Unknown("no right to read them")
SIMPLE = pod_object(app(), helper())
JOB = pod_object(app(), helper(), kind="CronJob")
TAINT = ({"key": "virtual", "value": "x", "effect": "NoSchedule"},)
CONFIG = {"volumes": [{"name": "c", "configMap": {"name": "c"}}]}
EMPTY = {"volumes": [{"name": "shared", "emptyDir": {}}]}


def mounted(**fields: Any) -> dict[str, Any]:
    return {"volumeMounts": [{"name": "shared", "mountPath": "/shared", **fields}]}


def probe(**action: Any) -> dict[str, Any]:
    return {"startupProbe": {"periodSeconds": 1, **action}}


def http(port: int | str, path: str = "/") -> dict[str, Any]:
    return {"httpGet": {"port": port, "path": path}}


def run(script: str) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", script]}}


def hook(name: str, action: dict[str, Any]) -> dict[str, Any]:
    return {"lifecycle": {name: action}}


def script(text: str) -> dict[str, Any]:
    return {"command": ["sh", "-c", text]}


def asking(cpu: str) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}}


def limited(cpu: str) -> dict[str, Any]:
    return {"resources": {"limits": {"cpu": cpu}, "requests": {"cpu": cpu}}}


def service(*targets: int | str) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": target} for target in targets]
    return {"metadata": {"name": "shop", "namespace": "shop"}, "spec": {"selector": {"app": "shop"}, "ports": ports}}


def live(status: dict[str, Any], *, count: int = 1, phase: str = "Running", **pod: Any) -> Facts:
    one = {
        "metadata": {"name": "p"},
        "status": {"phase": phase, "containerStatuses": [{"name": "helper", **status}]},
        **pod,
    }
    return known(pods=(one,) * count)


RUNS = {"restartCount": 0, "state": {"running": {}}}
PULL = {"restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
LOOPS = {
    "restartCount": 9,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1}},
}
ENDED = {
    "restartCount": 3,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 0}},
}


def injected_pod(where: str) -> dict[str, Any]:
    return {"spec": {where: [{"name": "mesh-proxy", "restartPolicy": "Always"}]}, "status": {}}


def rolling(kind: str = "Deployment", **strategy: Any) -> dict[str, Any]:
    replicas, name = strategy.pop("replicas", 3), "updateStrategy" if kind != "Deployment" else "strategy"
    return pod_object(app(), helper(), kind=kind, top={"replicas": replicas, name: strategy})


FILE_LOOP = "until [ -f /shared/up ]; do sleep 1; done"
PORT_LOOP = "until nc -z localhost 8080; do sleep 1; done; exec tool"
FIRST = PlanOptions(place={"helper": "first"})
INIT = {"name": "migrate", **asking("1500m")}
MESH_NS = {"metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}}
MAIN_EVIDENCE = (Evidence("claim", "alone mounts the claim data", "medium", "main"),)
HPA = {
    "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "shop"},
        "metrics": [{"containerResource": {"container": "helper"}}],
    }
}
VPA = {"metadata": {"name": "v"}, "spec": {"targetRef": {"kind": "Deployment", "name": "shop"}}}
PDB = {"metadata": {"name": "b"}, "spec": {"selector": {"matchLabels": {"app": "shop"}}, "minAvailable": 4}}
QUOTA = {
    "metadata": {"name": "q"},
    "spec": {"hard": {"requests.cpu": "2600m"}},
    "status": {"used": {"requests.cpu": "1"}},
}
LIMITS = {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1600m"}}]}}
CLAIM = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
WITH_CLAIM = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}
POLICY = {"metadata": {"name": "np"}, "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": "side"}]}]}}
NAMED = helper(ports=[{"containerPort": 9102, "name": "side"}])
APPLIED = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}
HELM = {"annotations": {"meta.helm.sh/release-name": "shop"}}


def failure_policy(operator: str, *values: int, **more: Any) -> dict[str, Any]:
    rule = {"action": "FailJob", "onExitCodes": {"operator": operator, "values": list(values), **more}}
    return pod_object(app(), helper(), kind="CronJob", top={"podFailurePolicy": {"rules": [rule]}})


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
        Case("may-be-main", "caution", SIMPLE, finding={"against": MAIN_EVIDENCE, "override": "sidecar"}, words="data"),
        Case("may-be-main", None, SIMPLE, finding={"against": MAIN_EVIDENCE}),
        Case("may-be-main", None, SIMPLE, SYNC, finding={"against": MAIN_EVIDENCE, "override": "sidecar"}),
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
        Case("resize-policy", None, pod_object(app(), helper(resizePolicy=[{"resourceName": "cpu"}]))),
    ),
    "one-shot": (
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["--run-then-exit"])), DB_PROXY),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["--one-time"]))),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["-once=true"]))),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(env=[{"name": "METHOD", "value": "LIST"}]))),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(**script("cp -r /a /b && chmod 0755 /b")), kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(args=["--one-time=false"]))),
        Case("one-shot-helper", None, pod_object(app(), helper(**script("while true; do aws s3 sync /a s3://b; sleep 60; done")), kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(**script("cp /in /out && exec serve")), kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(**script("serve --port 1")), kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(**script("tail -f /log")), kind="CronJob")),
    ),
    "probes at the start": (
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(**http(8080)))), words="port 8080, which app serves"),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(tcpSocket={"port": 8080})))),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(grpc={"port": 8080})))),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(**http("http")))), words="names port http"),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(**http("typo")))), words="never pass"),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(**run("curl -f localhost:8080/x"))))),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(**http(3501, "/ready-with-app")))), AGENT),
        Case(
            "probe-needs-app",
            "blocker",
            pod_object(app(), helper(args=["--upstream=http://127.0.0.1:8080"], ports=[{"containerPort": 4180}], **probe(**http(4180, "/shop")))),
            GUARD,
            words="answered by the app",
        ),
        Case(
            "probe-needs-app",
            None,
            pod_object(app(), helper(args=["--upstream=http://127.0.0.1:8080"], ports=[{"containerPort": 4180}], **probe(**http(4180, "/ping")))),
            GUARD,
        ),
        Case("probe-needs-app", None, pod_object(app(), helper(**probe(**http(9090))))),
        Case("probe-needs-app", None, pod_object(app(), NAMED | probe(**http("side")))),
        Case("probe-needs-app", None, pod_object(app(), helper(**probe(httpGet={"port": 8080, "host": "elsewhere.example.com"})))),
        Case("probe-needs-app", None, pod_object(app(), helper(readinessProbe=http(8080)))),
        Case("probe-needs-app", None, pod_object(app(**probe(**http(8080))), helper())),
        Case("liveness-needs-app", "caution", pod_object(app(), helper(livenessProbe=http(8080)))),
        Case("liveness-needs-app", "caution", pod_object(app(), helper(livenessProbe=http(1, "/ready-with-app"))), AGENT),
        Case("liveness-needs-app", None, pod_object(app(), helper(livenessProbe=http(2020)))),
        Case("liveness-needs-app", None, pod_object(app(), helper(readinessProbe=http(8080)))),
        Case("startup-probe-slow", "note", pod_object(app(), helper(startupProbe=http(2020)))),
        Case("startup-probe-slow", None, pod_object(app(), helper(**probe(**http(2020))))),
    ),
    "hooks and commands at the start": (
        Case("post-start-needs-app", "blocker", pod_object(app(), helper(**hook("postStart", run("until curl localhost:8080; do sleep 1; done"))))),
        Case("post-start-needs-app", "blocker", pod_object(app(), helper(**hook("postStart", http(8080))))),
        Case(
            "post-start-needs-app",
            "blocker",
            pod_object(app(**mounted()), helper(**mounted(readOnly=True), **hook("postStart", run(FILE_LOOP))), spec=EMPTY),
        ),
        Case(
            "post-start-needs-app",
            None,
            pod_object(app(), helper(ports=[{"containerPort": 9}], **hook("postStart", run("until curl localhost:9; do sleep 1; done")))),
        ),
        Case("post-start-needs-app", None, pod_object(app(), helper(**hook("postStart", run("echo started"))))),
        Case("post-start-waits", "caution", pod_object(app(), helper(**hook("postStart", run("until test -S /tmp/sock; do sleep 1; done"))))),
        Case("post-start-waits", None, pod_object(app(), helper(**hook("postStart", run("until curl localhost:8080; do sleep 1; done"))))),
        Case(
            "post-start-waits",
            None,
            pod_object(app(), helper(ports=[{"containerPort": 99}], **hook("postStart", run("until nc -z localhost 99; do sleep 1; done")))),
        ),
        Case("post-start-waits", None, pod_object(app(), helper(**hook("postStart", run("sleep 5"))))),
        Case("command-waits-for-app", "caution", pod_object(app(), helper(**script(PORT_LOOP))), words="port 8080"),
        Case("command-waits-for-app", "caution", pod_object(app(), helper(command=["wait-for-it.sh", "localhost:8080", "--", "tool"]))),
        Case("command-waits-for-app", "caution", pod_object(app(), helper(command=["dockerize", "-wait", "tcp://localhost:8080", "tool"]))),
        Case("command-waits-for-app", "blocker", pod_object(app(), helper(**script(PORT_LOOP), **probe(**http(9090))))),
        Case(
            "command-waits-for-app",
            "caution",
            pod_object(app(**mounted()), helper(**mounted(readOnly=True), **script(f"{FILE_LOOP}; exec tool")), spec=EMPTY),
            words="/shared/up",
        ),
        Case(
            "command-waits-for-app",
            "caution",
            pod_object(app(ports=[{"containerPort": 3306}]), helper(**script('until mysql -h 127.0.0.1 -e "SELECT 1"; do sleep 1; done'))),
        ),
        Case("command-waits-for-app", None, pod_object(app(), helper(**script("until nc -z db.example.com 8080; do sleep 1; done; exec tool")))),
        Case("command-waits-for-app", None, pod_object(app(), helper(**script("while true; do curl localhost:8080/metrics; sleep 9; done")))),
        Case("exits-without-app", "blocker", pod_object(app(), helper(args=["--fail-without-app"])), AGENT),
        Case("exits-without-app", None, SIMPLE, AGENT),
        Case(
            "sub-path-file",
            "caution",
            pod_object(app(**mounted()), helper(volumeMounts=[{"name": "shared", "mountPath": "/x.log", "subPath": "app.log"}]), spec=EMPTY),
        ),
        Case(
            "sub-path-file",
            None,
            pod_object(app(**mounted()), helper(volumeMounts=[{"name": "shared", "mountPath": "/x", "subPath": "logs"}]), spec=EMPTY),
        ),
        Case(
            "sub-path-file",
            None,
            pod_object(app(), helper(volumeMounts=[{"name": "c", "mountPath": "/x.conf", "subPath": "x.conf"}]), spec=CONFIG),
        ),
        Case(
            "sub-path-file",
            None,
            pod_object(
                app(**mounted()),
                helper(volumeMounts=[{"name": "shared", "mountPath": "/x.log", "subPath": "app.log"}]),
                init=[{"name": "make", **mounted()}],
                spec=EMPTY,
            ),
        ),
    ),
    "live Pods": (
        Case("helper-cannot-start", "blocker", SIMPLE, facts=live(PULL), words="ImagePullBackOff"),
        Case("helper-cannot-start", "caution", SIMPLE, facts=known(pods=(*live(PULL).pods, *live(RUNS).pods))),  # type: ignore[misc]
        Case("helper-cannot-start", None, SIMPLE, facts=live(RUNS)),
        Case("helper-crashes", "blocker", SIMPLE, facts=live(LOOPS), words="exit code 1"),
        Case("helper-crashes", "blocker", SIMPLE, facts=live(ENDED), words="exit code 0"),
        Case("helper-crashes", None, SIMPLE, facts=live({"restartCount": 2, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 0}}})),
        Case("helper-crashes", None, SIMPLE, facts=live({"state": {"terminated": {"exitCode": 137}}}, phase="Failed")),
        Case("helper-crashes", None, SIMPLE, facts=live({"state": {"waiting": {"reason": "ContainerCreating"}}})),
        Case("restart-coupling", "note", SIMPLE, facts=live(RUNS), words="a crashed app is not restarted while helper is down"),
        Case("restart-coupling", "caution", SIMPLE, facts=live({"restartCount": 12, "state": {"running": {}}}), words="12 times"),
        Case("restart-coupling", None, pod_object(app())),
        Case("mesh-injected", "caution", SIMPLE, facts=known(namespace=MESH_NS)),
        Case("mesh-injected", "caution", SIMPLE, facts=known(namespace=MESH_NS, pods=(injected_pod("containers"),)), words="mesh-proxy"),
        Case("mesh-injected", "caution", pod_object(app(), helper(), annotations={"linkerd.io/inject": "enabled"})),
        Case("mesh-injected", None, SIMPLE, facts=known(namespace=MESH_NS, pods=(injected_pod("initContainers"),))),
        Case("mesh-injected", None, pod_object(app(), helper(), annotations={"sidecar.istio.io/inject": "false"}), facts=known(namespace=MESH_NS)),
        Case("mesh-injected", None, SIMPLE),
    ),
    "the end": (
        Case("inbound-outlives-app", "caution", SIMPLE, GUARD, words="502"),
        Case(
            "inbound-outlives-app",
            "caution",
            pod_object(app(), helper(args=["--upstream=http://127.0.0.1:8080"], ports=[{"containerPort": 8443}])),
            facts=known(services=(service(8443),)),
        ),
        Case("inbound-outlives-app", None, pod_object(app(**hook("preStop", run("sleep 10"))), helper()), GUARD),
        Case("inbound-outlives-app", None, pod_object(app(**hook("preStop", {"sleep": {"seconds": 5}})), helper()), GUARD),
        Case("inbound-outlives-app", None, JOB, GUARD),
        Case("inbound-outlives-app", None, SIMPLE, DB_PROXY),
        Case(
            "inbound-outlives-app",
            None,
            pod_object(app(), helper(args=["--scrape-uri=http://127.0.0.1:8080"], ports=[{"containerPort": 9113}])),
            facts=known(services=(service(8080),)),
        ),
        Case("grace-period", "caution", pod_object(app(**hook("preStop", run("sleep 25"))), helper()), words="25 s"),
        Case("grace-period", "caution", pod_object(app(), helper(), spec={"terminationGracePeriodSeconds": 5})),
        Case("grace-period", None, SIMPLE),
        Case("grace-period", None, pod_object(app(**hook("preStop", run("sleep 25"))), helper(), spec={"terminationGracePeriodSeconds": 60})),
        Case("grace-period", None, pod_object(app(**hook("preStop", run("sleep 10"))), helper())),
        Case("ignores-sigterm", "caution", pod_object(app(), helper(**script("while true; do date; sleep 5; done")), kind="CronJob")),
        Case("ignores-sigterm", "caution", pod_object(app(), helper(command=["tail", "-F", "/log"]), init=[helper("s", restartPolicy="Always")])),
        Case("ignores-sigterm", "note", pod_object(app(), helper(command=["tail", "-F", "/log"]))),
        Case("ignores-sigterm", None, pod_object(app(), helper(**script("trap 'exit 0' TERM; while true; do sleep 1 & wait; done")), kind="CronJob")),
        Case("ignores-sigterm", None, pod_object(app(), helper(**script("until [ -f /x ]; do sleep 1; done; exec tool")), kind="CronJob")),
        Case("ignores-sigterm", None, pod_object(app(), helper(command=["tail", "-F", "/l"]), kind="CronJob", spec={"shareProcessNamespace": True})),
        Case("ignores-sigterm", None, pod_object(app(), helper(command=["fluent-bit", "-c", "x"]), kind="CronJob")),
        Case("pre-stop-ends-helper", "caution", pod_object(app(), helper(**hook("preStop", run("nginx -s quit"))))),
        Case("pre-stop-ends-helper", "caution", pod_object(app(), helper(**hook("preStop", run("kill 1"))))),
        Case("pre-stop-ends-helper", "caution", pod_object(app(), helper(**hook("preStop", run("proxyctl stop")))), DB_PROXY),
        Case("pre-stop-ends-helper", "caution", pod_object(app(), helper(**hook("preStop", http(9091, "/quitquitquit"))))),
        Case("pre-stop-ends-helper", None, pod_object(app(), helper(**hook("preStop", run("kill -HUP 1"))))),
        Case("pre-stop-ends-helper", None, pod_object(app(), helper(**hook("preStop", run("curl -XPOST localhost:9901/healthcheck/fail"))))),
        Case("pre-stop-ends-helper", None, pod_object(app(), helper(**hook("preStop", run("sleep 5"))))),
        Case("pre-stop-revokes", "caution", pod_object(app(), helper(**hook("preStop", run("vault token revoke -self"))))),
        Case("pre-stop-revokes", None, SIMPLE),
        Case("pre-stop-waits-for-app", "note", pod_object(app(), helper(**hook("preStop", run("while pgrep app; do sleep 1; done"))))),
        Case("pre-stop-waits-for-app", None, pod_object(app(), helper(**hook("preStop", run("sleep 1"))))),
        Case("pre-stop-delays", "note", pod_object(app(), helper(**hook("preStop", run("sleep 5"))), kind="CronJob"), GUARD),
        Case("pre-stop-delays", None, pod_object(app(), helper(**hook("preStop", run("sleep 5"))), kind="CronJob")),
        Case("pre-stop-delays", None, pod_object(app(), helper(**hook("preStop", run("sleep 5")))), GUARD),
    ),
    "Jobs": (
        Case("job-failure-unseen", "caution", JOB),
        Case("job-failure-unseen", "note", JOB, DB_PROXY),
        Case("job-failure-unseen", "note", JOB, SHIPPER),
        Case("job-failure-unseen", None, SIMPLE),
        Case("job-backoff-limit", "note", pod_object(app(), helper(), kind="CronJob", spec={"restartPolicy": "OnFailure"}), DB_PROXY),
        Case(
            "job-backoff-limit",
            "caution",
            pod_object(app(**script("work; curl localhost:1/quitquitquit")), helper(), kind="CronJob", spec={"restartPolicy": "OnFailure"}),
            DB_PROXY,
        ),
        Case("job-backoff-limit", None, pod_object(app(), helper(), kind="CronJob", spec={"restartPolicy": "Never"}), DB_PROXY),
        Case("pod-failure-policy", "caution", failure_policy("NotIn", 0, 7)),
        Case("pod-failure-policy", "caution", failure_policy("In", 143)),
        Case("pod-failure-policy", None, failure_policy("In", 42)),
        Case("pod-failure-policy", None, failure_policy("NotIn", 0, 137, 143)),
        Case("pod-failure-policy", None, failure_policy("NotIn", 0, 7, containerName="app")),
        Case("needless-deadline", "note", pod_object(app(), helper(), kind="CronJob", top={"activeDeadlineSeconds": 600})),
        Case("needless-deadline", None, JOB),
    ),
    "ports": (
        Case("named-target-port", "blocker", pod_object(app(), NAMED), facts=replace(at(V132), services=(service("side"),))),
        Case("named-target-port", "caution", pod_object(app(), NAMED), facts=known(server=DENIED, services=(service("side"),))),
        Case("named-target-port", None, pod_object(app(), NAMED), facts=known(services=(service("side"),))),
        Case("named-target-port", None, pod_object(app(), NAMED), facts=replace(at(V132), services=(service(9102, "http"),))),
        Case(
            "same-port-name",
            "caution",
            pod_object(helper(ports=[{"containerPort": 9102, "name": "http"}]), app()),
            facts=known(services=(service("http"),)),
        ),
        Case("same-port-name", "caution", pod_object(helper(ports=[{"containerPort": 9102, "name": "http"}]), app()), facts=known(services=DENIED)),
        Case(
            "same-port-name",
            None,
            pod_object(app(), helper(ports=[{"containerPort": 9102, "name": "http"}])),
            facts=known(services=(service("http"),)),
        ),
        Case(
            "same-port-name",
            None,
            pod_object(helper(ports=[{"containerPort": 9102, "name": "http"}]), app()),
            facts=known(services=(service(8080),)),
        ),
        Case("network-policy-port", "caution", pod_object(app(), NAMED), facts=known(network_policies=(POLICY,))),
        Case("network-policy-port", None, SIMPLE, facts=known(network_policies=(POLICY,))),
        Case("host-port", "caution", pod_object(app(), helper(ports=[{"containerPort": 1, "hostPort": 1}])), facts=at(V133)),
        Case("host-port", "caution", pod_object(app(), helper(ports=[{"containerPort": 1, "hostPort": 1}])), facts=known(server=DENIED)),
        Case("host-port", None, pod_object(app(), helper(ports=[{"containerPort": 1, "hostPort": 1}]))),
    ),
    "resources": (
        Case("more-resources", "caution", pod_object(app(), helper(**asking("200m")), init=[INIT]), options=FIRST, words="1500m → 1700m"),
        Case("more-resources", None, pod_object(app(), helper(**asking("200m")), init=[INIT])),
        Case("more-resources", None, pod_object(app(**asking("3")), helper(**asking("200m")), init=[INIT]), options=FIRST),
        Case("quota-exceeded", "caution", pod_object(app(), helper(**asking("200m")), init=[INIT]), facts=known(quotas=(QUOTA,)), options=FIRST),
        Case("quota-exceeded", None, pod_object(app(), helper(**asking("200m")), init=[INIT]), facts=known(quotas=(QUOTA,))),
        Case(
            "limit-range",
            "blocker",
            pod_object(app(**limited("1")), helper(**limited("200m")), init=[{"name": "i", **limited("1500m")}]),
            facts=known(limit_ranges=(LIMITS,)),
            options=FIRST,
        ),
        Case(
            "limit-range",
            None,
            pod_object(app(**limited("1")), helper(**limited("200m")), init=[{"name": "i", **limited("1500m")}]),
            facts=known(limit_ranges=(LIMITS,)),
        ),
        Case(
            "pod-level-resources",
            "blocker",
            pod_object(app(), helper(**asking("200m")), init=[INIT], spec={"resources": {"requests": {"cpu": "1600m"}}}),
            options=FIRST,
        ),
        Case(
            "pod-level-resources",
            None,
            pod_object(app(), helper(**asking("200m")), init=[INIT], spec={"resources": {"requests": {"cpu": "1600m"}}}),
        ),
        Case("vpa", "caution", SIMPLE, facts=known(vpas=(VPA,))),
        Case("vpa", "note", SIMPLE, facts=known(vpas=({**VPA, "spec": {**VPA["spec"], "updatePolicy": {"updateMode": "Off"}}},))),  # type: ignore[dict-item]
        Case("vpa", None, SIMPLE, facts=known(vpas=({"spec": {"targetRef": {"kind": "Deployment", "name": "other"}}},))),
        Case("hpa", "note", SIMPLE, facts=known(hpas=(HPA,))),
        Case("hpa", None, SIMPLE, facts=known(hpas=({"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "shop"}}},))),
        Case("pdb", "note", rolling(replicas=4, rollingUpdate={"maxUnavailable": "50%"}), facts=known(pdbs=(PDB,)), words="2 of 4"),
        Case("pdb", None, rolling(replicas=4, rollingUpdate={"maxUnavailable": 0}), facts=known(pdbs=(PDB,))),
        Case("pdb", None, rolling(replicas=8), facts=known(pdbs=(PDB,))),
    ),
    "the rollout": (
        Case("rollout-on-delete", "caution", rolling("DaemonSet", type="OnDelete")),
        Case("rollout-on-delete", None, rolling("DaemonSet", type="RollingUpdate")),
        Case("rollout-partition", "caution", rolling("StatefulSet", rollingUpdate={"partition": 2})),
        Case("rollout-partition", None, rolling("StatefulSet", rollingUpdate={"partition": 0})),
        Case("rollout-paused", "caution", pod_object(app(), helper(), top={"paused": True})),
        Case("rollout-paused", None, SIMPLE),
        Case("only-new-pods", "caution", pod_object(app(), helper(), kind="ReplicaSet")),
        Case("only-new-pods", None, SIMPLE),
        Case("single-replica-gap", "caution", rolling(replicas=1, type="Recreate")),
        Case("single-replica-gap", "caution", rolling(replicas=1, rollingUpdate={"maxUnavailable": 1})),
        Case("single-replica-gap", "caution", rolling("StatefulSet", replicas=1)),
        Case("single-replica-gap", None, rolling(replicas=1)),
        Case("single-replica-gap", None, rolling("StatefulSet", replicas=3)),
        Case("rwo-volume", "caution", pod_object(app(), helper(), spec=WITH_CLAIM), facts=known(claims=(CLAIM,))),
        Case("rwo-volume", None, pod_object(app(), helper(), spec=WITH_CLAIM, top={"strategy": {"type": "Recreate"}}), facts=known(claims=(CLAIM,))),
        Case("rwo-volume", None, SIMPLE, facts=known(claims=(CLAIM,))),
        Case("progress-deadline", "caution", pod_object(app(), helper(), top={"progressDeadlineSeconds": 10})),
        Case(
            "progress-deadline",
            "caution",
            pod_object(app(), helper(startupProbe={**http(1), "periodSeconds": 10, "failureThreshold": 30}), top={"progressDeadlineSeconds": 120}),
        ),
        Case("progress-deadline", None, pod_object(app(), helper(), top={"progressDeadlineSeconds": 600})),
        Case("stuck-ordinal", "note", rolling("StatefulSet")),
        Case("stuck-ordinal", None, SIMPLE),
        Case("default-container", "note", pod_object(helper(), app())),
        Case("default-container", None, pod_object(helper(), app(), annotations={"kubectl.kubernetes.io/default-container": "app"})),
        Case("default-container", None, SIMPLE),
        Case("index-shift", "note", pod_object(helper(), app())),
        Case("index-shift", None, SIMPLE),
        Case("ksm-series", "note", SIMPLE),
        Case("ksm-series", None, pod_object(app())),
    ),
    "habits": (
        Case("kubexit", "blocker", pod_object(app(env=[{"name": "KUBEXIT_BIRTH_DEPS", "value": "helper"}]), helper())),
        Case("kubexit", "blocker", pod_object(app(), helper(command=["/kubexit/kubexit", "tool"]))),
        Case("kubexit", None, SIMPLE),
        Case("quit-endpoint", "note", pod_object(app(**script("work; curl -XPOST localhost:9091/quitquitquit")), helper()), DB_PROXY),
        Case("quit-endpoint", "caution", pod_object(app(**hook("preStop", run("curl -XPOST localhost:9091/quitquitquit"))), helper()), DB_PROXY),
        Case(
            "quit-endpoint",
            None,
            pod_object(app(**script("work; curl -XPOST localhost:9091/quitquitquit")), helper(ports=[{"containerPort": 5}])),
            SHIPPER,
        ),
        Case("quit-endpoint", None, SIMPLE, DB_PROXY),
        Case(
            "sentinel-file",
            "caution",
            pod_object(app(**script("work; touch /s/done")), helper(**script("while [ ! -f /s/done ]; do sleep 1; done; upload"))),
        ),
        Case("sentinel-file", None, pod_object(app(), helper(**script("while [ ! -f /s/done ]; do sleep 1; done; upload")))),
        Case("shared-pid-kill", "note", pod_object(app(**script("work; pkill helper")), helper(), spec={"shareProcessNamespace": True})),
        Case("shared-pid-kill", None, pod_object(app(**script("work; pkill helper")), helper())),
        Case("exit-wrapper", "note", pod_object(app(command=["/linkerd-await", "--shutdown", "--", "/app"]), helper()), DB_PROXY),
        Case("exit-wrapper", "note", pod_object(app(env=[{"name": "ENVOY_ADMIN_API", "value": "http://127.0.0.1:15000"}]), helper()), DB_PROXY),
        Case("exit-wrapper", None, pod_object(app(command=["/linkerd-await", "--", "/app"]), helper()), SHIPPER),
        Case(
            "wait-loop",
            "note",
            pod_object(app(**script("until nc -z localhost 5432; do sleep 1; done; exec app")), helper(ports=[{"containerPort": 5432}])),
        ),
        Case("wait-loop", None, pod_object(app(), helper(ports=[{"containerPort": 5432}]))),
        Case("init-copy", "note", pod_object(app(), helper(), init=[{**helper(), "name": "sync-init", "args": ["--once"]}]), SYNC),
        Case("init-copy", None, pod_object(app(), helper(), init=[{"name": "migrate", "image": "other"}]), SYNC),
    ),
}  # fmt: skip
