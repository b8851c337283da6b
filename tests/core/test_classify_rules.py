"""Each rule of evidence has a case in which it speaks, and one like it in which it is silent. The tables are complete."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_sidecar.core.classification.behaviour import HABITS
from kubectl_sidecar.core.classification.evidence import RULES
from kubectl_sidecar.core.classification.findings import ContainerPast, ServicePorts, Surroundings
from kubectl_sidecar.core.workload import Workload
from tests.core.classifying import c, empty, env, judge, mount, one, ports, read, workload

A, B = c("a"), c("b")
CLAIM = [{"name": "data", "persistentVolumeClaim": {"claimName": "x"}}]
NODE = [{"name": "sys", "hostPath": {"path": "/sys"}}, {"name": "ssl", "hostPath": {"path": "/etc/ssl"}}]
SERVICE = Surroundings(services=(ServicePorts("web", (80,)),))
ENDED = Surroundings(pasts=((ContainerPast("a", exit_code=0), ContainerPast("b", running=True)),))
FAILED = Surroundings(pasts=((ContainerPast("a", exit_code=1), ContainerPast("b", running=True)),))
RESTARTED = Surroundings(pasts=((ContainerPast("a", restarts=3, started_at=9), ContainerPast("b", started_at=4)),))
ALL_RESTARTED = Surroundings(
    pasts=((ContainerPast("a", restarts=3, started_at=9), ContainerPast("b", restarts=1, started_at=4)),)
)
ALONE = Surroundings()
BIG = {"requests": {"cpu": "900m", "memory": "1Gi"}}
SMALL = {"requests": {"cpu": "100m", "memory": "10Mi"}}
ADMIN = {"capabilities": {"add": ["NET_ADMIN"]}}
MESH = c("mesh-proxy", "acme/mesh-proxy")
MOUNTER = c("b", securityContext={"privileged": True}, volumeMounts=mount("m", mountPropagation="Bidirectional"))
PROBED: dict[str, Any] = {"livenessProbe": {"httpGet": {"port": 80}}}
CHORE = ["sh", "-c", "while true; do cp -r /out /backup; sleep 300; done"]
READY = {"tcpSocket": {"port": 80}}


def two_scripts(file: str) -> Workload:
    """a writes a file of a shared volume again and again, b reads it."""
    writes, reads = (
        f"while true; do date >> {file}; sleep 5; done",
        f"while true; do cut -f2 < {file} >> /out/x; sleep 9; done",
    )
    a, b = (
        c(name, command=["sh", "-c", script], volumeMounts=mount("v", "/var/v"))
        for name, script in (("a", writes), ("b", reads))
    )
    return workload(a, b, volumes=empty("v"))


def shared(volume: str) -> Workload:
    """a writes the volume, b reads it."""
    return workload(c("a", volumeMounts=mount(volume)), c("b", volumeMounts=read(volume)), volumes=empty(volume))


# rule: (workload, surroundings, who it speaks of, the rule's id in the evidence, the role that it speaks for)
SPEAKS: dict[str, tuple[Workload, Surroundings, str, str, str]] = {
    "family": (workload(A, c("log-shipper", "acme/shipper")), ALONE, "log-shipper", "family", "sidecar"),
    "injected": (workload(A, MESH, annotations={"mesh.example.com/status": ""}), ALONE, "mesh-proxy", "injected", "sidecar"),
    "default-container": (workload(A, B, annotations={"kubectl.kubernetes.io/default-logs-container": "b"}), ALONE, "b", "default-container", "main"),
    "dials-other": (workload(A, c("b", args=["--upstream=http://localhost:8080"])), ALONE, "b", "dials-main", "sidecar"),
    "named-like-workload": (workload(A, c("shop")), ALONE, "shop", "named-like-workload", "main"),
    "helper-name": (workload(A, c("log-cleaner")), ALONE, "log-cleaner", "helper-name", "sidecar"),
    "named-after": (workload(c("web"), c("web-metrics")), ALONE, "web-metrics", "named-after", "sidecar"),
    "beside-main": (workload(c("shop"), c("conf-reloader")), ALONE, "conf-reloader", "beside-main", "sidecar"),
    "company": (workload(c("shop"), c("b")), ALONE, "b", "company", "sidecar"),
    "service-port": (workload(A, c("b", ports=ports(80))), SERVICE, "b", "service-port", "main"),
    "serves-users": (workload(A, c("guard", "acme/guard", ports=ports(80))), ALONE, "guard", "ports", "main"),
    "leads": (
        workload(c("db-proxy", "acme/db-proxy"), c("a", env=env(DSN="db://localhost:6432"))), ALONE, "db-proxy", "leads", "main"),
    "node-agent": (workload(A, c("b", volumeMounts=mount("sys")), kind="DaemonSet", volumes=NODE), ALONE, "b", "node-agent", "main"),
    "claim": (workload(A, c("b", volumeMounts=mount("data")), volumes=CLAIM), ALONE, "b", "claim", "main"),
    "shared-volume": (shared("logs"), ALONE, "b", "reads-logs", "sidecar"),
    "tails-log": (workload(A, c("b", args=["tail", "-F", "/x.log"])), ALONE, "b", "tails-log", "sidecar"),
    "reads-log": (two_scripts("/var/v/log/usage.txt"), ALONE, "b", "reads-logs", "sidecar"),
    "mounts-for": (
        workload(c("a", volumeMounts=mount("m", mountPropagation="HostToContainer")), MOUNTER),
        ALONE, "b", "mounts-for", "sidecar"),
    "sentinel-file": (workload(c("a", args=["touch", "/x"]), c("b", args=["until", "[ -e /x ]"])), ALONE, "b", "sentinel-file", "sidecar"),
    "job-service": (workload(c("shop", args=["x"]), c("b", ports=ports(1)), kind="Job"), ALONE, "b", "job-service", "sidecar"),
    "job-ended": (workload(A, B, kind="Job"), ENDED, "a", "job-ended", "main"),
    "restarted": (workload(A, B), RESTARTED, "a", "restarted", "main"),
    "list-order": (workload(A, B), ALONE, "a", "list-order", "main"),
    "ports": (workload(A, c("b", ports=ports(80))), ALONE, "b", "ports", "main"),
    "requests": (workload(c("a", resources=SMALL), c("b", resources=BIG)), ALONE, "b", "requests", "main"),
    "idle": (workload(A, c("b", args=["sleep", "infinity"])), ALONE, "b", "idle", "sidecar"),
    "privileges": (workload(A, c("log-x", securityContext=ADMIN)), ALONE, "log-x", "privileges", "sidecar"),
    "answers-probe": (workload(c("a", livenessProbe={"httpGet": {"port": 9808}}), c("b", ports=ports(9808))), ALONE, "b", "answers-probe", "sidecar"),
    "signals": (workload(A, c("b", args=["sh", "-c", "pkill -HUP app"]), shareProcessNamespace=True), ALONE, "b", "signals", "sidecar"),
    "same-image": (workload(c("a", "own/x:1"), c("b", "own/x:2")), ALONE, "b", "same-image", "peer"),
    "chore": (workload(c("shop"), c("b", command=CHORE)), ALONE, "b", "chore", "sidecar"),
}  # fmt: skip

SILENT: dict[str, tuple[Workload, Surroundings, str, str]] = {
    "family": (workload(A, c("shipyard", "acme/other")), ALONE, "shipyard", "family"),
    "injected": (workload(A, MESH, annotations={"mesh.example.com/inject": ""}), ALONE, "mesh-proxy", "injected"),
    "default-container": (workload(A, B, annotations={"kubectl.kubernetes.io/default-container": "c"}), ALONE, "b", "default-container"),
    "dials-other": (workload(A, c("b", args=["--upstream=http://elsewhere:8080"])), ALONE, "b", "dials-main"),
    "named-like-workload": (workload(A, c("workshop")), ALONE, "workshop", "named-like-workload"),
    "helper-name": (workload(A, c("catalogue")), ALONE, "catalogue", "helper-name"),
    "named-after": (workload(c("web"), c("web-worker")), ALONE, "web-worker", "named-after"),
    "beside-main": (workload(A, c("conf-reloader")), ALONE, "conf-reloader", "beside-main"),
    "company": (workload(c("shop"), c("shop-worker")), ALONE, "shop-worker", "company"),
    "service-port": (workload(A, c("b", ports=ports(81))), SERVICE, "b", "service-port"),
    "serves-users": (workload(c("a", ports=ports(81)), c("guard", "acme/guard", ports=ports(80))), ALONE, "guard", "ports"),
    "leads": (
        workload(c("a", env=env(DSN="db://localhost:6432")), c("db-proxy", "acme/db-proxy")), ALONE, "db-proxy", "leads"),
    "node-agent": (workload(A, c("b", volumeMounts=mount("ssl")), kind="DaemonSet", volumes=NODE), ALONE, "b", "node-agent"),
    "claim": (workload(c("a", volumeMounts=mount("data")), c("b", volumeMounts=mount("data")), volumes=CLAIM), ALONE, "b", "claim"),
    "shared-volume": (shared("run"), ALONE, "b", "reads-logs"),
    "tails-log": (workload(A, c("b", args=["tail", "-n1", "/x.log"])), ALONE, "b", "tails-log"),
    "reads-log": (two_scripts("/var/v/usage.txt"), ALONE, "b", "reads-logs"),
    "mounts-for": (workload(A, MOUNTER), ALONE, "b", "mounts-for"),
    "sentinel-file": (workload(c("a", args=["touch", "/x"]), c("b", args=["cat", "/x"])), ALONE, "b", "sentinel-file"),
    "job-service": (workload(c("shop", args=["x"]), c("b", ports=ports(1))), ALONE, "b", "job-service"),
    "job-ended": (workload(A, B, kind="Job"), FAILED, "a", "job-ended"),
    "restarted": (workload(A, B), ALL_RESTARTED, "a", "restarted"),
    "list-order": (workload(A, B, annotations={"kubectl.kubernetes.io/default-container": "b"}), ALONE, "a", "list-order"),
    "ports": (workload(c("a", ports=ports(81)), c("b", ports=ports(80))), ALONE, "b", "ports"),
    "requests": (workload(A, c("b", resources=BIG)), ALONE, "b", "requests"),
    "idle": (workload(A, c("b", args=["sleep", "5", "&&", "serve"])), ALONE, "b", "idle"),
    "privileges": (workload(A, c("b", securityContext=ADMIN)), ALONE, "b", "privileges"),
    "answers-probe": (workload(c("a", ports=ports(80), **PROBED), c("b", ports=ports(80))), ALONE, "b", "answers-probe"),
    "signals": (workload(A, c("b", args=["sh", "-c", "pkill -HUP app"])), ALONE, "b", "signals"),
    "same-image": (workload(c("a", "own/x:1"), c("b", "own/y:1")), ALONE, "b", "same-image"),
    "chore": (workload(A, c("b", command=CHORE)), ALONE, "b", "chore"),
}  # fmt: skip


def test_every_rule_has_both_cases() -> None:
    rules = {*RULES, *HABITS}
    assert rules == set(SPEAKS)
    assert rules == set(SILENT)
    assert not set(RULES) & set(HABITS)


@pytest.mark.parametrize(("subject", "around", "name", "rule", "role"), SPEAKS.values(), ids=SPEAKS.keys())
def test_a_rule_speaks(subject: Workload, around: Surroundings, name: str, rule: str, role: str) -> None:
    found = one(judge(subject, around=around), name)
    said = [e for e in (*found.evidence, *found.against) if e.rule == rule]
    assert [e.speaks_for for e in said] == [role], found
    assert said[0].text
    assert said[0].path


@pytest.mark.parametrize(("subject", "around", "name", "rule"), SILENT.values(), ids=SILENT.keys())
def test_a_rule_is_silent(subject: Workload, around: Surroundings, name: str, rule: str) -> None:
    found = one(judge(subject, around=around), name)
    assert rule not in {e.rule for e in (*found.evidence, *found.against)}, found


@pytest.mark.parametrize("option", ["SCRAPE_URL", "upstreamURL", "RELOAD_WEBHOOK", "TARGETS"])
def test_a_variable_that_points_at_what_it_watches_makes_a_helper(option: str) -> None:
    found = one(judge(workload(A, c("b", env=env(**{option: "http://localhost:80/x"})))), "b")
    assert found.role == "sidecar"


@pytest.mark.parametrize("option", ["HOST", "LISTEN_ADDRESS", "BIND_ADDR", "METRICS_URL", "HTTP_PORT"])
def test_a_variable_that_says_where_it_listens_does_not(option: str) -> None:
    findings = judge(workload(A, c("b", env=env(**{option: "127.0.0.1:80"}))))
    assert all(f.role != "sidecar" for f in findings)


@pytest.mark.parametrize(
    "probe", [READY, {"grpc": {"port": 80}}, {"httpGet": {"port": 80}}, {"exec": {"command": ["x"]}}, {}]
)
def test_probes_of_every_kind_are_read(probe: dict[str, object]) -> None:
    found = one(judge(workload(A, c("b", readinessProbe=probe))), "b")
    assert any(e.rule == "probes" for e in (*found.evidence, *found.against))


@pytest.mark.parametrize("limits", [{"example.com/gpu": 1}, {"hugepages-2Mi": "4Mi"}])
def test_who_asks_for_a_device_is_the_main(limits: dict[str, object]) -> None:
    assert one(judge(workload(A, c("b", resources={"limits": limits}))), "b").role == "main"


@pytest.mark.parametrize("script", [
    "while :; do upload /out; sleep 60; done;",
    "while true\ndo\n  upload /out\n  sleep 5m\ndone\n",
    "set -e; while sleep 60; do upload /out; done",
])  # fmt: skip
def test_a_chore_beside_what_the_workload_exists_for_is_a_likely_sidecar(script: str) -> None:
    found = one(judge(workload(c("shop"), c("b", command=["/bin/sh", "-c", script]))), "b")
    assert (found.role, found.confidence) == ("sidecar", "likely")


@pytest.mark.parametrize("subject", [
    workload(c("shop", "own/x:1"), c("b", "own/x:1", command=CHORE)),
    workload(c("shop"), c("b", command=CHORE), kind="DaemonSet"),
    workload(c("shop"), c("b", command=CHORE, ports=ports(80))),
    workload(c("shop"), c("b", command=CHORE, livenessProbe=READY)),
    workload(c("shop"), c("b", command=["sh", "-c", "while true; do refresh; sleep 60; done & exec server"])),
    workload(c("shop"), c("b", command=["sh", "-c", "while ! ready; do sleep 1; done"])),
    workload(c("shop"), c("b", command=["worker", "while true; do x; sleep 1; done"])),
    workload(c("shop", command=CHORE), c("b")),
], ids=["a scheduler", "for the node", "has a port", "has a probe", "a server behind it", "waits", "no shell", "is the main"])  # fmt: skip
def test_what_only_resembles_a_chore(subject: Workload) -> None:
    assert all("chore" not in {e.rule for e in (*f.evidence, *f.against)} for f in judge(subject))


def test_who_rotates_logs_is_called_so() -> None:
    found = one(judge(workload(c("shop"), c("log-rotator"))), "log-rotator")
    assert (found.role, found.confidence) == ("sidecar", "likely")
