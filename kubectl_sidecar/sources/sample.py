"""The cluster of `--demo`: a shop of believable size that tells the pattern's stories, one manifest each under sample/. A real
API server accepts all of them (tests/cluster/test_sample.py). It starts a day ago, so that the nightly report already hangs
on its proxy when somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, NamedTuple

from kubectl_sidecar.core.kinds import NAMESPACES
from kubectl_sidecar.sources.cluster import Object
from kubectl_sidecar.sources.memory import MemoryCluster, Webhook
from kubectl_sidecar.sources.simulate import DemoClock, ManualClock, Simulation

_FILES = ("cluster.yaml", "shop.yaml", "payments.yaml", "platform.yaml", "plain.yaml")
_AGE = timedelta(hours=20)
_MOST_TICKS = 60


def sample_manifests() -> list[Object]:
    """Every object of the sample, as its manifest says it, namespaces and nodes first."""
    import yaml  # lazy: only the demo needs it

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    folder = files("kubectl_sidecar.sources") / "sample"
    texts = [(folder / name).read_text(encoding="utf-8") for name in _FILES]
    return [document for text in texts for document in yaml.load_all(text, Loader=loader) if document]


class Demo(NamedTuple):
    """What `--demo` runs on."""

    cluster: MemoryCluster
    clock: DemoClock
    simulation: Simulation


def demo_cluster(*, speed: float = 2.0, now: datetime | None = None) -> Demo:
    """The sample, settled: all rollouts done, the report's Job hanging. `speed` simulated seconds pass in a real one, as
    whoever waits on the clock or asks the cluster sees; `now` is the end of the settling, the current time if not given."""
    end = now or datetime.now(UTC)
    clock = ManualClock(end - _AGE)
    cluster, simulation = sample_cluster(clock)
    clock.advance((end - clock.now()).total_seconds())
    demo_clock = DemoClock(simulation, clock, speed=speed)
    cluster.hooks.append(demo_clock.attend)
    return Demo(cluster, demo_clock, simulation)


def sample_cluster(clock: ManualClock) -> tuple[MemoryCluster, Simulation]:
    """The sample, settled, on a clock that only its owner moves: for tests."""
    cluster = MemoryCluster(sample_manifests(), namespace="shop", now=clock.now)
    cluster.webhooks.append(mesh_injector(lambda name: _labels(cluster, name)))
    simulation = Simulation(cluster, clock)
    simulation.run_job("shop", "report")
    _settle(cluster, clock, simulation)
    clock.advance(60.0)  # the jobs' own work ends
    _settle(cluster, clock, simulation)
    return cluster, simulation


def _settle(cluster: MemoryCluster, clock: ManualClock, simulation: Simulation) -> None:
    """Ticks until one changes nothing."""
    for _ in range(_MOST_TICKS):
        before = cluster.resource_version
        clock.advance(1.0)
        simulation.tick()
        if cluster.resource_version == before:
            return


def _labels(cluster: MemoryCluster, namespace: str) -> Object:
    found = (o for o in cluster.objects(NAMESPACES) if o["metadata"]["name"] == namespace)
    return next((o["metadata"].get("labels") or {} for o in found), {})


def mesh_injector(labels_of_namespace: Callable[[str], Object]) -> Webhook:
    """A webhook as Istio's: a classic istio-proxy in each new Pod of a namespace with istio-injection=enabled, unless the Pod's
    annotation sidecar.istio.io/inject says "false"."""

    def inject(pod: Object) -> Object | None:
        metadata, spec = pod["metadata"], pod["spec"]
        annotations = metadata.get("annotations") or {}
        if labels_of_namespace(metadata["namespace"]).get("istio-injection") != "enabled":
            return None
        if annotations.get("sidecar.istio.io/inject") == "false":
            return None
        proxy = {
            "name": "istio-proxy",
            "image": "docker.io/istio/proxyv2:1.24.2",
            "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
            "ports": [{"name": "http-envoy-prom", "containerPort": 15090, "protocol": "TCP"}],
            "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021}, "periodSeconds": 15},
        }
        init = {
            "name": "istio-init",
            "image": "docker.io/istio/proxyv2:1.24.2",
            "args": ["istio-iptables", "-p", "15001"],
        }
        mark = '{"initContainers":["istio-init"],"containers":["istio-proxy"],"revision":"default"}'
        return {
            **pod,
            "metadata": {**metadata, "annotations": {**annotations, "sidecar.istio.io/status": mark}},
            "spec": {
                **spec,
                "initContainers": [*(spec.get("initContainers") or ()), init],
                "containers": [*spec["containers"], proxy],
            },
        }

    return inject
