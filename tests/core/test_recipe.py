"""Reading a recipe: what is refused, where the fault is said to be, what the values become; and the schema for editors."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core.recipes.reader import from_dict
from kubectl_sidecar.core.recipes.recipe import Match, PlacementClass, Recipe, StartupProbe
from kubectl_sidecar.core.recipes.schema import recipe_schema, schema_text
from kubectl_sidecar.errors import RecipeError

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"
MINIMAL: dict[str, Any] = {
    "schema": "1.0",
    "family": "shipper",
    "title": "Shipper",
    "category": "log shipper",
    "match": {"images": ["acme/shipper"], "names": ["shipper"]},
}
FULL: dict[str, Any] = {
    **MINIMAL,
    "match": {
        "images": ["acme/shipper", "acme/*"],
        "names": ["shipper"],
        "command": ["ship --*"],
        "args": ["ship"],
        "env": ["SHIP_TO", "SHIP_MODE=x"],
        "ports": [2020],
        "mounts": ["/var/ship"],
    },
    "unless": {
        "images": ["acme/shop"],
        "names": ["shop"],
        "command": ["sell"],
        "args": ["sell"],
        "env": ["SELL"],
        "ports": [80],
        "mounts": ["/shop"],
    },
    "generic": True,
    "attached": True,
    "role": "sidecar",
    "movable": "operator",
    "reason": "The operator renders it.",
    "traffic": "outbound",
    "injector": {
        "by": "shipyard",
        "marks": ["ship.example.com/status"],
        "asks": ["ship.example.com/inject=true"],
        "since": "1.2",
        "default_since": "1.4",
        "note": "It asks first.",
        "switches": [
            {
                "scope": "Pod template",
                "kind": "annotation",
                "name": "ship.example.com/native",
                "value": "true",
                "since": "1.2",
                "until": "2.0",
                "note": "n",
            }
        ],
    },
    "startup_probe": {
        "probe": {"httpGet": {"path": "/ready", "port": 2020, "scheme": "HTTP"}},
        "requires": {"ports": [2020]},
        "port_from": ["--port=*"],
        "not_with": ["--tls"],
        "note": "n",
    },
    "waits_for_app": ["/healthz"],
    "placement": {"place": "log-shipper", "serves_inits": True, "note": "n"},
    "one_shot": {"args": ["--once"]},
    "needs_app": {"args": ["-ship.*"]},
    "quit_endpoints": ["/quit"],
    "wrappers": {"command": ["ship-await"]},
    "hooks": [{"pattern": "*ship stop*", "effect": "exit", "note": "n"}],
    "sigterm": "Flushes.",
    "companions": ["ship-init"],
    "notes": ["One.", "Two."],
    "references": ["acme/shipper README.md"],
    "unconfirmed": ["acme/*"],
}


def changed(document: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """A copy with values at dotted paths (`match__images`); None takes the field away."""
    result = copy.deepcopy(dict(document))
    for path, value in values.items():
        *parents, last = path.split("__")
        at: Any = result
        for key in parents:
            at = at[key]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return result


def test_a_recipe_is_read() -> None:
    recipe = from_dict(FULL, origin="shipper.yaml")
    assert recipe.match.ports == (2020,)
    assert recipe.injector is not None
    assert recipe.injector.switches[0].until == "2.0"
    assert recipe.startup_probe == StartupProbe(
        {"httpGet": {"path": "/ready", "port": 2020, "scheme": "HTTP"}},
        Match(ports=(2020,)),
        ("--port=*",),
        ("--tls",),
        "n",
    )
    assert recipe.hooks[0].effect == "exit"
    assert recipe.placement.serves_inits
    assert recipe.origin == "shipper.yaml"


def test_what_is_not_said_has_its_default() -> None:
    minimal = from_dict(MINIMAL, origin="x")
    same = Recipe("shipper", "Shipper", "log shipper", Match(images=("acme/shipper",), names=("shipper",)), origin="x")
    assert minimal == same


def test_the_full_recipe_says_every_field() -> None:
    assert set(FULL) == {f.name for f in fields(Recipe)} - {"origin"} | {"schema"}


ONE_PROBE = (
    "r.yaml: startup_probe.probe: expected exactly one of httpGet, tcpSocket, exec, grpc "
    "(timings are not part of a recipe)"
)
FAULTS: dict[str, tuple[Any, str]] = {
    "no document": (["x"], "r.yaml: expected fields of a recipe, got a list"),
    "no version": (changed(MINIMAL, schema=None), 'r.yaml: schema: is missing; write schema: "1.0"'),
    "a version without quotes": (
        changed(MINIMAL, schema=1.0),
        'r.yaml: schema: expected a text as "1.0" (in quotes), got a number',
    ),
    "no version at all": (changed(MINIMAL, schema="one"), 'r.yaml: schema: "one" is no version; write "1.0"'),
    "a newer major version": (
        changed(MINIMAL, schema="2.0"),
        "r.yaml: schema: version 2.0 is not known here, only 1.x; update the tool or the recipe",
    ),
    "an unknown field": (
        changed(MINIMAL, titel="x"),
        'r.yaml: titel: is not a field of a recipe; did you mean "title"?',
    ),
    "an unknown field, far from any": (changed(MINIMAL, zzzz="x"), "r.yaml: zzzz: is not a field of a recipe"),
    "an unknown field inside": (
        changed(MINIMAL, match__image=["x"]),
        'r.yaml: match.image: is not a field of a recipe; did you mean "images"?',
    ),
    "origin is not the document's to say": (changed(MINIMAL, origin="x"), "r.yaml: origin: is not a field of a recipe"),
    "a missing field": (changed(MINIMAL, title=None), "r.yaml: title: is missing"),
    "a missing field inside": (changed(FULL, hooks=[{"pattern": "x"}]), "r.yaml: hooks[0].effect: is missing"),
    "a number for a text": (
        changed(MINIMAL, match__images=["a", "b", 3]),
        "r.yaml: match.images[2]: expected a text, got a number (put it in quotes)",
    ),
    "a text for a list": (changed(MINIMAL, match__images="a"), "r.yaml: match.images: expected a list, got a text"),
    "a list for fields": (changed(MINIMAL, match=["a"]), "r.yaml: match: expected fields, got a list"),
    "nothing for a text": (
        changed(MINIMAL, match__images=[None]),
        "r.yaml: match.images[0]: expected a text, got nothing",
    ),
    "an empty text": (changed(MINIMAL, title="  "), "r.yaml: title: is empty; leave it out or say something"),
    "a control character": (changed(MINIMAL, title="a\x1b[31m"), "r.yaml: title: holds a control character"),
    "a text for a number": (
        changed(FULL, match__ports=["80"]),
        "r.yaml: match.ports[0]: expected a whole number, got a text",
    ),
    "yes for a number": (
        changed(FULL, match__ports=[True]),
        "r.yaml: match.ports[0]: expected a whole number, got true or false",
    ),
    "no port": (
        changed(FULL, match__ports=[70000]),
        "r.yaml: match.ports[0]: expected a port from 1 to 65535, got 70000",
    ),
    "a text for a truth": (changed(FULL, generic="yes"), "r.yaml: generic: expected true or false, got a text"),
    "a word outside the vocabulary": (
        changed(FULL, traffic="inbond"),
        'r.yaml: traffic: expected one of inbound, outbound, none, got "inbond"; did you mean "inbound"?',
    ),
    "a truth for a word": (
        changed(FULL, movable=True),
        "r.yaml: movable: expected one of yes, operator, never, got true or false",
    ),
    "a place outside the vocabulary": (
        changed(FULL, placement__place="mesh"),
        f'r.yaml: placement.place: expected one of {", ".join(get_args(PlacementClass))}, got "mesh"',
    ),
    "nothing to find it by": (
        changed(MINIMAL, match={"ports": [80]}),
        "r.yaml: match: says nothing to find it by; give images, names or command",
    ),
    "a pattern for everything": (
        changed(MINIMAL, match__images=["*"]),
        'r.yaml: match.images[0]: "*" fits everything; say what makes it this family',
    ),
    "generic, and nothing else": (
        changed(MINIMAL, generic=True),
        "r.yaml: generic: a generic image proves nothing; give match.command, args, env, ports or mounts",
    ),
    "not movable, without a reason": (
        changed(MINIMAL, movable="never"),
        "r.yaml: reason: is missing; say why it is movable: never and what to do instead",
    ),
    "a reason for nothing": (
        changed(MINIMAL, reason="because"),
        "r.yaml: reason: has no effect while it is movable; leave it out, or set movable",
    ),
    "a misspelt unconfirmed value": (
        changed(MINIMAL, unconfirmed=["acme/shiper"]),
        'r.yaml: unconfirmed[0]: "acme/shiper" is no value of match; did you mean "acme/shipper"?',
    ),
    "two probes": (
        changed(FULL, startup_probe__probe={"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}}),
        ONE_PROBE,
    ),
    "timings": (changed(FULL, startup_probe__probe__periodSeconds=1), ONE_PROBE),
    "a probe without a port": (
        changed(FULL, startup_probe__probe={"tcpSocket": {}}),
        "r.yaml: startup_probe.probe.tcpSocket.port: expected a port from 1 to 65535, got nothing",
    ),
    "a probe with an unknown field": (
        changed(FULL, startup_probe__probe__httpGet__host="x"),
        "r.yaml: startup_probe.probe.httpGet.host: is not a field of httpGet",
    ),
    "a probe's path": (
        changed(FULL, startup_probe__probe__httpGet__path="ready"),
        'r.yaml: startup_probe.probe.httpGet.path: expected a path that begins with "/"',
    ),
    "a probe's scheme": (
        changed(FULL, startup_probe__probe__httpGet__scheme="https"),
        'r.yaml: startup_probe.probe.httpGet.scheme: expected HTTP or HTTPS, got "https"',
    ),
    "a probe's command as one text": (
        changed(FULL, startup_probe__probe={"exec": {"command": "true"}}),
        "r.yaml: startup_probe.probe.exec.command: expected a list of words",
    ),
    "where the port stands": (
        changed(FULL, startup_probe__port_from=["--port"]),
        'r.yaml: startup_probe.port_from[0]: expected one "*", where the port stands',
    ),
    "a condition on the image": (
        changed(FULL, one_shot={"images": ["a"]}),
        "r.yaml: one_shot.images: has no effect here; give command, args, env, ports or mounts",
    ),
    "a quit endpoint": (
        changed(FULL, quit_endpoints=["quit"]),
        'r.yaml: quit_endpoints[0]: expected a path that begins with "/"',
    ),
}


@pytest.mark.parametrize(("document", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_names_file_and_path(document: Any, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        from_dict(document, origin="r.yaml")
    assert str(caught.value) == message


def test_a_newer_minor_version_is_read_without_what_it_adds() -> None:
    newer = changed(MINIMAL, schema="1.9", colour="blue", match__smells=["salt"])
    assert from_dict(newer, origin="x") == from_dict(MINIMAL, origin="x")


def test_a_star_leaves_everything_unconfirmed() -> None:
    recipe = from_dict(changed(MINIMAL, unconfirmed=["*"]), origin="x")
    assert recipe.unconfirmed == ("acme/shipper", "shipper")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(FULL)), ANYTHING)
def test_whatever_a_field_holds_is_read_or_refused(name: str, value: Any) -> None:
    try:
        from_dict({**FULL, name: value}, origin="r.yaml")
    except RecipeError as fault:
        if not str(fault).startswith("r.yaml: "):
            raise


PORTS: dict[str, tuple[list[str], dict[str, str], int | None]] = {
    "not set": ([], {}, 9090),
    "a word": (["--http-port=9801"], {}, 9801),
    "two words": (["--http-port", "9801"], {}, 9801),
    "the environment": ([], {"HTTP_PORT": "9801"}, 9801),
    "an address": (["--http-port=0.0.0.0:9801"], {}, 9801),
    "every address": (["--http-port=:9801"], {}, 9801),
    "a URL": (["--http-port=http://0.0.0.0:9801"], {}, 9801),
    "the kubelet cannot reach localhost": (["--http-port=localhost:9801"], {}, None),
    "nor 127.0.0.1": (["--http-port=127.0.0.1:9801"], {}, None),
    "nor ::1": (["--http-port=[::1]:9801"], {}, None),
    "a reference": (["--http-port=$(PORT)"], {}, None),
    "from a Secret, so empty here": ([], {"HTTP_PORT": ""}, None),
    "no port": (["--http-port=99999999999"], {}, None),
    "another option": (["--http-portal=1"], {}, 9090),
}


@pytest.mark.parametrize(("words", "env", "port"), PORTS.values(), ids=PORTS.keys())
def test_the_probe_follows_the_configured_port(words: list[str], env: dict[str, str], port: int | None) -> None:
    known = StartupProbe({"httpGet": {"path": "/", "port": 9090}}, port_from=("--http-port=*", "HTTP_PORT=*"))
    found = known.configured(words, env)
    assert found == (None if port is None else {"httpGet": {"path": "/", "port": port}})
    assert known.probe == {"httpGet": {"path": "/", "port": 9090}}


NOT_WITH: dict[str, tuple[list[str], dict[str, str], bool]] = {
    "neither": (["--tls-files=1"], {}, True),
    "a word": (["--tls"], {}, False),
    "a value": (["--config=/etc/tls.yaml"], {}, False),
    "a value as two words": (["--config", "/etc/tls.yaml"], {}, False),
    "an empty value": (["--config="], {}, True),
    "the environment": ([], {"CONFIG": "/etc/tls.yaml"}, False),
    "a pair of it": ([], {"TLS": "yes"}, False),
    "another pair": ([], {"TLS": "no"}, True),
}


@pytest.mark.parametrize(("words", "env", "offered"), NOT_WITH.values(), ids=NOT_WITH.keys())
def test_no_probe_where_it_would_fail(words: list[str], env: dict[str, str], offered: bool) -> None:
    known = StartupProbe({"tcpSocket": {"port": 1}}, not_with=("--tls", "--config=*", "CONFIG=*", "TLS=yes"))
    assert (known.configured(words, env) is not None) == offered


def test_the_committed_schema_is_the_readers() -> None:
    assert (MIGRATIONS / "schema.json").read_text(encoding="utf-8") == schema_text(), (
        "python -m kubectl_sidecar.core.recipes.schema > migrations/schema.json"
    )


@pytest.mark.parametrize("document", [MINIMAL, FULL], ids=["minimal", "full"])
def test_the_schema_accepts_what_the_reader_accepts(document: dict[str, Any]) -> None:
    jsonschema.validate(document, recipe_schema(), cls=jsonschema.Draft202012Validator)


SHAPES = [
    name
    for name in FAULTS
    if not name.startswith(
        (
            "nothing to find",
            "a pattern for",
            "generic, and",
            "not movable",
            "a reason for",
            "a misspelt",
            "where the port",
            "a quit endpoint",
            "a control",
            "a condition",
            "an empty",
        )
    )
]


@pytest.mark.parametrize("name", SHAPES)
def test_the_schema_refuses_wrong_shapes(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(FAULTS[name][0], recipe_schema(), cls=jsonschema.Draft202012Validator)
