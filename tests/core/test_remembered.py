"""What was found before is found again: a workload is judged the same, whatever was judged with the same recipes earlier."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify
from kubectl_sidecar.core.classification.recent import REMEMBERED, Recent
from kubectl_sidecar.core.classification.traits import memory_of, read
from kubectl_sidecar.core.decode import Shared, decode_page
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.workload import Workload
from tests.core.classifying import RECIPES, c, one, workload
from tests.core.test_classify_odd import workloads


@settings(max_examples=150, deadline=None)
@given(st.lists(workloads(), min_size=2, max_size=5))
def test_each_is_judged_as_if_it_were_the_first(several: list[Workload]) -> None:
    used = RecipeIndex(RECIPES)
    for _ in range(2):
        for each in several:
            assert classify(each, used) == classify(each, RecipeIndex(RECIPES))


def test_workloads_that_differ_only_in_names_share_a_verdict_and_keep_their_names() -> None:
    index = RecipeIndex(RECIPES)
    logs = [{"name": "logs", "mountPath": "/logs"}]
    for app in ("shop", "bank"):
        shipper = c("shipper", "acme/shipper:1", volumeMounts=[{**logs[0], "readOnly": True}])
        spec = workload(c(app, volumeMounts=logs), shipper, name=app, volumes=[{"name": "logs", "emptyDir": {}}])
        findings = classify(spec, index)
        assert one(findings, app).role == "main"
        assert f"which {app} writes" in " ".join(e.text for e in one(findings, "shipper").evidence)
    assert len(memory_of(index).shapes) == 1


def test_only_the_same_object_is_the_same_container() -> None:
    index = RecipeIndex(RECIPES)
    memory = memory_of(index)
    for number in range(3 * REMEMBERED):  # objects go away, and others come to stand where they stood
        name = "guard" if number % 2 else "db-proxy"
        container = workload(c(name, f"acme/{name}:1")).spec.main_list[0]
        hit = (memory.known[id(container)] or read(container, index, memory)).traits.hit
        assert hit is not None
        assert hit.recipe.family == container.name
    assert len(memory.known) + len(memory.known.old) <= 2 * REMEMBERED
    assert len(memory.traits) == 2


def test_what_is_asked_for_stays_and_the_rest_goes() -> None:
    recent: Recent[int, str] = Recent()
    recent.put(-1, "asked for")
    for number in range(10 * REMEMBERED):
        recent.put(number, "once")
        if number % 100 == 0:
            assert recent[-1] == "asked for"
    assert recent[0] is None
    assert len(recent) + len(recent.old) <= 2 * REMEMBERED


def test_equal_containers_of_a_scan_are_read_once() -> None:
    kind = resolve("deployment")
    spec = {"containers": [c("app"), c("shipper")]}
    item = {"metadata": {"name": "x"}, "spec": {"template": {"spec": spec}}}
    page = json.dumps({"items": [item, item]}).encode()
    shared = Shared()
    workloads_of_two_pages = [w for _ in range(2) for w in decode_page(kind, page, shared).items]
    shippers = [w.spec.main_list[1] for w in workloads_of_two_pages if isinstance(w, Workload)]
    assert len(shippers) == 4
    assert all(shipper is shippers[0] for shipper in shippers)
