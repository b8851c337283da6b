"""The diff shows the moved container whole, on both sides, with restartPolicy where one looks for it, and nothing else."""

from __future__ import annotations

from typing import Any

from kubectl_sidecar.output.diff import template_diff, to_yaml

BEFORE: dict[str, Any] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [
            {"name": "app", "image": "app:1", "env": [{"name": "A", "value": "x" * 300}]},
            {"image": "proxy:1", "args": ["-c", "on"], "name": "proxy"},
        ],
    },
}
AFTER: dict[str, Any] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [{"name": "app", "image": "app:1", "env": [{"name": "A", "value": "x" * 300}]}],
        "initContainers": [{"image": "proxy:1", "args": ["-c", "on"], "name": "proxy", "restartPolicy": "Always"}],
    },
}


def test_a_moved_container_is_seen_whole_on_both_sides() -> None:
    lines = template_diff(BEFORE, AFTER, title_before="now", title_after="then")
    assert [line.text for line in lines if line.kind in ("add", "remove", "header")] == [
        "--- now",
        "+++ then",
        "+  initContainers:",
        "+  - name: proxy",
        "+    restartPolicy: Always",
        "+    image: proxy:1",
        "+    args:",
        "+    - -c",
        "+    - 'on'",
        "-  - name: proxy",
        "-    image: proxy:1",
        "-    args:",
        "-    - -c",
        "-    - 'on'",
    ]


def test_equal_templates_have_no_diff() -> None:
    assert template_diff(BEFORE, BEFORE, title_before="a", title_after="b") == ()


def test_the_order_of_keys_alone_is_no_difference_of_a_container() -> None:
    containers = [dict(reversed(list(container.items()))) for container in BEFORE["spec"]["containers"]]
    turned = {**BEFORE, "spec": {**BEFORE["spec"], "containers": containers}}
    lines = template_diff(BEFORE, turned, title_before="a", title_after="b")
    assert not [line for line in lines if "name: proxy" in line.text and line.kind != "context"]


def test_a_long_value_stays_on_its_line() -> None:
    assert f"value: {'x' * 300}" in to_yaml(BEFORE)
