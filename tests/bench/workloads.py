"""Deployments of a believable size and variety, the same ones each time: what the control plane of the benchmark is filled with.

About 6 KB each as a server keeps them, managedFields included. `replicas: 0`: what is measured is reading templates, and no
machine runs the Pods of 10,000 Deployments to test a list. Images are of a registry that does not exist.
"""

import random
from collections.abc import Iterator, Mapping
from typing import Any

SEED = 20250919
NAMESPACES = tuple(f"team-{number:02}" for number in range(20))
_APPS = ("checkout", "catalog", "search", "billing", "ledger", "gateway", "profile", "invoice", "basket", "shipping")
_LOGS = {"name": "logs", "mountPath": "/var/log/app"}
_CONFIG = {"name": "config", "mountPath": "/etc/app", "readOnly": True}


def deployments(count: int, *, containers: int | None = None, first: int = 0) -> Iterator[dict[str, Any]]:
    """Deployments number `first` to `first + count - 1`, of 2 to 4 containers or of exactly `containers`."""
    for number in range(first, first + count):
        yield deployment(number, containers=containers)


def deployment(number: int, *, containers: int | None = None) -> dict[str, Any]:
    """Deployment `number`; the same number is the same object. Its name ends with five digits."""
    chance = random.Random(SEED * 1_000_003 + number)
    app = _APPS[number % len(_APPS)]
    name = f"{app}-{number:05}"
    count = containers or chance.choice((2, 3, 4))
    helpers = [_helper(chance, app, place) for place in range(count - 1)]
    labels = {"app.kubernetes.io/name": app, "app.kubernetes.io/instance": name, "team": f"team-{number % 20:02}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": NAMESPACES[number % len(NAMESPACES)],
            "labels": {**labels, "app.kubernetes.io/version": f"2.{number % 40}.1"},
            "annotations": {"example.com/contact": f"{app}@example.com", "example.com/runbook": f"runbooks/{app}.md"},
        },
        "spec": {
            "replicas": 0,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
                },
                "spec": {
                    "serviceAccountName": app,
                    "terminationGracePeriodSeconds": 45,
                    "containers": [_main(chance, app, name), *helpers],
                    "volumes": _volumes(app),
                },
            },
        },
    }


def _main(chance: random.Random, app: str, name: str) -> dict[str, Any]:
    """Its texts have the Deployment's own name in them, as texts of real ones differ: no cache of ours may flatter itself."""
    return {
        "name": app,
        "image": f"registry.example.com/shop/{app}:2.{chance.randrange(40)}.{chance.randrange(100)}",
        "args": ["serve", "--listen=:8080", f"--config=/etc/app/{name}.yaml"],
        "env": [
            {"name": "LOG_FILE", "value": "/var/log/app/app.log"},
            {"name": "DATABASE_URL", "value": f"postgres://127.0.0.1:5432/{name}"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": app, "key": "token"}}},
            {"name": "FEATURES", "value": chance.choice(("none", "search,basket", "search"))},
        ],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "timeoutSeconds": 2},
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [_LOGS, _CONFIG],
    }


def _helper(chance: random.Random, app: str, place: int) -> dict[str, Any]:
    """One of the helpers, or (one in ten) something that no recipe knows. Names stay unique by the place."""
    names = list(_HELPERS)
    known = chance.random() < 0.9
    name = names[chance.randrange(len(names))]
    body: Mapping[str, Any] = _HELPERS[name]
    if not known:
        name, body = "companion", {"image": f"registry.example.com/tools/{app}-companion:0.{place}", "args": ["run"]}
    return {
        "name": f"{name}-{place}" if place else name,
        "env": [{"name": "SHARD", "value": str(chance.randrange(8))}],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "volumeMounts": [{**_LOGS, "readOnly": True}, _CONFIG],
        **body,
    }


_HELPERS: Mapping[str, Mapping[str, Any]] = {
    "fluent-bit": {"image": "registry.example.com/mirror/fluent/fluent-bit:3.1.4"},
    "cloud-sql-proxy": {
        "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11.0",
        "args": ["--private-ip", "--port=5432", "project:region:instance"],
    },
    "envoy": {
        "image": "docker.io/envoyproxy/envoy:v1.31.0",
        "args": ["-c", "/etc/app/envoy.yaml", "--service-node", "bench"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 9901}},
    },
    "oauth2-proxy": {
        "image": "quay.io/oauth2-proxy/oauth2-proxy:v7.6.0",
        "args": ["--http-address=0.0.0.0:4180", "--upstream=http://127.0.0.1:8080/", "--provider=oidc"],
    },
    "git-sync": {
        "image": "registry.k8s.io/git-sync/git-sync:v4.2.4",
        "args": ["--repo=https://git.example.com/config.git", "--root=/etc/app", "--period=30s"],
    },
    "statsd-exporter": {
        "image": "docker.io/prom/statsd-exporter:v0.27.1",
        "args": ["--statsd.mapping-config=/etc/app/m.yml"],
    },
    "config-reloader": {
        "image": "ghcr.io/jimmidyson/configmap-reload:v0.13.1",
        "args": ["--volume-dir=/etc/app", "--webhook-url=http://127.0.0.1:8080/reload"],
    },
    "vault-agent": {"image": "docker.io/hashicorp/vault:1.17.2", "args": ["agent", "-config=/etc/app/agent.hcl"]},
}


def _volumes(app: str) -> list[dict[str, Any]]:
    return [
        {"name": "logs", "emptyDir": {}},
        {"name": "config", "configMap": {"name": f"{app}-config"}},
    ]
