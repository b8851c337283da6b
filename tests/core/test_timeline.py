"""Start and stop order as lanes."""

from __future__ import annotations

from typing import Any

import msgspec

from kubectl_sidecar.core.pod.timeline import Step, Timeline, timeline
from kubectl_sidecar.core.workload import PodSpec


def lanes(**spec: Any) -> Timeline:
    return timeline(msgspec.convert(spec, PodSpec))


HOOK = {"exec": {"command": ["true"]}}


def test_a_classic_pod_has_no_order() -> None:
    both = (Step(("app", "logs"), ""),)
    found = lanes(containers=[{"name": "app"}, {"name": "logs"}])
    assert found.start == both
    assert [s.containers for s in found.stop] == [("app", "logs")]
    assert found.notes == ()


def test_init_containers_start_in_order_and_native_ones_stop_in_reverse_after_the_app() -> None:
    found = lanes(
        initContainers=[
            {"name": "migrate"},
            {"name": "proxy", "restartPolicy": "Always", "startupProbe": {"tcpSocket": {"port": 1}}},
            {"name": "sync", "restartPolicy": "Always", "lifecycle": {"postStart": HOOK}},
            {"name": "logs", "restartPolicy": "Always"},
        ],
        containers=[{"name": "app"}, {"name": "worker"}],
    )
    assert found.start == (
        Step(("migrate",), "completed"),
        Step(("proxy",), "startupProbe"),
        Step(("sync",), "running, postStart"),
        Step(("logs",), "running"),
        Step(("app", "worker"), ""),
    )
    assert [s.containers for s in found.stop] == [("app", "worker"), ("logs",), ("sync",), ("proxy",)]


def test_the_notes_say_what_lanes_cannot_show() -> None:
    native = {"name": "proxy", "restartPolicy": "Always", "lifecycle": {"preStop": HOOK}}
    found = lanes(initContainers=[native, {"name": "i"}], containers=[{"name": "app", "lifecycle": {"preStop": HOOK}}],
                  terminationGracePeriodSeconds=45)  # fmt: skip
    assert "preStop" in found.notes[0]
    assert "proxy, app" in found.notes[0]
    assert "45 s" in found.notes[1]


def test_a_pod_without_containers_has_no_lanes() -> None:
    assert lanes() == Timeline((), ())
