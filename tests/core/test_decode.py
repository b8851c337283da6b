"""Decoding keeps the page whatever one item looks like, says where a fault is, and reads no more than it needs."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core import edits
from kubectl_sidecar.core.decode import (
    continue_token,
    decode_metadata_page,
    decode_object,
    decode_or_broken,
    decode_page,
)
from kubectl_sidecar.core.kinds import KINDS, Kind, resolve
from kubectl_sidecar.core.workload import Broken, Workload
from kubectl_sidecar.errors import DecodeError

SPEC: dict[str, Any] = {
    "containers": [
        {"name": "app", "image": "shop/app:1", "args": ["--port=80"], "ports": [{"containerPort": 80}]},
        {"name": "logs", "image": "fluent/fluent-bit:3.2", "volumeMounts": [{"name": "v", "mountPath": "/logs"}]},
    ],
    "initContainers": [{"name": "setup", "image": "busybox"}],
}


def an_object(kind: Kind, spec: Mapping[str, Any] = SPEC) -> dict[str, Any]:
    template: Any = {"metadata": {"labels": {"app": "x"}}, "spec": copy.deepcopy(dict(spec))}
    if not kind.template:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "x", "namespace": "n"},
            "spec": template["spec"],
        }
    body = template
    for key in reversed(kind.template):
        body = {key: body}
    return {
        "apiVersion": kind.resource.api_version,
        "kind": kind.name,
        "metadata": {"name": "x", "namespace": "n"},
        **body,
    }


def a_page(*items: Any, token: str = "") -> bytes:
    return json.dumps({"kind": "List", "metadata": {"continue": token}, "items": items}).encode()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_read_from_a_page_and_as_an_object_alike(kind: Kind) -> None:
    obj = an_object(kind)
    (item,) = decode_page(kind, a_page(obj)).items
    assert item == decode_object(kind, obj)
    assert isinstance(item, Workload)
    assert [c.name for c in item.spec.main_list] == ["app", "logs"]
    assert (item.namespace, item.name) == ("n", "x")


def test_a_single_container_is_read_by_name_and_image_only() -> None:
    deployment = resolve("deploy")
    (item,) = decode_page(deployment, a_page(an_object(deployment, {"containers": SPEC["containers"][:1]}))).items
    assert isinstance(item, Workload)
    (container,) = item.spec.main_list
    assert (container.name, container.image, container.args) == ("app", "shop/app:1", None)


ODD: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "a number among the args": (("spec", "template", "spec", "containers", 0, "args"), [1], "spec.template.spec.containers[0].args[0]"),
    "a text for the containers": (("spec", "template", "spec", "containers"), "x", "spec.template.spec.containers"),
    "a list for the template": (("spec", "template"), [], "spec.template"),
    "a number for the name": (("metadata", "labels"), 5, "metadata.labels"),
    "a text for a port": (("spec", "template", "spec", "containers", 0, "ports"), [{"containerPort": "http"}], "ports[0].containerPort"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where"), ODD.values(), ids=ODD)
def test_one_odd_item_is_a_broken_row_and_the_others_stay(path: tuple[str | int, ...], value: Any, where: str) -> None:
    deployment = resolve("deploy")
    odd = edits.apply(an_object(deployment), [edits.Set(path, value)])
    page = decode_page(deployment, a_page(an_object(deployment), odd, an_object(deployment), token="next"))
    items = list(page.items)
    assert [type(item) for item in items] == [Workload, Broken, Workload]
    broken = items[1]
    assert isinstance(broken, Broken)
    assert where in broken.fault
    assert (broken.namespace, broken.name) == ("n", "x")
    assert page.continue_token == "next"


REST = {
    "a text for the replicas": ({("spec", "replicas"): "${REPLICAS}"}, ["app", "logs"]),
    "two fields": ({("spec", "replicas"): "3", ("spec", "paused"): "no"}, ["app", "logs"]),
    "inside a field": ({("spec", "strategy"): {"type": 1}}, ["app", "logs"]),
    "a label that is no text": ({("metadata", "labels"): {"keep": True, "app": "x"}}, ["app", "logs"]),
    "a label of the Pod that is no text": ({("spec", "template", "metadata"): {"labels": {"keep": True}}}, None),
    "the Pod's annotations, which tell of roles": ({("spec", "template", "metadata"): {"annotations": 5}}, None),
    "the Pod's spec": ({("spec", "template", "spec", "volumes"): 5}, None),
    "one of both is the Pod's": ({("spec", "replicas"): "3", ("spec", "template", "spec", "volumes"): 5}, None),
    "all of it": ({("spec",): "x"}, None),
}


@pytest.mark.parametrize(("odd", "containers"), REST.values(), ids=REST)
def test_what_does_not_fit_and_is_not_the_pods_takes_nothing_else_with_it(
    odd: dict[tuple[str, ...], Any], containers: list[str] | None
) -> None:
    kind = resolve("deploy")
    obj = edits.apply(an_object(kind), [edits.Set(path, value) for path, value in odd.items()])
    found = decode_or_broken(kind, obj)
    assert isinstance(found, Broken)
    assert (found.rest and [c.name for c in found.rest.spec.main_list]) == containers
    (item,) = decode_page(kind, a_page(obj)).items
    assert item == found


@pytest.mark.parametrize("item", [5, None, "x", [], {}, {"metadata": None, "spec": None}], ids=repr)
def test_an_item_that_is_hardly_there_loses_nothing(item: Any) -> None:
    deployment = resolve("deploy")
    items = list(decode_page(deployment, a_page(item, an_object(deployment))).items)
    assert len(items) == 2
    assert isinstance(items[1], Workload)


@pytest.mark.parametrize("data", [b"", b"<html>login</html>", b"[1]", b'{"items": 5}', b'{"items": ['], ids=repr)
def test_what_is_no_list_is_an_error_and_not_an_empty_page(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_page(resolve("deploy"), data)
    with pytest.raises(DecodeError):
        decode_metadata_page(data)


TOKENS = {
    "as a server writes it": (
        b'{"kind":"L","apiVersion":"v1","metadata":{"resourceVersion":"5","continue":"a\\"b","remainingItemCount":7},'
        b'"items":[{"metadata":{"continue":"no"}}]}',
        'a"b',
    ),
    "the last page": (b'{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"continue":"no"}}]}', None),
    "metadata behind the items": (b'{"items":[{"metadata":{"continue":"no"}}],"metadata":{"continue":"t"}}', "t"),
    "indented": (b'{\n "metadata": {\n  "continue": "t"\n },\n "items": [\n ]\n}', "t"),
    "no metadata": (b'{"items":[]}', None),
    "no items": (b'{"metadata":{"continue":"t"}}', "t"),
    "items that are null": (b'{"metadata":{"continue":""},"items":null}', None),
}  # fmt: skip


@pytest.mark.parametrize(("data", "token"), TOKENS.values(), ids=TOKENS)
def test_the_next_pages_token_is_read_off_the_head(data: bytes, token: str | None) -> None:
    assert continue_token(data) == token
    assert decode_page(resolve("deploy"), data).continue_token == token


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@given(st.data())
def test_any_field_may_be_anything(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    obj = an_object(kind)
    paths = _paths(obj)
    path = data.draw(st.sampled_from(paths))
    odd = edits.apply(obj, [edits.Set(path, data.draw(json_values))])
    assert isinstance(decode_or_broken(kind, odd), Workload | Broken)
    assert len(list(decode_page(kind, a_page(odd, an_object(kind))).items)) == 2


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


THREADS = """
import sys, threading
from kubectl_sidecar.core.decode import decode_metadata_page, decode_object, decode_page
from kubectl_sidecar.core.kinds import KINDS
from kubectl_sidecar.core.facts import Facts
from kubectl_sidecar.core.classification.findings import Surroundings
sys.setswitchinterval(1e-6)
together = threading.Barrier(len(KINDS))
containers = [{"name": "a"}, {"name": "b"}]
obj = {"metadata": {"name": "x"}, "spec": {"containers": containers, "template": {"spec": {"containers": containers}}}}
page = b'{"items": [{"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}]}'
def work(kind):
    together.wait()
    Surroundings.of(decode_object(kind, obj), Facts(pods=(obj,)))
    decode_page(kind, page)
    decode_metadata_page(page)
threads = [threading.Thread(target=work, args=[kind]) for kind in KINDS]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("attempt", range(3))
def test_threads_that_decode_for_the_first_time_at_once_do_not_crash_the_process(attempt: int) -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
