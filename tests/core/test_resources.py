"""The scheduler's formula with its index rule, quantities, QoS."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core.pod.resources import Qos, usage
from kubectl_sidecar.core.quantities import format_quantity, parse_quantity
from kubectl_sidecar.core.workload import PodSpec

QUANTITIES: dict[Any, float | None] = {
    "100m": 0.1, "2": 2.0, "1.5": 1.5, ".5": 0.5, "1e3": 1000.0, "12E2": 1200.0, "1E": 1e18, "1Ei": 2.0**60, "128Mi": 128 * 2.0**20,
    "1.5Gi": 1.5 * 2**30, "1G": 1e9, "5k": 5000.0, "10n": 1e-8, "+3": 3.0, "-1": -1.0, " 2 ": 2.0, 3: 3.0, 0.5: 0.5, None: None,
    "": None, "m": None, "1 Gi": None, "1gi": None, "1KB": None, "0x10": None, "1_000": None, "ten": None, "1e": None, "NaN": None,
    "1.2.3": None, "9" * 200: None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "amount"), QUANTITIES.items(), ids=[repr(q)[:20] for q in QUANTITIES])
def test_a_quantity_is_read_or_is_none(text: Any, amount: float | None) -> None:
    assert parse_quantity(text) == (pytest.approx(amount) if amount is not None else None)


@given(st.text(max_size=20))
def test_no_text_is_a_traceback(text: str) -> None:
    assert parse_quantity(text) is None or isinstance(parse_quantity(text), float)


FORMATS = {
    ("cpu", 0.3): "300m", ("cpu", 2.0): "2", ("cpu", 0.0): "0", ("cpu", 0.0005): "0.5m", ("memory", 320 * 2.0**20): "320Mi",
    ("memory", 1.5 * 2**30): "1.5Gi", ("memory", 1e9): "1G", ("memory", 0.0): "0", ("memory", 1000.0): "1000",
    ("ephemeral-storage", 2.0**30): "1Gi", ("requests.cpu", 0.1): "100m", ("limits.memory", 2.0**20): "1Mi", ("example.com/gpu", 2.0): "2",
    ("memory", 123_456_789.0): "117.7Mi",
}  # fmt: skip


@pytest.mark.parametrize(("given_", "text"), FORMATS.items(), ids=str)
def test_an_amount_as_a_person_writes_it(given_: tuple[str, float], text: str) -> None:
    assert format_quantity(*given_) == text


def c(name: str, cpu: str | None = None, *, native: bool = False, **fields: Any) -> dict[str, Any]:
    built: dict[str, Any] = {"name": name, **fields}
    if cpu:
        built["resources"] = {"requests": {"cpu": cpu}}
    if native:
        built["restartPolicy"] = "Always"
    return built


def pod(init: list[dict[str, Any]], main: list[dict[str, Any]], **spec: Any) -> PodSpec:
    return msgspec.convert({"initContainers": init, "containers": main, **spec}, PodSpec)


MIGRATE, APP = c("migrate", "1500m"), c("app", "500m")
SC, SC2 = c("sc", "200m", native=True), c("sc2", "300m", native=True)
CPU: dict[str, tuple[PodSpec, float]] = {
    "classic": (pod([MIGRATE], [APP, c("sc", "200m")]), 1.5),
    "native, last": (pod([MIGRATE, SC], [APP]), 1.5),
    "native, first": (pod([SC, MIGRATE], [APP]), 1.7),
    "two natives first": (pod([SC, SC2, MIGRATE], [APP]), 2.0),
    "no init containers": (pod([], [APP, c("sc", "200m")]), 0.7),
    "native only": (pod([SC], [APP]), 0.7),
    "overhead on top": (pod([SC], [APP], overhead={"cpu": "50m"}), 0.75),
    "the Pod's own replace the sum": (pod([SC], [APP], resources={"requests": {"cpu": "3"}}, overhead={"cpu": "50m"}), 3.05),
    "a limit without a request asks for as much": (pod([], [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]), 1.0),
    "what is no quantity counts nothing": (pod([], [c("a", "lots"), APP]), 0.5),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "cpu"), CPU.values(), ids=CPU)
def test_effective_cpu(spec: PodSpec, cpu: float) -> None:
    assert usage(spec).requests["cpu"] == pytest.approx(cpu)


cpus = st.integers(0, 2000).map(lambda n: f"{n}m")


@given(st.lists(cpus, max_size=4), st.lists(cpus, min_size=1, max_size=4), cpus)
def test_after_all_plain_init_containers_a_helper_changes_nothing(inits: list[str], mains: list[str], cpu: str) -> None:
    plain = [c(f"i{n}", q) for n, q in enumerate(inits)]
    regular = [c(f"m{n}", q) for n, q in enumerate(mains)]
    classic, native = pod(plain, [*regular, c("sc", cpu)]), pod([*plain, c("sc", cpu, native=True)], regular)
    before, after = usage(classic), usage(native)
    assert before.requests == pytest.approx(after.requests)
    assert before.qos == after.qos


def limited(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "resources": fields}


BOTH = {"cpu": "1", "memory": "1Gi"}
QOS: dict[str, tuple[PodSpec, Qos]] = {
    "nothing": (pod([], [{"name": "a"}]), "BestEffort"),
    "requests only": (pod([], [limited(requests=BOTH)]), "Burstable"),
    "limits are requests": (pod([], [limited(limits=BOTH)]), "Guaranteed"),
    "equal": (pod([], [limited(limits=BOTH, requests=BOTH)]), "Guaranteed"),
    "less than the limit": (pod([], [limited(limits=BOTH, requests={"cpu": "500m"})]), "Burstable"),
    "one of two": (pod([], [limited(limits=BOTH), {"name": "b"}]), "Burstable"),
    "a native sidecar counts": (pod([{"name": "s", "restartPolicy": "Always"}], [limited(limits=BOTH)]), "Burstable"),
    "other resources do not count": (pod([], [limited(limits={"example.com/gpu": 1})]), "BestEffort"),
    "written otherwise, equal all the same": (
        pod([], [limited(limits=BOTH, requests={"cpu": "1000m", "memory": "1024Mi"})]),
        "Guaranteed",
    ),
    "the Pod's own": (pod([], [{"name": "a"}], resources={"limits": BOTH}), "Guaranteed"),
}


@pytest.mark.parametrize(("spec", "qos"), QOS.values(), ids=QOS)
def test_quality_of_service(spec: PodSpec, qos: Qos) -> None:
    assert usage(spec).qos == qos


def test_limits_are_summed_where_given() -> None:
    spec = pod(
        [],
        [limited(limits=BOTH), {"name": "b", "resources": {"limits": {"memory": "1Gi"}}}],
        overhead={"cpu": "100m", "pids": "1"},
    )
    assert usage(spec).limits == pytest.approx({"cpu": 1.1, "memory": 2.0**31})
