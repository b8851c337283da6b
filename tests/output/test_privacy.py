"""What is printed or written as data never holds a value of an environment variable (but host:port) nor the user info of a URL.
Evidence quotes the part that matched; the diff is left out here, for it shows the manifest itself, which whoever may see the
plan has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_sidecar.actions.inspect import Inventory, Row, Scope, Source, row_of, scan
from kubectl_sidecar.actions.migrate import MigrateOptions, Target, prepare, prepare_files
from kubectl_sidecar.core.decode import decode_or_broken
from kubectl_sidecar.core.kinds import of_object
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.workload import Workload
from kubectl_sidecar.output.data import dump
from kubectl_sidecar.output.listing import list_data, list_table
from kubectl_sidecar.output.plan import describe
from kubectl_sidecar.output.plan_data import plan_data
from kubectl_sidecar.output.style import plain
from kubectl_sidecar.sources.manifests import Manifest
from kubectl_sidecar.sources.sample import sample_cluster, sample_manifests
from kubectl_sidecar.sources.simulate import ManualClock
from tests.actions.world import INDEX

SECRET = "hunter2Zq"
"""Stands in every value that must not come out; it is in no name, image or path."""


def listed(*rows: Row) -> Iterator[str]:
    inventory = Inventory(tuple(rows))
    yield from list_table(inventory, wide=True, all_namespaces=True, no_header=False, paint=plain)
    yield dump(list_data(inventory), "json")
    yield dump(list_data(inventory), "yaml")


def described(obj: Mapping[str, Any], **options: Any) -> Iterator[str]:
    (prepared,) = prepare_files(
        [Manifest("shop.yaml", 0, None, obj)], (), INDEX, MigrateOptions(PlanOptions(**options))
    )
    yield from describe(prepared, plain)
    data = plan_data(prepared)
    for part in ("changes", "patch"):  # the change itself, as the diff
        del data[part]
    for move in data["moves"]:
        del move["startGate"]["startupProbe"]
    yield dump(data, "json")


def everything(obj: Mapping[str, Any]) -> str:
    kind = of_object(obj)
    assert kind is not None
    row = row_of(decode_or_broken(kind, obj), INDEX, Source(file="shop.yaml", document=0))
    return "\n".join((*listed(row), *described(obj), *described(obj, startup_probe="auto")))


HIDDEN = (
    SECRET,
    f"postgres://app:{SECRET}@127.0.0.1:5432/shop",
    f"http://{SECRET}@localhost:8080/",
    f"http://127.0.0.1:9000/{SECRET}?token={SECRET}#{SECRET}",
    f"user={SECRET} password={SECRET} host=127.0.0.1 port=5432",
    f"{SECRET}@tcp(127.0.0.1:3306)/{SECRET}",
    f"127.0.0.1:5432,{SECRET}",
    f"jdbc:mysql://localhost:3306/shop?user=app&password={SECRET}",
    f"redis://:{SECRET}@localhost:6379",
    f"true {SECRET}",
)
NAMES = ("PASSWORD", "DATABASE_URL", "DB_HOST", "UPSTREAM", "OTEL_EXPORTER_OTLP_ENDPOINT", "HTTP_PROXY", "METHOD", "GITSYNC_ONE_TIME", "REDIS_ADDR",
         "CSQL_PROXY_HTTP_PORT", "KUBEXIT_NAME", "ISTIO_QUIT_API", "PORT", "DATA_SOURCE_NAME", "TS_AUTHKEY")  # fmt: skip
IMAGES = ("registry.example.com/shop:1", "fluent/fluent-bit:3.2", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14", "envoyproxy/envoy:v1.32",
          "quay.io/oauth2-proxy/oauth2-proxy:v7.7", "busybox:1.36", "oliver006/redis_exporter:v1.66", "registry.k8s.io/git-sync/git-sync:v4.3",
          "edoburu/pgbouncer:1.23", "hashicorp/vault:1.18")  # fmt: skip
WORDS = (
    f"--upstream=http://u:{SECRET}@localhost:8080/",
    f"http://u:{SECRET}@127.0.0.1:9000/metrics",
    f"postgres://app:{SECRET}@localhost:5432/db",
    f"until curl -f http://u:{SECRET}@localhost:8080/ready; do sleep 1; done; serve",
    f"curl -X POST http://u:{SECRET}@localhost:9091/quitquitquit",
    "--port=9090",
    "--http-address=0.0.0.0:4180",
    "serve",
    "sleep infinity",
    "tail -F /var/log/app/out.log",
)

env_vars = st.fixed_dictionaries({"name": st.sampled_from(NAMES), "value": st.sampled_from(HIDDEN)})
actions = st.one_of(
    st.just({"tcpSocket": {"port": 9090}}),
    st.sampled_from(WORDS).map(lambda word: {"exec": {"command": ["sh", "-c", word]}}),
    st.sampled_from(WORDS).map(lambda word: {"exec": {"command": word.split()}}),
)
optional: dict[str, st.SearchStrategy[Any]] = {
    "command": st.lists(st.sampled_from(WORDS), max_size=2).map(lambda words: ["sh", "-c", *words]),
    "args": st.lists(st.sampled_from(WORDS), max_size=3),
    "env": st.lists(env_vars, max_size=5),
    "ports": st.sampled_from(
        ([{"containerPort": 8080}], [{"containerPort": 9090, "name": "metrics"}], [{"containerPort": 5432}])
    ),
    "readinessProbe": actions,
    "livenessProbe": actions,
    "startupProbe": actions,
    "lifecycle": st.fixed_dictionaries({}, optional={"preStop": actions, "postStart": actions}),
}


def container(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"name": st.just(name), "image": st.sampled_from(IMAGES)}, optional=optional)


@st.composite
def workloads(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.sampled_from([["shop", "proxy"], ["shop", "log-shipper", "metrics"], ["web", "redis"]]))
    kind = draw(st.sampled_from(["Deployment", "Job"]))
    spec: dict[str, Any] = {"containers": [draw(container(name)) for name in names]}
    if draw(st.booleans()):
        spec["initContainers"] = [draw(container("migrate"))]
    template = {
        "metadata": {"labels": {"app": "shop"}, "annotations": {f"kubectl-sidecar/{names[1]}": "sidecar"}},
        "spec": spec,
    }
    api = "apps/v1" if kind == "Deployment" else "batch/v1"
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"template": template},
    }


@settings(max_examples=300, deadline=None)
@given(workloads())
def test_no_secret_comes_out(obj: dict[str, Any]) -> None:
    assert SECRET not in everything(obj)


@pytest.mark.parametrize("value", HIDDEN)
@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_the_environment_comes_out(name: str, value: str) -> None:
    app = {"name": "shop", "image": "registry.example.com/shop:1", "env": [{"name": name, "value": value}]}
    other = {
        "name": "proxy",
        "image": IMAGES[2],
        "env": [{"name": name, "value": value}],
        "ports": [{"containerPort": 5432}],
    }
    template = {"spec": {"containers": [app, other]}}
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"template": template}}
    assert SECRET not in everything(obj)


def test_what_is_dialled_is_still_told() -> None:
    app = {
        "name": "shop",
        "image": "registry.example.com/shop:1",
        "env": [{"name": "DATABASE_URL", "value": HIDDEN[1]}],
    }
    other = {"name": "proxy", "image": IMAGES[2], "ports": [{"containerPort": 5432}]}
    template = {"spec": {"containers": [app, other]}}
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"template": template}}
    assert "shop dials it: DATABASE_URL=127.0.0.1:5432" in everything(obj)


def test_over_the_sample() -> None:
    """Every value of the sample's environments is looked for, but for hosts, ports and numbers."""
    cluster, _ = sample_cluster(ManualClock())
    rows = scan(cluster, Scope(None), INDEX).rows
    texts = list(listed(*rows))
    for row in rows:
        target = Target(row.kind, row.namespace, row.name)
        texts += describe(prepare(cluster, target, INDEX, MigrateOptions(), dry_runs=False), plain)
    printed = "\n".join(texts)
    values = {v for obj in sample_manifests() for v in _values(obj)}
    telling = {
        v for v in values if len(v) > 4 and v != "localhost" and not v.replace(".", "").replace(":", "").isdigit()
    }
    assert telling, "the sample has such values"
    assert [v for v in telling if v in printed] == []


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for variable in value.get("env") or ():
            if isinstance(variable, dict) and isinstance(variable.get("value"), str):
                yield variable["value"]
        for item in value.values():
            yield from _values(item)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item)


def test_a_manifest_that_cannot_be_read_tells_only_where() -> None:
    template = {"spec": {"containers": [{"name": "shop", "env": {"PASSWORD": SECRET}}, {"name": "b", "args": SECRET}]}}
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"template": template}}
    kind = of_object(obj)
    assert kind is not None
    found = decode_or_broken(kind, obj)
    assert not isinstance(found, Workload)
    printed = "\n".join(listed(row_of(found, INDEX, Source(file="shop.yaml", document=0))))
    assert SECRET not in printed
    assert json.dumps("broken") in printed
