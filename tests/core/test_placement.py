"""Where a helper goes among the init containers: after the plain ones unless one of them needs it; the order among several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.pod.placement import Placed, final_order, place
from kubectl_sidecar.core.recipes.recipe import Match, Placement, PlacementClass, Recipe
from kubectl_sidecar.errors import InputError
from tests.core.judging import app, pod_object, workload


def of(place_class: PlacementClass) -> Recipe:
    return Recipe(place_class, place_class, "x", Match(), placement=Placement(place_class))


def c(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


def serves(port: int) -> dict[str, Any]:
    return {"ports": [{"containerPort": port}]}


def dials(port: int) -> dict[str, Any]:
    return {"env": [{"name": "DB_HOST", "value": f"127.0.0.1:{port}"}]}


def mounted(volume: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"volumeMounts": [{"name": volume, "mountPath": f"/{volume}", "readOnly": read_only}]}


EMPTY = {"volumes": [{"name": "shared", "emptyDir": {}}, {"name": "config", "configMap": {"name": "x"}}]}


def placed(
    moving: Mapping[str, tuple[dict[str, Any], PlacementClass | None]], init: list[dict[str, Any]], **overrides: str
) -> tuple[Placed, ...]:
    subject = workload(pod_object(app(), *(body for body, _ in moving.values()), init=init, spec=EMPTY))
    pairs = []
    for index, (name, (_, cls)) in enumerate(moving.items(), start=1):
        recipe = of(cls) if cls else None
        pairs.append((Finding(name, "containers", index, "sidecar", "certain", recipe), subject.spec.main_list[index]))
    return place(pairs, subject.spec, overrides)


def order(
    moving: Mapping[str, tuple[dict[str, Any], PlacementClass | None]], init: list[dict[str, Any]], **overrides: str
) -> list[str]:
    found = placed(moving, init, **overrides)
    return list(final_order([i["name"] for i in init], {p.name: p.target for p in found}))


def helpers(**classes: PlacementClass | None) -> dict[str, tuple[dict[str, Any], PlacementClass | None]]:
    return {name: (c(name), cls) for name, cls in classes.items()}


TABLE: dict[str, tuple[dict[str, tuple[dict[str, Any], PlacementClass | None]], list[dict[str, Any]], list[str]]] = {
    "no init containers": (helpers(h=None), [], ["h"]),
    "after all plain init containers": (helpers(h=None), [c("a"), c("b")], ["a", "b", "h"]),
    "after a native one that is there": (helpers(h=None), [c("a"), c("n", restartPolicy="Always")], ["a", "n", "h"]),
    "before the init container that points at it": (
        {"proxy": (c("proxy", **serves(5432)), None)},
        [c("a"), c("migrate", **dials(5432)), c("b")],
        ["a", "proxy", "migrate", "b"],
    ),
    "before the init container that waits for it": (
        {"proxy": (c("proxy", **serves(5432)), None)},
        [c("wait", command=["sh", "-c", "until nc -z localhost 5432; do sleep 1; done"])],
        ["proxy", "wait"],
    ),
    "never before the init container that writes what it reads": (
        {"proxy": (c("proxy", **serves(5432), **mounted("shared", read_only=True)), None)},
        [c("migrate", **dials(5432)), c("render", **mounted("shared"))],
        ["migrate", "render", "proxy"],
    ),
    "between the writer and the one that needs it": (
        {"proxy": (c("proxy", **serves(5432), **mounted("shared", read_only=True)), None)},
        [c("render", **mounted("shared")), c("migrate", **dials(5432))],
        ["render", "proxy", "migrate"],
    ),
    "a ConfigMap that both mount says nothing": (
        {"proxy": (c("proxy", **serves(5432), **mounted("config")), None)},
        [c("migrate", **dials(5432), **mounted("config"))],
        ["proxy", "migrate"],
    ),
    "what a needed helper needs goes before it too": (
        {"db": (c("db", **serves(5432), **dials(9000)), None), "net": (c("net", **serves(9000)), None)},
        [c("migrate", **dials(5432))],
        ["net", "db", "migrate"],
    ),
    "by class, whatever the author's order": (
        helpers(logs="log-shipper", otel="telemetry", sync="config-sync", db="data-proxy", vault="secrets", id="identity", vpn="tunnel",
                mesh="network-proxy"),
        [],
        ["mesh", "vpn", "id", "vault", "db", "sync", "otel", "logs"],
    ),
    "the author's order where nothing is known": (helpers(b=None, a=None, x="other"), [], ["b", "a", "x"]),
    "an unknown one keeps its place": (helpers(a=None, logs="log-shipper", mesh="network-proxy"), [], ["a", "mesh", "logs"]),
    "what it points at comes first, whatever the classes": (
        {"mesh": (c("mesh", **dials(4317)), "network-proxy"), "otel": (c("otel", **serves(4317)), "telemetry")},
        [],
        ["otel", "mesh"],
    ),
    "a log shipper before the helper whose files it reads": (
        {"sync": (c("sync", **mounted("shared")), "config-sync"), "logs": (c("logs", **mounted("shared", read_only=True)), "log-shipper")},
        [],
        ["logs", "sync"],
    ),
    "but after the proxy that it sends through, though it reads its files": (
        {"logs": (c("logs", **mounted("shared", read_only=True)), "log-shipper"), "mesh": (c("mesh", **mounted("shared")), "network-proxy")},
        [],
        ["mesh", "logs"],
    ),
    "a proxy after what brings its certificates": (
        {"tls": (c("tls", **mounted("shared")), "network-proxy"), "id": (c("id", **mounted("shared")), "identity")},
        [],
        ["id", "tls"],
    ),
    "a ConfigMap of both brings nothing": (
        {"tls": (c("tls", **mounted("config")), "network-proxy"), "id": (c("id", **mounted("config")), "identity")},
        [],
        ["tls", "id"],
    ),
    "a log shipper after what brings its keys": (
        {"logs": (c("logs", **mounted("shared", read_only=True)), "log-shipper"), "vault": (c("vault", **mounted("shared")), "secrets")},
        [],
        ["vault", "logs"],
    ),
    "but after the proxy that it dials, which writes what it reads": (
        {
            "logs": (c("logs", **mounted("shared", read_only=True), **dials(4317)), "log-shipper"),
            "otel": (c("otel", **mounted("shared"), **serves(4317)), "telemetry"),
        },
        [],
        ["otel", "logs"],
    ),
    "two that need each other keep the author's order": (
        {"a": (c("a", **serves(1111), **dials(2222)), None), "b": (c("b", **serves(2222), **dials(1111)), None)},
        [],
        ["a", "b"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("moving", "init", "expected"), TABLE.values(), ids=TABLE)
def test_the_order(
    moving: dict[str, tuple[dict[str, Any], PlacementClass | None]], init: list[dict[str, Any]], expected: list[str]
) -> None:
    assert order(moving, init) == expected


OVERRIDES: dict[str, tuple[dict[str, str], list[str]]] = {
    "first": ({"h": "first"}, ["h", "a", "b", "g"]),
    "last": ({"h": "last"}, ["a", "b", "g", "h"]),
    "before an init container": ({"h": "before:b"}, ["a", "h", "b", "g"]),
    "after an init container": ({"g": "after:a"}, ["a", "g", "b", "h"]),
    "before one that moves too": ({"h": "before:g"}, ["a", "b", "h", "g"]),
    "both": ({"h": "first", "g": "after:h"}, ["h", "g", "a", "b"]),
    "a chain": ({"h": "before:g", "g": "first"}, ["h", "g", "a", "b"]),
}


@pytest.mark.parametrize(("overrides", "expected"), OVERRIDES.values(), ids=OVERRIDES)
def test_the_users_word_counts(overrides: dict[str, str], expected: list[str]) -> None:
    assert order(helpers(g=None, h=None), [c("a"), c("b")], **overrides) == expected
    reasons = {p.name: p.reason for p in placed(helpers(g=None, h=None), [c("a"), c("b")], **overrides)}
    assert all("placed by you" in reasons[name] for name in overrides)


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no such form": ({"h": "middle"}, "before:X, after:X, first or last"),
    "no name": ({"h": "before:"}, "before:X"),
    "no such init container": ({"h": "after:x"}, "no init container x; there are: a, b, g, h"),
    "a container that stays": ({"h": "before:app"}, "app stays in containers"),
    "itself": ({"h": "before:h"}, "itself"),
    "not moving": ({"app": "first"}, "app is not a container that moves; these do: g, h"),
    "a contradiction": ({"h": "before:g", "g": "before:h"}, "contradicts"),
}


@pytest.mark.parametrize(("overrides", "words"), FAULTS.values(), ids=FAULTS)
def test_a_place_that_makes_no_sense_is_a_sentence(overrides: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        order(helpers(g=None, h=None), [c("a"), c("b")], **overrides)


def reason(
    moving: dict[str, tuple[dict[str, Any], PlacementClass | None]], init: list[dict[str, Any]], name: str
) -> str:
    return next(p.reason for p in placed(moving, init) if p.name == name)


def test_the_reasons_say_why() -> None:
    proxy: dict[str, tuple[dict[str, Any], PlacementClass | None]] = {
        "proxy": (c("proxy", **serves(5432), **mounted("shared", read_only=True)), None)
    }
    assert reason(helpers(h=None), [c("a"), c("b")], "h") == "after all plain init containers (a, b), as before"
    assert "no plain init containers" in reason(helpers(h=None), [], "h")
    assert "native sidecars that are there" in reason(helpers(h=None), [c("n", restartPolicy="Always")], "h")
    assert "before migrate, which needs it (it points at localhost:5432)" in reason(
        proxy, [c("migrate", **dials(5432))], "proxy"
    )
    assert "render writes what it reads" in reason(proxy, [c("render", **mounted("shared"))], "proxy")
    assert "network-proxy before log-shipper" in reason(helpers(logs="log-shipper", mesh="network-proxy"), [], "logs")


def test_a_log_shipper_goes_before_the_proxy_in_front_of_the_app_whose_files_it_reads() -> None:
    spec = workload(
        pod_object(app(), c("logs", **mounted("shared", read_only=True)), c("guard", **mounted("shared")), spec=EMPTY)
    ).spec
    recipes = {"logs": of("log-shipper"), "guard": replace(of("network-proxy"), traffic="inbound")}
    moving = [
        (Finding(m.name, "containers", i, "sidecar", "certain", recipes[m.name]), m)
        for i, m in enumerate(spec.main_list)
        if m.name in recipes
    ]
    assert [p.name for p in place(moving[::-1], spec, {})] == ["logs", "guard"]


def test_the_reason_of_what_reads_names_what_brings() -> None:
    pair: dict[str, tuple[dict[str, Any], PlacementClass | None]] = {
        "tls": (c("tls", **mounted("shared")), "network-proxy"),
        "id": (c("id", **mounted("shared")), "identity"),
    }
    assert "after id, which writes what it reads" in reason(pair, [], "tls")


def test_the_reason_of_a_log_shipper_names_whose_lines_it_sees() -> None:
    pair: dict[str, tuple[dict[str, Any], PlacementClass | None]] = {
        "sync": (c("sync", **mounted("shared")), "config-sync"),
        "logs": (c("logs", **mounted("shared", read_only=True)), "log-shipper"),
    }
    assert "before sync, so that it still sees its last lines" in reason(pair, [], "logs")


NGINX = (c("nginx"), "network-proxy")
DB = (c("db", **serves(5432)), "data-proxy")


def test_the_reason_is_of_the_order_that_there_is_in_the_end() -> None:
    both: dict[str, tuple[dict[str, Any], PlacementClass | None]] = {"nginx": NGINX, "db": DB}  # type: ignore[dict-item]
    migrate = [c("migrate", **dials(5432))]
    assert order(both, migrate) == ["db", "migrate", "nginx"]
    assert reason(both, migrate, "db") == "before migrate, which needs it (it points at localhost:5432)"
    spots = {p.name: p.reason for p in placed(both, [], nginx="last")}
    assert spots == {"db": "there are no plain init containers", "nginx": "placed by you: last"}


def test_native_sidecars_that_are_there_are_not_those_that_move() -> None:
    assert reason(helpers(a=None, b=None), [], "b") == "there are no plain init containers"


def test_a_needed_helper_still_comes_after_what_sets_it_up() -> None:
    recipe = replace(of("network-proxy"), companions=("net-setup*",))
    init = [c("net-setup"), c("migrate", **dials(5432))]
    subject = workload(pod_object(app(), c("net", **serves(5432)), init=init))
    pair = (Finding("net", "containers", 1, "sidecar", "certain", recipe), subject.spec.main_list[1])
    (spot,) = place([pair], subject.spec, {})
    assert spot.target == 1
    assert "after net-setup, which sets it up" in spot.reason
    late = workload(pod_object(app(), c("net", **serves(5432)), init=init[::-1]))
    (spot,) = place([(pair[0], late.spec.main_list[1])], late.spec, {})
    assert spot.target == 2


def test_a_recipe_that_serves_init_containers_says_how_to_place_it_earlier() -> None:
    recipe = replace(of("data-proxy"), placement=Placement("data-proxy", serves_inits=True))
    subject = workload(pod_object(app(), c("db"), init=[c("migrate")]))
    (spot,) = place(
        [(Finding("db", "containers", 1, "sidecar", "certain", recipe), subject.spec.main_list[1])], subject.spec, {}
    )
    assert spot.target == 1
    assert "--place db=before:NAME" in spot.reason


def test_what_is_known_to_need_it_is_not_asked_about() -> None:
    recipe = replace(of("data-proxy"), placement=Placement("data-proxy", serves_inits=True))
    migrate = c("migrate", **dials(5432), **mounted("shared"))
    subject = workload(pod_object(app(), c("db", **serves(5432), **mounted("shared")), init=[migrate], spec=EMPTY))
    pair = (Finding("db", "containers", 1, "sidecar", "certain", recipe), subject.spec.main_list[1])
    (spot,) = place([pair], subject.spec, {})
    said = "after migrate, which writes what it reads, although migrate needs it (it points at localhost:5432)"
    assert spot.reason == said


def test_a_claim_template_counts_as_a_volume_that_is_written() -> None:
    obj = pod_object(
        app(),
        c("db", **serves(5432), **mounted("data")),
        init=[c("migrate", **dials(5432)), c("restore", **mounted("data"))],
        kind="StatefulSet",
    )
    subject = workload(obj)
    (spot,) = place(
        [(Finding("db", "containers", 1, "sidecar", "certain"), subject.spec.main_list[1])], subject.spec, {}
    )
    assert spot.target == 2
