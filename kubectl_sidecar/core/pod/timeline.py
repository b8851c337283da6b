"""Start and stop order of a Pod's containers as lanes, from its spec: what gates what, before and after a migration.

Start: initContainers one after the other (pkg/kubelet/kuberuntime/kuberuntime_container.go, computeInitContainerActions), then
all regular containers at once. Stop: regular containers at once, then native sidecars one by one from the last to the first
(kuberuntime_termination_order.go). Plain init containers have ended by then and are in no lane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_sidecar.core.pod.resources import is_native
from kubectl_sidecar.core.workload import Container, PodSpec


@dataclass(frozen=True, slots=True)
class Step:
    """Containers that start (or stop) together, and what has to be true before the next step: `gate`."""

    containers: tuple[str, ...]
    gate: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps in order. A single step with several containers means that nothing orders them. `notes` are sentences on what
    the steps cannot show."""

    start: tuple[Step, ...]
    stop: tuple[Step, ...]
    notes: tuple[str, ...] = ()


def timeline(spec: PodSpec) -> Timeline:
    """The lanes of one Pod."""
    regular = tuple(c.name for c in spec.main_list)
    inits = tuple(Step((c.name,), _gate(c)) for c in spec.init_list)
    native = [c.name for c in spec.init_list if is_native(c)]
    last = (Step(regular, ""),) if regular else ()
    stops = (Step(regular, "all ended"),) if regular else ()
    return Timeline(
        start=(*inits, *last),
        stop=(*stops, *(Step((name,), "ended") for name in reversed(native))),
        notes=tuple(_notes(spec, native)),
    )


def _gate(container: Container) -> str:
    if not is_native(container):
        return "completed"
    started = "startupProbe" if container.startup_probe else "running"
    return f"{started}, postStart" if container.post_start else started


def _notes(spec: PodSpec, native: list[str]) -> Iterator[str]:
    hooked = [
        c.name for c in (*spec.init_list, *spec.main_list) if c.pre_stop and (c.name in native or c in spec.main_list)
    ]
    if native and hooked:
        yield f"the preStop hooks of all containers run at once when the Pod's end begins ({', '.join(hooked)}); the order holds for SIGTERM"
    if native:
        grace = 30 if spec.termination_grace_period_seconds is None else spec.termination_grace_period_seconds
        yield f"all of it shares one grace period of {grace} s; what still runs then gets SIGTERM and 2 s"
