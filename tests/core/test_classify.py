"""Roles by evidence: what is found, what is left alone, and how sure it is."""

from __future__ import annotations

import pytest

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify, confidence_of
from kubectl_sidecar.core.classification.findings import (
    Confidence,
    ContainerPast,
    Evidence,
    Finding,
    ServicePorts,
    Surroundings,
    Weight,
    state_of,
)
from kubectl_sidecar.core.recipes.recipe import Match, Recipe
from kubectl_sidecar.core.workload import Workload
from tests.core.classifying import RECIPES, c, empty, env, judge, mount, one, ports, read, roles, workload

LOGS, WWW = empty("logs"), empty("html")
GUARD = c("guard", "acme/guard:1", args=["--upstream=http://127.0.0.1:8080"], ports=ports(8443))
SHIPPER = c("log-shipper", "acme/shipper:1", volumeMounts=read("logs"))
DB_PROXY = c("db-proxy", "acme/db-proxy:1", args=["--port=5432"])
APP = c("app", ports=ports(8080))
WRITER = c("app", volumeMounts=mount("logs"))
SCRIPT = ["sh", "-c", "tail -n+1 -F /logs/a.log"]
SENTINEL = ["sh", "-c", "serve & while [ ! -f /done/x ]; do sleep 1; done"]
TOUCH = ["sh", "-c", "work; touch /done/x"]
SHARED = {"mountPropagation": "HostToContainer"}
MOUNTER = c("thing", securityContext={"privileged": True}, volumeMounts=mount("m", mountPropagation="Bidirectional"))

FOUND = {
    "family by image and name, and it reads the logs": (workload(WRITER, SHIPPER, volumes=LOGS), "log-shipper", "certain"),
    "family by image and name only": (workload(APP, c("log-shipper", "acme/shipper:1")), "log-shipper", "likely"),
    "family by image only, on the app's log volume": (
        workload(WRITER, c("forwarder-x", "acme/shipper:1", volumeMounts=mount("logs")), volumes=LOGS), "forwarder-x", "likely"),
    "family by image only": (workload(APP, c("tool", "acme/shipper:1")), "tool", "possible"),
    "family from a private mirror": (workload(APP, c("log-shipper", "corp.example.com/mirror/shipper:1")), "log-shipper", "possible"),
    "an unread image never raises": (workload(APP, c("rumour", "rumour/helper:1")), "rumour", "possible"),
    "the app dials it": (workload(c("app", env=env(DB_HOST="127.0.0.1", DB_PORT="5432")), DB_PROXY), "db-proxy", "certain"),
    "in front of the app": (workload(GUARD, APP), "guard", "certain"),
    "unknown, in front of the app": (workload(APP, c("door", args=["--upstream", "http://localhost:8080"])), "door", "likely"),
    "unknown, scrapes the app": (workload(APP, c("probe", args=["--scrape-uri=http://localhost:8080/stats"])), "probe", "likely"),
    "unknown, the app is its client": (workload(c("app", env=env(SQL_PROXY_URL="tcp://u:pw@localhost:5000")), c("thing")), "thing", "possible"),
    "unknown, tails a shared log": (workload(WRITER, c("t", "tinybox", command=SCRIPT, volumeMounts=mount("logs")), volumes=LOGS), "t", "likely"),
    "unknown, tails it on an image of its own": (workload(WRITER, c("t", args=SCRIPT, volumeMounts=mount("logs")), volumes=LOGS), "t", "likely"),
    "unknown, reads the log volume": (workload(WRITER, c("thing", volumeMounts=read("logs")), volumes=LOGS), "thing", "possible"),
    "unknown, writes the content": (
        workload(c("app", volumeMounts=read("html")), c("thing", volumeMounts=mount("html", "/out")), volumes=WWW), "thing", "possible"),
    "family writes the content": (
        workload(c("app", volumeMounts=read("html")), c("content-sync", "acme/syncer", volumeMounts=mount("html")), volumes=WWW),
        "content-sync", "certain"),
    "uses the app's image, but is called a helper": (workload(c("app", "own/app:1"), c("log-cleaner", "own/app:1")), "log-cleaner", "possible"),
    "family by image and name, but first and by looks alone": (workload(c("log-shipper", "acme/shipper:1"), c("thing")), "log-shipper", "possible"),
    "family by image and name, first, but the main is known": (workload(c("log-shipper", "acme/shipper:1"), c("shop")), "log-shipper", "likely"),
    "a shell to exec into": (workload(APP, c("toolbox", "shellbox", command=["sleep", "infinity"])), "toolbox", "likely"),
    "any image told to sleep": (workload(APP, c("x", "shellbox", command=["sleep", "infinity"])), "x", "possible"),
    "called a sidecar": (workload(APP, c("metrics-sidecar")), "metrics-sidecar", "likely"),
    "called a sidecar, first in the list": (workload(c("sidecar-sync"), APP), "sidecar-sync", "likely"),
    "a sidecar by its image's name": (workload(APP, c("thing", "own/store-sidecar:1")), "thing", "possible"),
    "called after the main": (workload(c("shop"), c("shop-metrics")), "shop-metrics", "likely"),
    "called after the main, with words between": (workload(c("shop"), c("shop-cert-syncer")), "shop-cert-syncer", "likely"),
    "called after the main, on its image": (workload(c("shop", "own/x:1"), c("shop-watch", "own/x:1")), "shop-watch", "likely"),
    "called after what may be the main": (workload(APP, c("app-metrics")), "app-metrics", "possible"),
    "a telling name beside the main": (workload(c("shop"), c("conf-reloader")), "conf-reloader", "likely"),
    "an agent for logs beside the main": (workload(c("shop"), c("log-agent")), "log-agent", "likely"),
    "the workload has its name, and it shares the content with the server": (
        workload(c("server", volumeMounts=mount("site")), c("content-sync", "acme/syncer", volumeMounts=mount("site", "/sync")),
                 volumes=empty("site"), name="content-sync"), "content-sync", "possible"),
    "sets the main up, first in the list": (workload(c("initializer"), c("shop", ports=ports(80))), "initializer", "possible"),
    "called after the main as its proxy": (workload(c("shop"), c("shop-proxy", ports=ports(8443))), "shop-proxy", "likely"),
    "called after the main as what sets it up": (workload(c("shop-init"), c("shop")), "shop-init", "likely"),
    "called a helper by its name and by its image": (workload(c("shop"), c("disk-monitor", "own/disk-usage-monitor:1")), "disk-monitor", "likely"),
    "a dump in a loop of shell, on the image of what it dumps": (
        workload(c("shop"), c("db-dump", "own/sql", command=["sh", "-c", "while :; do dump --host=127.0.0.1; sleep 60; done"])),
        "db-dump", "likely"),
    "a cache of an image with many uses, beside the main": (
        workload(c("shop", ports=ports(80)), c("kv", "acme/many", ports=ports(6379))), "kv", "possible"),
    "alone with a port and a readiness probe, of an image with many uses, beside the main": (
        workload(c("shop"), c("kv", "acme/many", ports=ports(6379), readinessProbe={"tcpSocket": {"port": 6379}})), "kv", "possible"),
    "called a sidecar, of an image with many uses": (
        workload(c("app"), c("many-sidecar", "acme/many", ports=ports(6379))), "many-sidecar", "likely"),
    "a backup that keeps what it wrote in a claim of its own": (
        workload(c("shop", volumeMounts=mount("data")), c("backup", volumeMounts=[*read("data"), *mount("old")]),
                 volumes=[{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in ("data", "old")]), "backup", "possible"),
    "one of which nothing is known, beside the main": (workload(c("shop"), c("thing")), "thing", "possible"),
    "the workload is called after its family, and it brings another its files": (
        workload(c("web", volumeMounts=mount("site")), c("fetch", "acme/syncer", volumeMounts=mount("site", "/sync")),
                 volumes=empty("site"), name="syncer"), "fetch", "likely"),
    "asks who comes in": (workload(c("shop"), c("oidc-auth", ports=ports(9080))), "oidc-auth", "possible"),
    "a shell of no family, after which the workload is called as well": (
        workload(APP, c("shell", command=["sleep", "infinity"], securityContext={"privileged": True}), name="app-shell"), "shell", "possible"),
    "the workload is called after its helper, and the app is misnamed": (
        workload(c("shipper", "acme/shipper", volumeMounts=mount("logs")), c("sidecar-container", volumeMounts=mount("logs")),
                 volumes=LOGS, name="shipper-sidecar"), "shipper", "possible"),
    "synchronises, by another spelling": (workload(c("shop"), c("synch")), "synch", "possible"),
    "called by its part in the Pod, as is the workload": (
        workload(c("x"), c("ambassador", "acme/guard"), name="ambassador-test"), "ambassador", "possible"),
    "beside a gateway, in a DaemonSet": (
        workload(c("guard", "acme/guard"), c("log-shipper", "acme/shipper"), kind="DaemonSet"), "log-shipper", "possible"),
    "first in the list of a Job, where a part of the name is the work's": (
        workload(c("collect"), c("load", command=["work"]), kind="Job", name="load-quick"), "collect", "possible"),
    "watches the main": (workload(c("shop"), c("shop-monit")), "shop-monit", "likely"),
    "a telling name beside what may be the main": (workload(APP, c("conf-reloader")), "conf-reloader", "possible"),
    "family by image only, beside the main": (workload(c("shop"), c("tool", "acme/shipper:1")), "tool", "likely"),
    "family by image only, beside what an annotation names": (
        workload(APP, c("tool", "acme/shipper:1"), annotations={"kubectl.kubernetes.io/default-container": "app"}), "tool", "likely"),
    "attached to others, and first": (workload(c("nudger", "acme/nudger:1"), c("thing")), "nudger", "likely"),
    "attached to others, beside a family that is not": (workload(c("nudger", "acme/nudger:1"), c("guard", "acme/guard:1")), "nudger", "possible"),
    "dials the main from a shell": (
        workload(c("shop"), c("ready", command=["sh", "-c", "exec ready --target=https://localhost:2379 --listen-port=9980"])), "ready", "likely"),
    "an endpoint that it hands on to": (workload(APP, c("ready", args=["--delegate-url=https://localhost:6443/readyz"])), "ready", "likely"),
    "the workload has its name, and it serves the other": (
        workload(c("content-sync", "acme/syncer", volumeMounts=mount("html")), c("server", volumeMounts=read("html")), volumes=WWW,
                 name="content-sync-example"), "content-sync", "certain"),
    "generic image with its command": (workload(APP, c("store-agent", "acme/store", command=["store", "agent"])), "store-agent", "likely"),
    "always works for another, and shares a volume with it, though the workload is called so": (
        workload(c("nudger", "acme/nudger", volumeMounts=mount("socket")), c("driver", volumeMounts=mount("socket")), name="nudger",
                 volumes=empty("socket")), "nudger", "likely"),
    "beside what is called as a part of the workload and has the device": (
        workload(c("gpu-test", resources={"limits": {"example.com/gpu": "8"}}), c("thing"), name="gpu-test-host-1"), "thing", "possible"),
    "always works for another, first in the list, and is dialled": (
        workload(c("relay", "acme/relay"), c("app", env=env(DSN="db://localhost:6432"))), "relay", "certain"),
    "a log tailer of an image with many uses, on the app's logs": (
        workload(c("app", volumeMounts=mount("logs")), c("tail", "tinybox", args=["tail", "-F", "/logs/x"], volumeMounts=mount("logs")),
                 volumes=empty("logs")), "tail", "certain"),
    "mounts for another": (workload(c("app", volumeMounts=mount("m", **SHARED)), MOUNTER), "thing", "possible"),
    "waits for the file that the app touches": (workload(c("app", command=TOUCH), c("thing", command=SENTINEL)), "thing", "possible"),
    "server beside a Job's work": (workload(c("shop", command=["work"]), c("kv", ports=ports(6379)), kind="Job"), "kv", "possible"),
    "server listed before a Job's work": (workload(c("kv", ports=ports(6379)), c("shop", command=["work"]), kind="CronJob"), "kv", "possible"),
    "image's default beside a Job's work": (workload(c("shop", command=["work"]), c("collect"), kind="Job"), "collect", "possible"),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "name", "confidence"), FOUND.values(), ids=FOUND.keys())
def test_a_sidecar_is_found(subject: Workload, name: str, confidence: Confidence) -> None:
    findings = judge(subject)
    found = one(findings, name)
    assert (found.role, found.confidence) == ("sidecar", confidence), found
    assert found.evidence
    assert [f.role for f in findings if f.name != name] == ["main"]
    assert all(e.path and e.text for f in findings for e in (*f.evidence, *f.against))


CLAIM = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
NODE_LOGS = [{"name": "varlog", "hostPath": {"path": "/var/log"}}]
NODE_AGENT = c("shipper", "acme/shipper:1", volumeMounts=mount("varlog"))
MANAGER = c("manager", args=["--metrics-addr=127.0.0.1:8080", "--health-probe-bind-address=:8081"])
KV = c("kv", "own/kv", ports=ports(6379))
KV_EXPORTER = c("metrics", "acme/kv-exporter:1", env=env(KV_ADDR="localhost:6379"))

LEFT_ALONE = {
    "a gateway of its own": (workload(c("guard", "acme/guard:1")), ""),
    "a log agent DaemonSet": (workload(NODE_AGENT, GUARD, kind="DaemonSet", name="logging", volumes=NODE_LOGS), "guard"),
    "an exporter's own Deployment": (workload(c("kv-exporter", "acme/kv-exporter:1"), GUARD, name="kv-exporter"), "guard"),
    "a proxy's own Deployment, beside its cache": (workload(c("guard", "acme/guard:1"), c("kv"), name="guard"), ""),
    "a Deployment named after the family": (workload(c("proxy", "acme/db-proxy"), c("thing"), name="db-proxy"), ""),
    "a family that is the main": (workload(c("node-thing", "acme/node-thing:1"), GUARD), "guard"),
    "the app that a helper dials": (workload(KV, KV_EXPORTER, name="cache"), "metrics"),
    "a proxy's own workload beside an exporter of no family": (
        workload(c("db-proxy", "acme/db-proxy", ports=ports(6432)), c("exporter", args=["--dsn=db://localhost:6432"]), name="rel-db-proxy"),
        "exporter"),
    "a store of a generic family, first, with copies of its image": (
        workload(c("store-agent", "acme/many", ports=ports(6379)), c("guardian", "acme/many"), name="ha"), ""),
    "an app that only sleeps, beside a family": (workload(c("app", "shellbox", command=["sleep", "infinity"]), SHIPPER), "log-shipper"),
    "an app that greets and sleeps": (workload(c("app", "shellbox", args=["sh", "-c", "echo hello && sleep 3600"]), c("other")), ""),
    "an app that greets and sleeps, listed second": (workload(c("other"), c("app", "shellbox", args=["sh", "-c", "echo hello && sleep 3600"])), ""),
    "a server of an image with many uses, beside one that has a part of the name": (
        workload(c("web", ports=ports(80)), c("kv", "acme/many", ports=ports(6379)), name="web-kv-pod"), ""),
    "a known program that is told to sleep": (
        workload(c("a", command=["sleep", "infinity"]), c("store-agent", "own/tools", command=["sleep", "infinity"]), c("b")), ""),
    "a place to exec into": (workload(APP, c("box", "own/box", command=["sleep", "infinity"])), ""),
    "a place to exec into, on the app's files": (
        workload(c("app", volumeMounts=mount("work")), c("tools", "own/tools", command=["tail", "-f", "/dev/null"], volumeMounts=mount("work")),
                 volumes=empty("work")), ""),
    "what the workload is called as, by its command and with its data": (
        workload(c("store-agent", "own/x", command=["store", "agent"], volumeMounts=mount("data")), c("thing"),
                 name="rel-store-agent", kind="StatefulSet", volumes=CLAIM), ""),
    "what the workload is called exactly, by its command": (
        workload(c("store-agent", "own/x", command=["store", "agent"]), c("thing"), name="store-agent"), ""),
    "an app that is second and privileged": (workload(SHIPPER, c("drv", securityContext={"privileged": True})), "log-shipper"),
    "a metrics address is no dependence": (workload(GUARD, MANAGER), "guard"),
    "a worker with a port for metrics": (workload(c("web", ports=ports(80)), c("worker", ports=ports(9100, name="metrics"))), ""),
    "a frontend that dials its backend": (
        workload(c("front", ports=ports(80), args=["--api-url=http://localhost:9000"]), c("back", ports=ports(9000))), ""),
    "a frontend whose environment names its backend": (
        workload(c("front", ports=ports(80), env=env(BACKEND_URL="http://localhost:9000")), c("back", ports=ports(9000))), ""),
    "an app that copies its static files for a web server": (
        workload(c("app", volumeMounts=mount("static")), c("web", volumeMounts=read("static")), volumes=empty("static")), ""),
    "a program's own public address": (workload(c("app", env=env(WEBHOOK_URL="http://localhost:5678")), c("w1"), c("w2")), ""),
    "the database that a backup dials": (workload(c("a", "own/sql"), c("backup", env=env(DB_HOST="localhost:3306"))), "backup"),
    "a log agent of a DaemonSet that reads elsewhere": (workload(c("shipper", "acme/shipper"), c("thing"), kind="DaemonSet"), ""),
    "a server that tails its own log at last": (workload(c("app", command=["sh", "-c", "server start; tail -F /var/log/x"]), c("other")), ""),
    "an app that follows nothing": (workload(c("app", command=["tail", "-f", "/dev/null"]), c("other")), ""),
    "writer and reader of plain data": (
        workload(c("a", volumeMounts=mount("d")), c("b", volumeMounts=read("d")), volumes=empty("d")), ""),
    "an app that serves and writes what another reads": (
        workload(c("a", ports=ports(80), volumeMounts=mount("cert")), c("b", volumeMounts=read("cert")), volumes=empty("cert")), ""),
    "a variable with the public host": (workload(c("ui", env=env(PUBLIC_HOST="localhost")), c("api", ports=ports(80))), ""),
    "what is not to be dialled through a proxy": (workload(c("app", env=env(NO_PROXY="localhost,127.0.0.1")), c("thing")), ""),
    "a program that makes sidecars": (workload(c("sidecar-injector", "own/sidecar-injector:1"), GUARD), "guard"),
    "an app with a sidecar": (workload(c("web-with-sidecar"), GUARD, name="web"), "guard"),
    "a controller of backups": (workload(APP, c("backup-controller", "own/backup-controller:1")), ""),
    "a program of its own in the Pod of its client": (
        workload(c("app", env=env(DB_HOST="127.0.0.1", DB_PORT="5432")), c("db", "acme/back")), ""),
    "a program of its own beside the container with the workload's name": (workload(c("shop"), c("db", "acme/back")), ""),
    "called by what proves nothing, as the workload is": (
        workload(c("thing"), c("adapter-container"), name="adapter-container-example"), ""),
    "an app beside the helper that the workload is called after": (workload(c("guard", "acme/guard"), c("thing"), name="guard"), ""),
    "one of the image that the main runs": (workload(c("shop", "own/x:1"), c("thing", "own/x:1")), ""),
    "an interface beside what has the workload's name": (workload(c("shop"), c("shop-ui")), ""),
    "one whose image is of the project that the main's is of": (
        workload(c("shop", "acme/shop-server"), c("recognizer", "acme/shop-recognizer")), ""),
    "a part that is called after the main": (workload(c("shop"), c("shop-worker")), ""),
    "a listener in a shell": (workload(APP, c("other", command=["sh", "-c", "exec serve --listen=http://localhost:9000"])), ""),
    "a program with its plug-in": (
        workload(c("dns", args=["--webhook-provider-url=http://localhost:8888"]), c("plugin", ports=ports(8888))), ""),
    "a test of what it runs against": (
        workload(c("scan", args=["--target", "http://localhost:80"]), c("app", ports=ports(80)), kind="Job"), "app"),
    "a part of an app that forwards to another": (
        workload(c("web", ports=ports(80), env=env(API_UPSTREAM="http://localhost:81")), c("api", ports=ports(81))), ""),
    "an app that is started in the background, and its log": (
        workload(c("app", command=["sh", "-c", "/app/bin/start.sh; tail -F /app/logs/x.log"], volumeMounts=mount("logs")),
                 c("thing", volumeMounts=mount("logs")), volumes=empty("logs")), ""),
    "the very name of the workload, beside a client": (
        workload(c("db-proxy", "acme/db-proxy", ports=ports(6432)), c("thing", env=env(DSN="db://localhost:6432")), name="db-proxy"), ""),
    "an exporter of what a proxy brings": (
        workload(c("nudger", "acme/nudger", env=env(DSN="db://localhost:5432")), c("db-proxy", "acme/db-proxy")), "db-proxy"),
    "a helper that another is called after": (
        workload(c("shipper", "acme/shipper"), c("shipper-exporter", ports=ports(9100))), "shipper-exporter"),
    "the part of an app that serves its frontend": (workload(c("shop"), c("core-bff", "acme/core-bff")), ""),
    "a program that has a helper of its own beside the main": (
        workload(c("shop"), c("kv", "own/kv"), c("kv-status", "own/kv")), "kv-status"),
    "a proxy that is called after a helper": (workload(c("shipper", "acme/shipper"), c("shipper-proxy"), name="shipper-proxy"), "shipper"),
    "part of a program, its image named like the workload": (
        workload(c("scheduler", "own/flow:2"), c("triggerer", "own/flow:2"), name="flow-scheduler"), ""),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "sidecars"), LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_a_look_alike_is_left_alone(subject: Workload, sidecars: str) -> None:
    findings = judge(subject)
    assert {f.name for f in findings if f.role == "sidecar"} == set(sidecars.split()), findings
    assert any(f.role in ("main", "unknown") for f in findings)


STORE_ARGS = ["store", "agent"]
CLIENT = c("thing", env=env(DSN="db://localhost:6432"))
OWN_WORK = {
    "a store with the data of its StatefulSet, listed second": (
        workload(c("watcher"), c("store-agent", "acme/store", args=STORE_ARGS, volumeMounts=mount("data")), kind="StatefulSet", volumes=CLAIM),
        "store-agent"),
    "a proxy that is listed first, and who asks it": (
        workload(c("db-proxy", "acme/db-proxy", ports=ports(6432)), CLIENT, name="pool"), "db-proxy"),
    "a proxy that the workload is called after, and who asks it": (
        workload(CLIENT, c("db-proxy", "acme/db-proxy", ports=ports(6432)), name="tools-db-proxy"), "db-proxy"),
    "a proxy and what it keeps its sessions in": (
        workload(c("guard", "acme/guard", args=["--session-url=kv://localhost:6379"]), c("kv", ports=ports(6379)), name="sso"), "guard"),
    "a shipper and the proxy that it goes out by": (
        workload(c("shipper", "acme/shipper", env=env(HTTP_PROXY="http://localhost:3128")), c("egress", ports=ports(3128))), "shipper"),
    "a proxy that shows by its environment only": (
        workload(c("dns", ports=ports(53), env=env(UPSTREAMS="127.0.0.1#5335")), c("root", ports=ports(5335))), "dns"),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "name"), OWN_WORK.values(), ids=OWN_WORK.keys())
def test_a_known_helper_that_may_have_helpers_of_its_own_is_never_surely_a_sidecar(
    subject: Workload, name: str
) -> None:
    """Nothing in such a manifest tells it from a helper with its app; nothing moves it unless a person names it."""
    found = one(judge(subject), name)
    assert found.role != "sidecar" or found.confidence == "possible", found


@pytest.mark.parametrize(("name", "weight"), [("shop", "low"), ("shop-api", "low"), ("door", "medium")])
def test_what_the_workload_exists_for_is_hardly_a_helper_because_it_goes_on_to_another_part(
    name: str, weight: str
) -> None:
    subject = workload(c(name, env=env(UPSTREAM_URL="http://localhost:9000")), c("thing", ports=ports(9000)))
    found = one(judge(subject), name)
    assert [e.weight for e in (*found.evidence, *found.against) if e.rule == "dials-main"] == [weight]


@pytest.mark.parametrize(("script", "only_sleeps"), [("sleep 30; curl http://tick", False), ("sleep 30", True)])
def test_a_loop_that_works_after_each_sleep_does_not_only_sleep(script: str, only_sleeps: bool) -> None:
    found = one(judge(workload(c("a"), c("poll", command=["sh", "-c", f"while true; do {script}; done"]))), "poll")
    assert ("idle" in {e.rule for e in (*found.evidence, *found.against)}) == only_sleeps


@pytest.mark.parametrize(("script", "family"), [("tail -F /x & exec serve", ""), ("exec tail -F /x", "tailer")])
def test_a_script_is_the_program_that_it_becomes(script: str, family: str) -> None:
    index = RecipeIndex([Recipe("tailer", "Tailer", "log shipper", Match(command=("tail -F *",)))])
    assert (
        one(classify(workload(APP, c("thing", "own/x", command=["sh", "-c", script])), index), "thing").family == family
    )


def test_beside_a_main_of_another_name_the_name_is_not_said() -> None:
    gpu = c("gpu-test", resources={"limits": {"example.com/gpu": "8"}})
    (said,) = one(judge(workload(gpu, c("thing"), name="gpu-test-host-1")), "thing").evidence
    assert said.text == "says nothing of itself, and is beside gpu-test, which the workload exists for"


def test_an_address_to_poke_for_a_reload_makes_a_helper() -> None:
    findings = judge(workload(APP, c("thing", args=["--webhook-url=http://localhost:8080/-/reload"])))
    assert one(findings, "thing").role == "sidecar"


def test_the_only_container_is_the_main_whatever_it_is() -> None:
    (found,) = judge(workload(c("log-shipper", "acme/shipper:1", args=["--upstream=http://127.0.0.1:80"])))
    assert (found.role, found.confidence, found.family) == ("main", "certain", "shipper")
    assert found.evidence[0].weight == "decisive"


def test_native_sidecars_and_init_containers_by_their_place() -> None:
    findings = judge(
        workload(APP, initContainers=[c("setup"), c("log-shipper", "acme/shipper", restartPolicy="Always")])
    )
    assert [(f.name, f.list, f.index, f.role, f.confidence, f.family) for f in findings] == [
        ("app", "containers", 0, "main", "certain", ""),
        ("setup", "initContainers", 0, "init", "certain", ""),
        ("log-shipper", "initContainers", 1, "native-sidecar", "certain", "shipper"),
    ]
    assert state_of(findings) == "native"


def test_a_regular_container_with_restart_policy_is_not_native() -> None:
    assert one(judge(workload(APP, c("x", restartPolicy="Always"))), "x").role != "native-sidecar"


PEERS = {
    "a pair of one recipe": workload(c("front", "acme/front"), c("back", "acme/back")),
    "two copies of one image": workload(
        c("agent", "own/agent:7", command=["run"]), c("trace-agent", "own/agent:7", command=["trace"])
    ),
}


@pytest.mark.parametrize("subject", PEERS.values(), ids=PEERS.keys())
def test_co_equal_containers_are_peers(subject: Workload) -> None:
    found = roles(judge(subject)).values()
    assert "sidecar" not in found
    assert "peer" in found


def test_half_a_pair_is_no_peer() -> None:
    findings = judge(workload(c("front", "acme/front"), c("metrics", "acme/kv-exporter", ports=ports(9113))))
    assert roles(findings) == {"front": "main", "metrics": "sidecar"}


def test_a_name_that_many_families_use_tells_the_one_that_is_called_so() -> None:
    guard = next(recipe for recipe in RECIPES if recipe.family == "guard")
    others = [Recipe(f"other-{i}", "Other", "auth", Match(names=("guard", "door"))) for i in range(3)]
    index = RecipeIndex((*others, guard))
    for name, family in (("guard", "guard"), ("door", "")):
        found = one(classify(workload(APP, c(name)), index), name)
        assert (found.family, found.confidence) == (family, "possible")


def test_two_unrelated_apps_are_not_guessed() -> None:
    apps = [c(n, ports=ports(p), readinessProbe={"tcpSocket": {"port": p}}) for n, p in (("one", 80), ("two", 81))]
    findings = judge(workload(*apps, name="both"))
    assert all(f.role != "sidecar" for f in findings)
    assert one(findings, "two").role == "unknown"
    assert state_of(findings) == "unsure"


def test_when_all_look_like_helpers_the_tie_is_not_broken() -> None:
    findings = judge(workload(c("db-proxy", "acme/db-proxy"), c("mesh-proxy", "acme/mesh-proxy")))
    assert set(roles(findings).values()) == {"unknown"}


def test_a_log_shipper_accompanies_a_proxy_and_not_the_other_way_round() -> None:
    findings = judge(workload(c("log-shipper", "acme/shipper"), c("db-proxy", "acme/db-proxy")))
    assert roles(findings) == {"log-shipper": "sidecar", "db-proxy": "main"}
    assert {f.confidence for f in findings} == {"possible"}


def test_a_family_in_a_workload_of_its_own_name_leads() -> None:
    findings = judge(workload(c("guard", "acme/guard:1"), c("kv"), name="guard"))
    assert roles(findings) == {"guard": "main", "kv": "unknown"}


def test_helpers_are_only_possible_where_no_fact_names_the_main() -> None:
    findings = judge(workload(GUARD, c("log-shipper", "acme/shipper")))
    assert roles(findings) == {"guard": "sidecar", "log-shipper": "main"}
    assert all(f.confidence == "possible" for f in findings)


def test_the_default_container_annotation_names_the_main() -> None:
    key = "kubectl.kubernetes.io/default-container"
    findings = judge(workload(c("a"), c("b"), annotations={key: "b"}))
    assert roles(findings) == {"a": "unknown", "b": "main"}
    assert one(findings, "b").evidence[0].path == f"metadata.annotations[{key}]"


def test_beside_an_injectors_mark_the_annotation_counts_for_less() -> None:
    marks = {"kubectl.kubernetes.io/default-container": "a", "mesh.example.com/status": "{}"}
    findings = judge(workload(c("a"), c("mesh-proxy", "acme/mesh-proxy"), annotations=marks))
    assert [e.weight for e in one(findings, "a").evidence if e.rule == "default-container"] == ["medium"]


@pytest.mark.parametrize("where", ["annotations", "labels"])
def test_an_injectors_mark_on_the_template_means_injected(where: str) -> None:
    subject = workload(APP, c("mesh-proxy", "acme/mesh-proxy"), **{where: {"mesh-v1/injected": "true"}})  # type: ignore[arg-type]
    found = one(judge(subject), "mesh-proxy")
    assert (found.role, found.confidence, found.injected) == ("sidecar", "certain", True)
    assert state_of(judge(subject)) == "injected"


def test_a_family_alone_is_never_injected() -> None:
    assert not any(f.injected for f in judge(workload(APP, c("mesh-proxy", "acme/mesh-proxy"))))


LIVE = workload(
    APP,
    c("mesh-proxy", "acme/mesh-proxy"),
    kind="Pod",
    initContainers=[c("mesh-init"), c("late", restartPolicy="Always")],
)


def test_what_only_the_live_pod_has_was_injected() -> None:
    findings = judge(workload(APP), around=Surroundings(pod=LIVE.template))
    assert [(f.name, f.role, f.list, f.index, f.injected, f.confidence) for f in findings] == [
        ("app", "main", "containers", 0, False, "certain"),
        ("mesh-proxy", "sidecar", "containers", 1, True, "certain"),
        ("mesh-init", "init", "initContainers", 0, True, "certain"),
        ("late", "native-sidecar", "initContainers", 1, True, "certain"),
    ]


def test_a_pod_of_another_revision_proves_nothing() -> None:
    findings = judge(workload(APP, c("new")), around=Surroundings(pod=LIVE.template))
    assert not any(f.injected for f in findings)


def test_the_owner_of_a_services_port_is_the_main_unless_it_stands_in_front() -> None:
    around = Surroundings(services=(ServicePorts("web", (80,)),))
    subject = workload(c("a"), c("b", ports=ports(80)))
    assert roles(judge(subject, around=around)) == {"a": "unknown", "b": "main"}
    guarded = judge(workload(GUARD, APP), around=Surroundings(services=(ServicePorts("web", (8443,)),)))
    assert roles(guarded) == {"guard": "sidecar", "app": "main"}
    assert not one(guarded, "guard").against


def test_a_named_service_port_counts_too() -> None:
    around = Surroundings(services=(ServicePorts("web", ("http",)),))
    subject = workload(c("a"), c("b", ports=ports(80, name="http")))
    assert one(judge(subject, around=around), "b").role == "main"


def test_what_pods_of_a_job_did_tells_the_work_from_the_helper() -> None:
    past = (ContainerPast("y", running=True, started_at=5), ContainerPast("x", exit_code=0, started_at=5))
    findings = judge(workload(c("y"), c("x"), kind="Job"), around=Surroundings(pasts=(past,)))
    assert roles(findings) == {"y": "sidecar", "x": "main"}


def test_a_container_that_was_restarted_until_the_others_ran_depends_on_them() -> None:
    past = (
        ContainerPast("a", restarts=0, started_at=5, running=True),
        ContainerPast("b", restarts=2, started_at=30, running=True),
    )
    around = Surroundings(pasts=(past,))
    assert any(e.rule == "restarted" for e in one(judge(workload(c("a"), c("b")), around=around), "b").against)


W: dict[str, Weight] = {"D": "decisive", "H": "high", "M": "medium", "L": "low"}


@pytest.mark.parametrize(
    ("evidence", "against", "expected"),
    [
        ("D", "", "certain"),
        ("D", "H", "certain"),
        ("HH", "", "certain"),
        ("HH", "L", "possible"),
        ("H", "", "likely"),
        ("HMML", "", "likely"),
        ("MM", "", "likely"),
        ("MM", "L", "possible"),
        ("M", "", "possible"),
        ("MLLL", "", "possible"),
        ("LLLL", "", "possible"),
        ("", "", "possible"),
    ],
)
def test_confidence_is_a_function_of_the_evidence(evidence: str, against: str, expected: Confidence) -> None:
    def facts(letters: str) -> list[Evidence]:
        return [Evidence("r", "t", W[letter], "sidecar") for letter in letters]

    assert confidence_of(facts(evidence), facts(against)) == expected


def text_of(finding: Finding) -> str:
    return " ".join(e.text for e in (*finding.evidence, *finding.against))


def test_evidence_shows_no_value_of_the_environment_but_host_and_port() -> None:
    secret = env(SQL_URL="postgres://user:hunter2@localhost:5432/db?password=hunter2")
    findings = judge(workload(c("app", env=secret), c("thing")))
    texts = " ".join(map(text_of, findings))
    assert "SQL_URL=localhost:5432" in texts
    assert "hunter2" not in texts
    assert "user" not in texts


def test_evidence_shows_no_user_info_of_arguments_and_cuts_long_ones() -> None:
    args = ["--upstream=http://user:hunter2@localhost:8080/" + "x" * 5000]
    findings = judge(workload(APP, c("door", args=args)))
    assert "hunter2" not in " ".join(map(text_of, findings))
    assert all(len(e.text) < 400 for f in findings for e in (*f.evidence, *f.against))


def test_less_than_certain_says_what_would_raise_it() -> None:
    for found in judge(workload(APP, c("thing-sidecar"), c("other"))):
        assert bool(found.would_raise) is (found.confidence != "certain")


def test_order_of_findings_is_the_order_of_the_manifest() -> None:
    names = [f"c{i}" for i in range(50)]
    findings = judge(workload(*[c(n) for n in names], initContainers=[c("i0"), c("i1")]))
    assert [f.name for f in findings] == [*names, "i0", "i1"]
