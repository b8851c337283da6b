"""Each field of a recipe changes some result: a field without effect would be a promise that nobody keeps.

One row per field of the recipe's classes, found by introspection, so a new field without a row fails. A row gives a result
twice, without the field and with it, and they differ: what a container is taken for, a plan, a risk, a sentence of describe.
Only what is there to be shown (category, references, origin) is looked for in what `recipes` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.classification.injection import advice as injector_advice
from kubectl_sidecar.core.classification.injection import more
from kubectl_sidecar.core.plan import Plan
from kubectl_sidecar.core.planning.advice import advice
from kubectl_sidecar.core.planning.planner import PlanOptions
from kubectl_sidecar.core.recipes.recipe import HookMeaning, Injector, Match, Placement, Recipe, StartupProbe, Switch
from kubectl_sidecar.core.workload import Metadata
from kubectl_sidecar.output.plan import containers
from kubectl_sidecar.output.recipes import recipe_page, recipe_table
from kubectl_sidecar.output.style import plain
from tests.core.classifying import c, env, mount, ports, workload
from tests.core.judging import app, helper, plan, pod_object

CLASSES = (Recipe, Match, Injector, Switch, StartupProbe, HookMeaning, Placement)
Pair = tuple[Any, Any]

IMAGE = Match(images=("acme/aide",))
NAMED = Match(images=("acme/aide",), names=("aide",))
BASE = Recipe("aide", "Aide", "aides", IMAGE)
"""Found by its image, and nothing else is known of it."""


def classified(
    recipe: Recipe, /, *, annotations: Mapping[str, str] | None = None, name: str = "aide", **container: Any
) -> Finding:
    """What a container beside an app is taken for; its image is the recipe's unless another is given."""
    second = c(name, container.pop("image", "acme/aide:1"), **container)
    subject = workload(c("shop", ports=ports(8080)), second, annotations=annotations)
    return classify(subject, RecipeIndex([recipe]))[1]


def found(recipe: Recipe, /, **container: Any) -> tuple[Any, ...]:
    """The same, as far as it counts."""
    finding = classified(recipe, **container)
    return finding.role, finding.family, finding.confidence, finding.injected


def leads(recipe: Recipe) -> tuple[str, str]:
    """What it is taken for where it is the first in the list, and nothing else is known."""
    named = replace(recipe, match=NAMED)
    (first, _) = classify(workload(c("aide", "acme/aide:1"), c("thing")), RecipeIndex([named]))
    return first.role, first.confidence


def matched(**group: Any) -> Callable[[Any], Pair]:
    """Whether a container that is called `odd` fits, without and with one group of `match`. The image has many uses, so it
    takes more than that."""
    return lambda container: (
        found(replace(BASE, generic=True), name="odd", **container),
        found(replace(BASE, generic=True, match=replace(IMAGE, **group)), name="odd", **container),
    )


def planned(recipe: Recipe, /, *, init: Any = (), others: Any = (), main: Any = None, recipes: Any = None, options: PlanOptions | None = None,
            kind: str = "Deployment", **container: Any) -> Plan:  # fmt: skip
    """The plan for an app and a helper of this recipe."""
    obj = pod_object(app(**(main or {})), helper(**container), *others, init=init, kind=kind)
    return plan(obj, {"helper": recipe, **(recipes or {})}, options=options)


def risks(found_plan: Plan) -> set[tuple[str, str, str]]:
    return {(r.id, r.severity, r.container) for r in found_plan.risks}


def risky(extra: Mapping[str, Any], /, **settings: Any) -> Pair:
    """The risks of a plan, without and with a field."""
    return risks(planned(BASE, **settings)), risks(planned(replace(BASE, **extra), **settings))


def told(recipe: Recipe, /, *, init: Any = (), **container: Any) -> tuple[str, ...]:
    """What describe says of the helper beside the plan."""
    (moved,) = planned(recipe, init=init, **container).relocations
    return advice(moved.finding, moved.container, planned(recipe, init=init, **container).workload.spec)


def page(recipe: Recipe) -> list[str]:
    return list(recipe_page(recipe, "packaged", plain))


def probed(probe: StartupProbe | None, /, **container: Any) -> tuple[Any, str]:
    """The startupProbe that a plan adds, and the reason."""
    options = PlanOptions(startup_probe="auto")
    (moved,) = planned(replace(BASE, startup_probe=probe), options=options, **container).relocations
    return moved.probe, moved.probe_reason


def injector(**settings: Any) -> tuple[str, ...]:
    """What is said of an injected container: the reason why it stays, and more."""
    one = Injector(settings.pop("by", "an injector"), **settings)
    return injector_advice(one), *more(one)


def switch(**settings: Any) -> tuple[str, ...]:
    base = {"scope": "Pod template", "kind": "annotation", "name": "example.com/native"}
    return injector(switches=(Switch(**{**base, **settings}),))


def marked(annotation: str, **injection: Any) -> bool:
    """Whether a Pod with this annotation is looked at for injected containers."""
    index = RecipeIndex([replace(BASE, injector=Injector("an injector", **injection))])
    key, _, value = annotation.partition("=")
    return index.injections.is_marked(Metadata(annotations={key: value}))


def stays(recipe: Recipe) -> list[tuple[str, str]]:
    return [(s.finding.name, s.why) for s in planned(recipe).skipped]


PROBE = StartupProbe({"tcpSocket": {"port": 9000}})
STOP = {"preStop": {"exec": {"command": ["aidectl", "stop"]}}}
WAITS = {"httpGet": {"path": "/with-app", "port": 9000}}
FRONT = replace(BASE, family="front", placement=Placement("network-proxy"))

ROWS: dict[str, Callable[[], Pair]] = {
    "Recipe.family": lambda: (found(BASE), found(replace(BASE, family="other"))),
    "Recipe.title": lambda: (
        list(containers((classified(BASE),), plain)),
        list(containers((classified(replace(BASE, title="Another")),), plain)),
    ),
    "Recipe.category": lambda: (
        list(recipe_table([(BASE, "packaged")], no_header=False)),
        list(recipe_table([(replace(BASE, category="others"), "packaged")], no_header=False)),
    ),
    "Recipe.match": lambda: (found(BASE), found(replace(BASE, match=Match(images=("acme/else",))))),
    "Recipe.unless": lambda: (found(BASE, args=["serve"]), found(replace(BASE, unless=Match(args=("serve",))), args=["serve"])),
    "Recipe.generic": lambda: (found(BASE), found(replace(BASE, generic=True))),
    "Recipe.attached": lambda: (leads(BASE), leads(replace(BASE, attached=True))),
    "Recipe.role": lambda: (found(BASE), found(replace(BASE, role="main"))),
    "Recipe.movable": lambda: (stays(BASE), stays(replace(BASE, movable="never", reason="No."))),
    "Recipe.reason": lambda: (
        stays(replace(BASE, movable="never", reason="No.")),
        stays(replace(BASE, movable="never", reason="Never.")),
    ),
    "Recipe.traffic": lambda: risky({"traffic": "inbound"}),
    "Recipe.injector": lambda: (
        found(BASE, annotations={"aide/injected": "true"}),
        found(replace(BASE, injector=Injector("an injector", marks=("aide/injected",))), annotations={"aide/injected": "true"}),
    ),
    "Recipe.startup_probe": lambda: (probed(None), probed(PROBE)),
    "Recipe.waits_for_app": lambda: risky({"waits_for_app": ("/with-app",)}, startupProbe=WAITS),
    "Recipe.placement": lambda: (
        order(BASE),
        order(replace(BASE, placement=Placement("telemetry"))),
    ),
    "Recipe.one_shot": lambda: risky({"one_shot": Match(args=("--finish",))}, args=["--finish"]),
    "Recipe.needs_app": lambda: risky({"needs_app": Match(args=("--strict",))}, args=["--strict"]),
    "Recipe.wrappers": lambda: (
        page(BASE),
        page(replace(BASE, wrappers=Match(command=("aide-await",)))),
    ),
    "Recipe.quit_endpoints": lambda: risky(
        {"quit_endpoints": ("/bye",)}, main={"command": ["sh", "-c", "work; curl -X POST localhost:9000/bye"]}
    ),
    "Recipe.hooks": lambda: risky({"hooks": (HookMeaning("*aidectl stop*", "exit"),)}, lifecycle=STOP),
    "Recipe.sigterm": lambda: (told(BASE), told(replace(BASE, sigterm="Flushes for 5 s."))),
    "Recipe.companions": lambda: (
        told(BASE, init=[c("aide-init")]),
        told(replace(BASE, companions=("aide-init*",)), init=[c("aide-init")]),
    ),
    "Recipe.notes": lambda: (told(BASE), told(replace(BASE, notes=("Mind the gap.",)))),
    "Recipe.references": lambda: (page(BASE), page(replace(BASE, references=("acme/aide README.md",)))),
    "Recipe.unconfirmed": lambda: (
        found(replace(BASE, match=NAMED)),
        found(replace(BASE, match=NAMED, unconfirmed=("acme/aide", "aide"))),
    ),
    "Recipe.origin": lambda: (page(BASE), page(replace(BASE, origin="aide.yaml"))),
    "Match.images": lambda: (
        found(replace(BASE, match=Match(names=("aide-of-acme",)))),
        found(replace(BASE, match=Match(names=("aide-of-acme",), images=("acme/aide",)))),
    ),
    "Match.names": lambda: (
        found(BASE, image="registry.example.com/own:1", name="aide-of-acme"),
        found(replace(BASE, match=Match(names=("aide-of-acme",))), image="registry.example.com/own:1", name="aide-of-acme"),
    ),
    "Match.command": lambda: matched(command=("aide serve",))({"command": ["aide", "serve"]}),
    "Match.args": lambda: matched(args=("--aide",))({"args": ["--aide"]}),
    "Match.env": lambda: matched(env=("AIDE_MODE",))({"env": env(AIDE_MODE="on")}),
    "Match.ports": lambda: matched(ports=(9911,))({"ports": ports(9911)}),
    "Match.mounts": lambda: matched(mounts=("/aide/*",))({"volumeMounts": mount("own", "/aide/spool")}),
    "Injector.by": lambda: (injector(by="one"), injector(by="another")),
    "Injector.marks": lambda: (marked("aide/done=x"), marked("aide/done=x", marks=("aide/done",))),
    "Injector.asks": lambda: (marked("aide/inject=true"), marked("aide/inject=true", asks=("aide/inject=true",))),
    "Injector.switches": lambda: (injector(), switch()),
    "Injector.since": lambda: (injector(), injector(since="1.4")),
    "Injector.default_since": lambda: (injector(), injector(default_since="1.9")),
    "Injector.note": lambda: (injector(), injector(note="There is none.")),
    "Switch.scope": lambda: (switch(), switch(scope="namespace")),
    "Switch.kind": lambda: (switch(), switch(kind="label")),
    "Switch.name": lambda: (switch(), switch(name="example.com/other")),
    "Switch.value": lambda: (switch(), switch(value="true")),
    "Switch.since": lambda: (switch(), switch(since="1.4")),
    "Switch.until": lambda: (switch(), switch(until="2.0")),
    "Switch.note": lambda: (switch(), switch(note="It wins.")),
    "StartupProbe.probe": lambda: (probed(PROBE), probed(replace(PROBE, probe={"tcpSocket": {"port": 9001}}))),
    "StartupProbe.requires": lambda: (probed(PROBE), probed(replace(PROBE, requires=Match(args=("--health",))))),
    "StartupProbe.port_from": lambda: (
        probed(PROBE, args=["--port=7000"]),
        probed(replace(PROBE, port_from=("--port=*",)), args=["--port=7000"]),
    ),
    "StartupProbe.not_with": lambda: (
        probed(PROBE, args=["--tls=x"]),
        probed(replace(PROBE, not_with=("--tls=*",)), args=["--tls=x"]),
    ),
    "StartupProbe.note": lambda: (probed(PROBE), probed(replace(PROBE, note="Needs --health."))),
    "HookMeaning.pattern": lambda: (
        risks(planned(replace(BASE, hooks=(HookMeaning("*other*", "exit"),)), lifecycle=STOP)),
        risks(planned(replace(BASE, hooks=(HookMeaning("*aidectl*", "exit"),)), lifecycle=STOP)),
    ),
    "HookMeaning.effect": lambda: (
        risks(planned(replace(BASE, hooks=(HookMeaning("*aidectl*", "flush"),)), lifecycle=STOP)),
        risks(planned(replace(BASE, hooks=(HookMeaning("*aidectl*", "revoke"),)), lifecycle=STOP)),
    ),
    "HookMeaning.note": lambda: (
        told(replace(BASE, hooks=(HookMeaning("*aidectl*", "flush"),)), lifecycle=STOP),
        told(replace(BASE, hooks=(HookMeaning("*aidectl*", "flush", "Too early."),)), lifecycle=STOP),
    ),
    "Placement.place": lambda: (order(BASE), order(replace(BASE, placement=Placement("telemetry")))),
    "Placement.serves_inits": lambda: (reason(BASE), reason(replace(BASE, placement=Placement(serves_inits=True)))),
    "Placement.note": lambda: (told(BASE), told(replace(BASE, placement=Placement(note="Behind the mesh.")))),
}  # fmt: skip


def order(recipe: Recipe) -> list[str]:
    """The order of two helpers that move, the one in question first in the list."""
    moving = planned(recipe, others=[helper("front")], recipes={"front": FRONT})
    return [r.finding.name for r in sorted(moving.relocations, key=lambda r: r.target)]


def reason(recipe: Recipe) -> str:
    """Why the helper stands where it does, beside a plain init container."""
    return planned(recipe, init=[c("migrate")]).relocations[0].reason


def test_every_field_has_its_row() -> None:
    assert set(ROWS) == {f"{kind.__name__}.{f.name}" for kind in CLASSES for f in fields(kind)}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_it_changes_a_result(row: Callable[[], Pair]) -> None:
    without, with_it = row()
    assert without != with_it


def test_who_asks_for_no_injection_is_not_looked_at() -> None:
    assert not marked("aide/inject=false", asks=("aide/inject",))
    assert not marked("aide/inject=maybe", asks=("aide/inject=true",))
    assert marked("aide/inject=sidecar", asks=("aide/inject",))


def test_a_switch_is_an_advice_to_act_on() -> None:
    said = injector(
        by="the injector", since="1.4", default_since="2.0", note="Mind the webhook.",
        switches=(
            Switch("Pod template", "annotation", "example.com/native", "true", since="1.8", note="It wins."),
            Switch("mesh", "Helm value", "proxy.native", "true", since="1.4", until="2.0"),
        ),
    )  # fmt: skip
    assert said == (
        "injected by the injector: set the annotation example.com/native=true on the Pod template (since 1.8)",
        "It wins.",
        "or set the Helm value proxy.native=true on the mesh (since 1.4, only before 2.0)",
        "it can inject native sidecars since 1.4 and does so by default since 2.0",
        "Mind the webhook.",
    )
