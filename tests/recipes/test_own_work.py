"""Programs that are mostly helpers, each in a workload that exists for it: with a helper of its own, a store, a way out. Real
images, so this holds the recipes and the rules together. Such a one may be in doubt; it is never surely a sidecar."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_sidecar.core.classification.classify import classify
from kubectl_sidecar.core.recipes.match import RecipeIndex
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.sources.recipes import packaged
from tests.core.classifying import c, empty, env, mount, one, ports, workload

INDEX = RecipeIndex(packaged())
DATA = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
GATEWAY: dict[str, Any] = {
    "annotations": {"inject.istio.io/templates": "gateway", "sidecar.istio.io/status": "{}"},
    "name": "edge",
}
SHIPPER = c("fluent-bit", "fluent/fluent-bit:3.1.9")

OWN_WORK: dict[str, tuple[Workload, str]] = {
    "a Redis with its data, and what warms it": (
        workload(
            c("redis", "redis:7", args=["--maxmemory-policy", "allkeys-lru"], ports=ports(6379), volumeMounts=mount("data")),
            c("warmer", env=env(REDIS_ADDR="127.0.0.1:6379")), name="session-store", kind="StatefulSet", volumes=DATA), "redis"),
    "a Redis beside its Sentinel": (
        workload(
            c("sentinel", "bitnami/redis-sentinel:7", ports=ports(26379)),
            c("redis", "bitnami/redis:7", args=["--maxmemory-policy", "allkeys-lru"], ports=ports(6379), volumeMounts=mount("data")),
            name="sessions", kind="StatefulSet", volumes=DATA), "redis"),
    "single sign-on with its sessions": (
        workload(
            c("oauth2-proxy", "quay.io/oauth2-proxy/oauth2-proxy:v7.6.0",
              args=["--upstream=static://202", "--redis-connection-url=redis://127.0.0.1:6379"], ports=ports(4180)),
            c("redis", "redis:7-alpine", ports=ports(6379)), name="sso"), "oauth2-proxy"),
    "a backup that runs to its end, and its way to the store": (
        workload(
            c("restic", "restic/restic:0.16.4", args=["backup", "/data"], env=env(RESTIC_REPOSITORY="rest:http://127.0.0.1:8080/")),
            c("rclone", "rclone/rclone:1.67", args=["serve", "restic", "remote:b", "--addr", "127.0.0.1:8080"]),
            name="offsite", kind="CronJob"), "restic"),
    "a log pipeline and its way out": (
        workload(
            c("logstash", "docker.elastic.co/logstash/logstash:8.14.0", ports=ports(5044), env=env(HTTP_PROXY="http://127.0.0.1:3128")),
            c("egress", "ubuntu/squid:5.2", ports=ports(3128)), name="log-pipeline"), "logstash"),
    "a Docker daemon for others, and what prunes it": (
        workload(
            c("dind", "docker:27-dind", ports=ports(2375), securityContext={"privileged": True}, volumeMounts=mount("data")),
            c("prune", env=env(DOCKER_HOST="tcp://127.0.0.1:2375")), name="builds", kind="StatefulSet", volumes=DATA), "dind"),
    "an OpenTelemetry gateway and its door": (
        workload(
            c("otel-collector", "otel/opentelemetry-collector-contrib:0.104.0", args=["--config=/c.yaml"], ports=ports(4317)),
            c("door", ports=ports(8443), env=env(OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4317")), name="ingest"), "otel-collector"),
    "an Istio gateway that was injected": (
        workload(c("istio-proxy", "istio/proxyv2:1.22.1", args=["proxy", "router"], ports=ports(8443)), SHIPPER, **GATEWAY), "istio-proxy"),
    "an app that litestream starts": (
        workload(
            c("web", command=["litestream", "replicate", "-exec", "bin/rails server"], ports=ports(3000)), SHIPPER, name="notes"), "web"),
    "an app that envconsul starts": (
        workload(c("api", command=["envconsul", "-config=/etc/e.hcl", "/app/orders"], ports=ports(3000)), SHIPPER, name="orders"), "api"),
    "an SFTP server and what takes its files away": (
        workload(
            c("sftp", "atmoz/sftp:alpine", ports=ports(22), volumeMounts=mount("drop")), c("mover", volumeMounts=mount("drop")),
            name="file-drop", volumes=empty("drop")), "sftp"),
    "an exporter of a database elsewhere": (
        workload(
            c("postgres-exporter", "quay.io/prometheuscommunity/postgres-exporter:v0.15.0", env=env(DATA_SOURCE_URI="127.0.0.1:5432/app")),
            c("cloud-sql-proxy", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11.0", args=["p:r:i"]), name="pg-metrics"), "postgres-exporter"),
    "a gateway of a private image": (
        workload(c("bridge", args=["server", "--listen=:9090", "--target=kafka.example.com:9092"]), c("schemas"), name="ingestion"), "bridge"),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "name"), OWN_WORK.values(), ids=OWN_WORK.keys())
def test_a_helper_in_a_workload_of_its_own_is_never_surely_a_sidecar(subject: Workload, name: str) -> None:
    found = one(classify(subject, INDEX), name)
    assert found.role != "sidecar" or found.confidence == "possible", found
    assert not found.injected
