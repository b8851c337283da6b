"""Workloads with one main container and one helper, in classic and native form, that write down when they start and stop.

The two forms differ as a migration makes them differ, and in nothing else: the helper's place and its restartPolicy. Their
images are the node's busybox. Each container appends lines "uptime container event" to a file in the node's shared folder that
is named after its Pod; the uptime is the machine's (/proc/uptime, hundredths of a second), the one clock that all of them read.

A kubelet may take seconds for each of its steps, on a busy machine more. So where one container must do something before another
does, no sleep says so: it waits for what that one, or the test, wrote into the same file (`once`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.node.image import IMAGE
from tests.node.node import TAINT

Form = Literal["classic", "native"]
Manifest = dict[str, Any]

RECORD = 'record() { read now rest </proc/uptime; echo "$now $CONTAINER $1" >>"$SHARED/$POD"; }\n'
# `wait`, because a shell runs a trap only when its foreground command has ended
REST = "while :; do sleep 3600 & wait $!; done\n"


def once(container: str, event: str, *, times: int = 1, within: int | None = None) -> str:
    """A line of a script: goes on once the container (or the test: Watched.write) wrote the event so often; after `within`
    seconds in any case."""
    seen = f'[ "$(grep -c " {container} {event}$" "$SHARED/$POD")" -ge {times} ]'
    if within is None:
        return f"until {seen}; do sleep 0.2; done\n"
    return f"late=$(($(date +%s) + {within})); until {seen} || [ $(date +%s) -ge $late ]; do sleep 0.2; done\n"


PATIENCE = 8
"""Seconds for which a container waits for something that it should not see in the native form."""

HELPER = f"""{RECORD}
trap 'record end; exit 0' TERM
record begin
{once("main", "begin", within=PATIENCE)}
record ready
touch /tmp/ready
{REST}"""

SERVER = f"""{RECORD}
trap 'record stopping; {once("helper", "end", within=PATIENCE).strip()}; record end; exit 0' TERM
record begin
{REST}"""

WORK = f"""{RECORD}
record begin
sleep 2
record end
"""


@dataclass(frozen=True)
class Event:
    """One line of a Pod's record; `uptime` in seconds."""

    uptime: float
    container: str
    event: str


def read_events(shared: Path, pod: str) -> list[Event]:
    """What the Pod's containers wrote so far, in the order of writing; of two in the same hundredth the later one is later."""
    file = shared / pod
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [Event(float(uptime) + i / 1e6, container, event) for i, (uptime, container, event) in enumerate(lines)]


def container(name: str, script: str, *, shared: Path) -> Manifest:
    """A container that runs the shell script."""
    pod_name = {"fieldRef": {"fieldPath": "metadata.name"}}
    return {
        "name": name,
        "image": IMAGE,
        "command": ["sh", "-c", script],
        "env": [
            {"name": "POD", "valueFrom": pod_name},
            {"name": "CONTAINER", "value": name},
            {"name": "SHARED", "value": str(shared)},
        ],
        "volumeMounts": [{"name": "shared", "mountPath": str(shared)}],
    }


def helper(*, shared: Path) -> Manifest:
    """Is ready, by its startup probe, once main has begun, or PATIENCE seconds after its own begin; ends at once on SIGTERM,
    else never."""
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1, "failureThreshold": 30}
    return {**container("helper", HELPER, shared=shared), "startupProbe": probe}


def pod_spec(main: Manifest, *, form: Form, shared: Path, **fields: object) -> Manifest:
    """A Pod spec with `main` and the helper, for the test node."""
    side = helper(shared=shared)
    return {
        "initContainers": [{**side, "restartPolicy": "Always"}] if form == "native" else [],
        "containers": [main] if form == "native" else [main, side],
        "volumes": [{"name": "shared", "hostPath": {"path": str(shared), "type": "Directory"}}],
        "tolerations": [{key: TAINT[key] for key in ("key", "value", "effect")}],
        "terminationGracePeriodSeconds": 30,
        **fields,
    }


def job(name: str, *, form: Form, shared: Path) -> Manifest:
    """Its main container works for two seconds and ends well."""
    main = container("main", WORK, shared=shared)
    template = {"spec": pod_spec(main, form=form, shared=shared, restartPolicy="Never")}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": template},
    }


def deployment(name: str, *, form: Form, shared: Path, replicas: int = 1) -> Manifest:
    """Its main container serves until SIGTERM and then drains until the helper has ended, or for PATIENCE seconds. The label `app` is the name."""
    main = container("main", SERVER, shared=shared)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": pod_spec(main, form=form, shared=shared),
            },
        },
    }


def on_the_node(
    *containers: Manifest,
    shared: Path,
    init: Sequence[Manifest] = (),
    volumes: Sequence[Manifest] = (),
    **fields: object,
) -> Manifest:
    """A Pod spec with these containers, for the test node. Its grace period is short unless told otherwise; `volumes` come
    beside the shared folder."""
    return {
        "initContainers": list(init),
        "containers": list(containers),
        "volumes": [{"name": "shared", "hostPath": {"path": str(shared), "type": "Directory"}}, *volumes],
        "tolerations": [{key: TAINT[key] for key in ("key", "value", "effect")}],
        "terminationGracePeriodSeconds": 5,
        **fields,
    }


def pod(name: str, spec: Manifest) -> Manifest:
    """A bare Pod: what a controller would make of a template, with a name that its record is found by."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def job_of(name: str, spec: Manifest, **fields: object) -> Manifest:
    """A Job of any Pod spec; its Pods carry the label `job-name`."""
    body = {"backoffLimit": 0, **fields, "template": {"spec": spec}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": body}


def recording(script: str) -> str:
    """A shell script that may `record EVENT`, after its `begin` is recorded."""
    return f"{RECORD}record begin\n{script}"


def draining(seconds: float) -> str:
    """Runs until SIGTERM, then needs so long to end well."""
    return ending(f"sleep {seconds}")


def ending(*last: str) -> str:
    """Runs until SIGTERM, then does these things and ends well."""
    return recording(
        f"trap 'record stopping; {'; '.join(line.strip() for line in last)}; record end; exit 0' TERM\n{REST}"
    )
