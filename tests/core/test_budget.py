"""What a Pod's stops need of its grace period."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kubectl_sidecar.core.pod.budget import Stop, app_stop, drain_seconds, helper_stop, serial
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container
from tests.core.judging import DB_PROXY, GUARD, SHIPPER


def c(**fields: Any) -> Container:
    return msgspec.convert({"name": "c", **fields}, Container)


DRAINS: dict[str, tuple[dict[str, Any], float]] = {
    "a Go duration": ({"args": ["--shutdown-timeout=90s"]}, 90),
    "a word of its own": ({"args": ["--graceful-timeout", "30"]}, 30),
    "in a script": ({"command": ["sh", "-c", "exec gunicorn --graceful-timeout 30 app"]}, 30),
    "minutes": ({"args": ["--drainTimeout=5m"]}, 300),
    "camel case": ({"args": ["--lifecycle.graceTimeOut=10"]}, 10),
    "a variable": ({"env": [{"name": "GRACEFUL_SHUTDOWN_TIMEOUT", "value": "20s"}]}, 20),
    "milliseconds by name": ({"env": [{"name": "SHUTDOWN_TIMEOUT_MS", "value": "900"}]}, 0.9),
    "milliseconds by size": ({"env": [{"name": "SHUTDOWN_TIMEOUT", "value": "15000"}]}, 15),
    "the longest of several": ({"args": ["--drain-delay=5s", "--stop-timeout=8s"]}, 8),
    "not of the end": ({"args": ["--read-timeout=30s", "--timeout=60"]}, 0),
    "no number": ({"env": [{"name": "SHUTDOWN_TIMEOUT", "value": "long"}, {"name": "STOP_DELAY"}]}, 0),
    "more than an hour is none": ({"args": ["--shutdown-timeout=24h"]}, 0),
    "an address": ({"args": ["--shutdown-wait=10.0.0.1"]}, 0),
    "nothing": ({}, 0),
}


@pytest.mark.parametrize(("fields", "seconds"), DRAINS.values(), ids=DRAINS)
def test_the_time_to_drain_that_options_give(fields: dict[str, Any], seconds: float) -> None:
    assert drain_seconds(c(**fields)) == seconds


SLEEPS = {"lifecycle": {"preStop": {"sleep": {"seconds": 10}}}}
SLOW = {"args": ["--shutdown-timeout=40s"]}


def test_an_app_that_sleeps_before_its_end_drains_after_it() -> None:
    assert app_stop(c()) == Stop("c", 0, 2)
    assert app_stop(c(**SLEEPS)) == Stop("c", 10, 5)
    assert app_stop(c(**SLEEPS, **SLOW)) == Stop("c", 10, 40)


HELPERS: dict[str, tuple[dict[str, Any], Recipe | None, float]] = {
    "nothing is known": ({}, None, 2),
    "a log shipper flushes": ({}, SHIPPER, 5),
    "an option": (SLOW, None, 40),
    "users may still be connected": (SLOW, GUARD, 40),
    "the app was its only client": (SLOW, DB_PROXY, 2),
}


@pytest.mark.parametrize(("fields", "recipe", "after"), HELPERS.values(), ids=HELPERS)
def test_what_a_helper_needs_after_sigterm(fields: dict[str, Any], recipe: Recipe | None, after: float) -> None:
    assert helper_stop(c(**fields), recipe).after == after


def test_helpers_stop_one_by_one_after_the_slowest_app_and_each_after_its_hook() -> None:
    apps = (Stop("a", 10, 5), Stop("b", 0, 2))
    assert serial(apps, ()) == 15
    assert serial(apps, (Stop("x", 0, 2), Stop("y", 0, 5))) == 22
    assert serial(apps, (Stop("x", 20, 2), Stop("y", 18, 5))) == 27
