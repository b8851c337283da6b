"""Risks of the start: one-shot helpers, probes, hooks, commands, live Pods; plans that have them, and plans that must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kubectl_sidecar.core.recipes.recipe import StartupProbe
from tests.core.judging import AGENT, DB_PROXY, GUARD, SYNC, app, helper, pod_object
from tests.core.risk_parts import (
    CONFIG,
    EMPTY,
    ENDED,
    FILE_LOOP,
    LOOPS,
    MESH_NS,
    NAMED,
    PORT_LOOP,
    PULL,
    RUNS,
    SIMPLE,
    Case,
    hook,
    http,
    in_sight,
    injected_pod,
    known,
    live,
    mounted,
    probe,
    run,
    script,
)

PINGED = replace(GUARD, startup_probe=StartupProbe({"httpGet": {"path": "/ping", "port": 4180}}))
GUARD_UP = replace(GUARD, startup_probe=StartupProbe({"httpGet": {"path": "/up", "port": 1}}))
FRONT = helper(args=["--upstream=http://127.0.0.1:8080"], ports=[{"containerPort": 4180}])
SET = helper(env=[{"name": "UPSTREAM", "value": "http://127.0.0.1:8080"}], ports=[{"containerPort": 80}])
TWO = {"ports": [{"containerPort": 8443, "name": "https"}, {"containerPort": 9000, "name": "admin"}]}
LOOKS = helper(ports=[{"containerPort": 9100}])
CLAIMED = {"volumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": "c"}}]}


def opened(*words: str) -> dict[str, Any]:
    """The proxy with more arguments."""
    return FRONT | {"args": [*FRONT["args"], *words]}


def shared(*, init: bool = False, read_only: bool = False, **fields: Any) -> dict[str, Any]:
    """The helper shares an empty volume with the app; with `init` somebody may fill it before."""
    first = [{"name": "make", **mounted()}] if init else []
    return pod_object(app(**mounted()), helper(**mounted(readOnly=read_only), **fields), init=first, spec=EMPTY)


def reading(**fields: Any) -> dict[str, Any]:
    return shared(read_only=True, **fields)


CASES: dict[str, tuple[Case, ...]] = {
    "one-shot": (
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["--run-then-exit"])), DB_PROXY),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["--one-time"]))),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["-once=true"]))),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(env=[{"name": "METHOD", "value": "LIST"}]))),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(**script("cp -r /a /b && chmod 0755 /b")), kind="CronJob")),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["sh", "-c", "printf 'exit_after_auth = true' > c; agent c"]))),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(command=["aws", "s3", "cp", "s3://a", "/b"]), kind="CronJob")),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(**script("sleep 9; rclone copy /a b:")), kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(**script("rclone serve http /a")), kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(command=["sleep", "infinity"]), kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(), kind="CronJob")),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(**script("cp /a /b"))), words="keeps app from starting"),
        Case("one-shot-helper", "blocker", pod_object(app(), helper(args=["clone", "u", "/d"]) | {"image": "alpine/git:2"}, kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(args=["daemon", "/d"]) | {"image": "alpine/git:2"}, kind="CronJob")),
        Case("one-shot-helper", None, pod_object(app(), helper(**script("sleep 9999")))),
        Case("one-shot-helper", None, pod_object(app(), helper(command=["cat"], tty=True))),
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
            pod_object(app(), FRONT | probe(**http(4180, "/ping"))),
            PINGED,
        ),
        Case("probe-needs-app", "caution", pod_object(app(), FRONT | probe(**http(4180, "/healthz"))), PINGED, words="may be answered"),
        Case("probe-needs-app", "blocker", pod_object(app(), FRONT | probe(**http(4180, "/shop/health"))), GUARD, words="answered by the app"),
        Case("probe-needs-app", "blocker", pod_object(app(), SET | probe(**http(80, "/shop/health"))), GUARD),
        Case("probe-needs-app", "caution", pod_object(app(), FRONT | probe(**http(4180, "/sso-auth/health"))), GUARD),
        Case("probe-needs-app", "blocker", pod_object(app(), opened("--ignore-paths=/ping,/v") | probe(**http(4180, "/ping"))), GUARD),
        Case("probe-needs-app", "blocker", pod_object(app(), opened("--skip-auth-regex", "^/healthz$") | probe(**http(4180, "/healthz"))), GUARD),
        Case("probe-needs-app", None, pod_object(app(), opened("--skip-auth-regex", "^/ping$") | probe(**http(4180, "/ping"))), PINGED),
        Case("probe-needs-app", None, pod_object(app(), opened("--proxy-prefix=/up") | probe(**http(4180, "/up/healthz"))), GUARD),
        Case("probe-needs-app", "blocker", pod_object(app(), opened("--url-prefix=/shop") | probe(**http(4180, "/shop/health"))), GUARD),
        Case("probe-needs-app", None, pod_object(app(), opened("--skip-button", "--ping-path=/up") | probe(**http(4180, "/up"))), GUARD_UP),
        Case("probe-needs-app", None, pod_object(app(), FRONT | TWO | probe(**http(9000, "/healthz"))), GUARD),
        Case("probe-needs-app", "caution", pod_object(app(), FRONT | TWO | probe(**http("https", "/healthz"))), GUARD),
        Case("probe-needs-app", None, pod_object(app(), opened("--metrics-listen=127.0.0.1:4180") | probe(**http(4180, "/healthz"))), GUARD),
        Case("probe-needs-app", None, pod_object(app(), FRONT | probe(**http(4180, "/shop/health"))), SYNC),
        Case(
            "probe-needs-app",
            "caution",
            pod_object(app(), LOOKS | probe(**http(9100, "/scrape?target=localhost:8080"))),
            words="localhost:8080, which app",
        ),
        Case("probe-needs-app", "caution", pod_object(app(), LOOKS | probe(**http(9100, "/metrics?to=http%3A%2F%2F127.0.0.1%3A8080%2F")))),
        Case("probe-needs-app", None, pod_object(app(), LOOKS | probe(**http(9100, "/scrape?target=localhost:9100")))),
        Case("probe-needs-app", None, pod_object(app(), LOOKS | probe(**http(9100, "/scrape?target=db.example.com:8080")))),
        Case("probe-needs-app", None, pod_object(app(), LOOKS | probe(**http(9100, "/metrics")))),
        Case(
            "probe-needs-app",
            "blocker",
            pod_object({"name": "app", "readinessProbe": http(7000)}, helper(**probe(tcpSocket={"port": 7000}))),
        ),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(**run("wget -qO- http://$(POD_IP):8080/"))))),
        Case("probe-needs-app", "caution", pod_object(app(), helper(ports=[{"containerPort": 443}], **probe(**http(443)))), GUARD),
        Case("probe-needs-app", None, pod_object(app(), helper(ports=[{"containerPort": 443}], **probe(**http(443, "/healthz")))), GUARD),
        Case("probe-needs-app", None, pod_object(app(), helper(ports=[{"containerPort": 443}], **probe(**http(443)))), SYNC),
        Case(
            "probe-needs-app",
            "blocker",
            pod_object(app(), helper(**probe(**http(7001))), helper("late", ports=[{"containerPort": 7001}])),
            words="port 7001, which late serves",
        ),
        Case(
            "probe-needs-app",
            None,
            pod_object(app(), helper(**probe(**http(7001))), init=[helper("early", restartPolicy="Always", ports=[{"containerPort": 7001}])]),
        ),
        Case("probe-needs-app", None, pod_object(app(), helper(**probe(**http(9090))))),
        Case("probe-needs-app", None, pod_object(app(), NAMED | probe(**http("side")))),
        Case("probe-needs-app", None, pod_object(app(), helper(**probe(httpGet={"port": 8080, "host": "elsewhere.example.com"})))),
        Case("probe-needs-app", "blocker", pod_object(app(), helper(**probe(httpGet={"port": 8080, "host": "127.0.0.1"})))),
        Case(
            "probe-needs-app",
            "blocker",
            pod_object(app(**mounted()), helper(**mounted(readOnly=True), **probe(**run("test -f /shared/up"))), spec=EMPTY),
            words="the file /shared/up",
        ),
        Case("probe-needs-app", None, pod_object(app(**mounted()), helper(**mounted(), **probe(**run("test -f /shared/up"))), spec=EMPTY)),
        Case(
            "probe-needs-app",
            None,
            pod_object(
                app(**mounted()),
                helper(**mounted(readOnly=True), **probe(**run("test -f /shared/up"))),
                init=[{"name": "make", **mounted()}],
                spec=EMPTY,
            ),
        ),
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
        Case("post-start-needs-app", "blocker", pod_object(app(), helper(**hook("postStart", http(8080)))), words="again and again"),
        Case(
            "post-start-needs-app",
            "blocker",
            pod_object(app(), helper(**hook("postStart", run("until curl localhost:8080; do sleep 1; done")))),
            words="nor be deleted",
        ),
        Case(
            "post-start-needs-app",
            "blocker",
            pod_object(app(), helper(**hook("postStart", run("for i in 1 2; do curl localhost:8080 && exit 0; done; exit 1")))),
        ),
        Case(
            "post-start-needs-app",
            "caution",
            pod_object(app(), helper(**hook("postStart", run("for i in 1 2; do curl localhost:8080 && break; sleep 9; done")))),
            words="as long as the hook waits",
        ),
        Case("post-start-needs-app", "caution", pod_object(app(), helper(**hook("postStart", run("curl localhost:8080 || true"))))),
        Case(
            "post-start-needs-app",
            "blocker",
            pod_object(app(), helper(**hook("postStart", {"exec": {"command": ["wait-for-it", "localhost:8080"]}}))),
        ),
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
            pod_object(app(), helper(**script("for i in 1 2; do nc -z localhost 8080 && break; done; exec tool"))),
        ),
        Case("command-waits-for-app", None, pod_object(app(), helper(command=["python", "-c", "while True:\n  get('http://localhost:8080')"]))),
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
        Case("exits-without-app", "blocker", shared(args=["tail", "-f", "/shared/a.log"]), words="tail -f /shared/a.log, in a volume that app fills"),
        Case("exits-without-app", "blocker", shared(**script("tail -n+1 -f /shared/a.log"))),
        Case("exits-without-app", "blocker", shared(**script("mkdir -p /shared; exec tail -n 5 --follow=name /shared/a.log 2>&1 | grep -v x"))),
        Case("exits-without-app", "blocker", shared(**script("tail -f $LOG"), env=[{"name": "LOG", "value": "/shared/a.log"}])),
        Case("exits-without-app", None, shared(args=["tail", "-F", "/shared/a.log"])),
        Case("exits-without-app", None, shared(args=["tail", "-n0", "-f", "--retry", "/shared/a.log"])),
        Case("exits-without-app", None, shared(args=["tail", "-f", "/shared/a.log", "/dev/null"])),
        Case("exits-without-app", None, shared(args=["tail", "-n", "5", "/shared/a.log"])),
        Case("exits-without-app", None, shared(args=["tail", "-f", "/elsewhere/a.log"])),
        Case("exits-without-app", None, shared(**script("touch /shared/a.log; tail -f /shared/a.log"))),
        Case("exits-without-app", None, shared(**script("while true; do tail -f /shared/a.log; sleep 1; done"))),
        Case("exits-without-app", None, shared(**script("sleep 9; tail -f /shared/a.log"))),
        Case("exits-without-app", None, shared(**script("tail -f /shared/a.log & wait"))),
        Case("exits-without-app", None, shared(**script("tail -f /shared/a.log || serve"))),
        Case("exits-without-app", None, shared(init=True, args=["tail", "-f", "/shared/a.log"])),
        Case("exits-without-app", None, pod_object(app(), helper(args=["tail", "-f", "/shared/a.log"], **mounted()), spec=EMPTY)),
        Case("exits-without-app", None, pod_object(app(**mounted()), helper(args=["tail", "-f", "/shared/a.log"], **mounted()), spec=CLAIMED)),
        Case("exits-without-app", "blocker", reading(args=["-c", "/shared/proxy.yaml"]), words="-c /shared/proxy.yaml, in a volume that app fills"),
        Case("exits-without-app", "blocker", reading(args=["--config=/shared/proxy"])),
        Case("exits-without-app", "blocker", reading(command=["serve"], args=["--tls-cert", "/shared/tls.crt"])),
        Case("exits-without-app", "blocker", reading(**script("exec serve -f /shared/proxy.cfg"))),
        Case("exits-without-app", None, reading(init=True, args=["-c", "/shared/proxy.yaml"])),
        Case("exits-without-app", None, shared(args=["-c", "/shared/proxy.yaml"])),
        Case("exits-without-app", None, reading(args=["--config-dir=/shared/conf.d", "--folder", "/shared"])),
        Case("exits-without-app", None, reading(args=["--file=/shared/a.log", "--socket", "/shared/a.sock"])),
        Case("exits-without-app", None, reading(args=["--config=/etc/proxy.yaml", "--logs", "/shared/*.conf"])),
        Case("exits-without-app", None, reading(**script("until [ -f /shared/p.yaml ]; do sleep 1; done; serve -c /shared/p.yaml"))),
        Case("exits-without-app", None, reading(command=["dockerize", "-wait", "file:///shared/p.yaml", "serve", "-c", "/shared/p.yaml"])),
        Case(
            "exits-without-app",
            "blocker",
            pod_object(app(**mounted()), *(helper(n, args=["tail", "-f", f"/shared/{n}.log"], **mounted()) for n in ("a", "helper")), spec=EMPTY),
            words="/shared/helper.log",
            also=("a",),
        ),
        Case("exits-without-app", "blocker", in_sight("while pgrep work; do collect; sleep 1; done"), words="pgrep work"),
        Case("exits-without-app", None, in_sight("sleep 9; while pgrep work; do sleep 1; done")),
        Case("exits-without-app", None, in_sight("while pgrep work; do sleep 1; done; upload")),
        Case("exits-without-app", None, pod_object(app(), helper(**script("while pgrep work; do sleep 1; done")))),
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
        Case("restart-coupling", "note", pod_object(app(), helper(), helper("b")), also=("b",), words="when one of them cannot"),
        Case("restart-coupling", "note", pod_object(app(), helper(), helper("b")), also=("b",), words="while b, the last of them, is down"),
        Case("restart-coupling", None, pod_object(app())),
        Case("mesh-injected", "caution", SIMPLE, facts=known(namespace=MESH_NS)),
        Case("mesh-injected", "caution", SIMPLE, facts=known(namespace=MESH_NS, pods=(injected_pod("containers"),)), words="mesh-proxy"),
        Case("mesh-injected", "caution", pod_object(app(), helper(), annotations={"mesh.example.com/inject": "enabled"})),
        Case("mesh-injected", "caution", pod_object(app(), helper(), annotations={"mesh.example.com/rev": "canary"}), words="rev=canary"),
        Case("mesh-injected", None, pod_object(app(), helper(), annotations={"mesh.example.com/rev": ""})),
        Case("mesh-injected", None, pod_object(app(), helper(), annotations={"mesh.example.com/inject": "maybe"})),
        Case("mesh-injected", None, pod_object(app(), helper(), annotations={"sdk.example.com/enabled": "true"})),
        Case("mesh-injected", None, pod_object(app(), helper(), annotations={"agent.example.com/inject": "true"})),
        Case("mesh-injected", None, SIMPLE, facts=known(namespace=MESH_NS, pods=(injected_pod("initContainers"),))),
        Case("mesh-injected", None, pod_object(app(), helper(), annotations={"mesh.example.com/inject": "Disabled"}), facts=known(namespace=MESH_NS)),
        Case("mesh-injected", None, SIMPLE),
    ),
}  # fmt: skip
