"""Whatever decodes can be classified: never a traceback, never an unfounded certainty, never slow."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_sidecar.core.classification.classify import RecipeIndex, classify, classify_all
from kubectl_sidecar.core.classification.findings import Finding, Surroundings, state_of
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.kinds import KINDS, resolve
from kubectl_sidecar.core.workload import Container, Metadata, PodSpec, PodTemplate, Workload
from tests.core.classifying import INDEX, RECIPES, c, judge, roles, workload

ODD = (
    "", "app", "log-shipper", "sidecar", "acme/shipper:1", "localhost:8080", "--upstream=http://127.0.0.1:8080", "tail", "-F", "/var/log/a",
    "sleep", "infinity", "touch /d/x", "while [ ! -f /d/x ]", "-", "=", "--", "[::1]:70000", "localhost:0", "\u0000", "имя", "名前",
    "registry:5000/a/b@sha256:0", "DB_HOST", "127.0.0.1", "100m", "1e400", "--port=99999", "-p", "$(X)", "a" * 300,
)  # fmt: skip
WORDS = st.text(max_size=12) | st.sampled_from(ODD)
MAYBE = st.none() | WORDS
PORT = st.none() | st.integers(-1, 70_000)
YES = st.sampled_from([None, True, False])
VOLUME = st.sampled_from(["v", "w", "logs"])


def maybe(**fields: Any) -> st.SearchStrategy[Any]:
    """An object with any of these fields, or null."""
    return st.none() | st.fixed_dictionaries({}, optional=fields)


def lists(of: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[Any]:
    return st.none() | st.lists(of.filter(lambda item: item is not None), max_size=size)


PROBE = maybe(
    httpGet=maybe(port=PORT | WORDS, path=MAYBE, host=MAYBE), tcpSocket=maybe(port=PORT | WORDS), grpc=maybe(port=PORT)
)
RESOURCES = st.sampled_from(["cpu", "memory", "example.com/gpu", "hugepages-2Mi"])
QUANTITIES = st.none() | st.dictionaries(RESOURCES, MAYBE | st.integers() | st.floats(), max_size=2)
PROPAGATION = st.sampled_from([None, "Bidirectional", "HostToContainer"])
CONTAINER = maybe(
    name=WORDS,
    image=MAYBE,
    command=lists(WORDS),
    args=lists(WORDS),
    restartPolicy=st.sampled_from([None, "Always", "x"]),
    env=lists(maybe(name=WORDS, value=MAYBE)),
    ports=lists(maybe(containerPort=PORT, name=MAYBE)),
    volumeMounts=lists(maybe(name=VOLUME, mountPath=WORDS, readOnly=YES, mountPropagation=PROPAGATION)),
    readinessProbe=PROBE,
    livenessProbe=PROBE,
    resources=maybe(requests=QUANTITIES, limits=QUANTITIES),
    securityContext=maybe(privileged=YES, capabilities=maybe(add=lists(st.just("NET_ADMIN")))),
)
KEYS = st.sampled_from(
    [
        "app",
        "app.kubernetes.io/name",
        "kubectl.kubernetes.io/default-container",
        "mesh.example.com/status",
        "kubectl-sidecar/app",
        "kubectl-sidecar/",
    ]
)
TEXTS = st.none() | st.dictionaries(KEYS, MAYBE, max_size=3)
SPEC = maybe(
    containers=lists(CONTAINER, 5),
    initContainers=lists(CONTAINER),
    shareProcessNamespace=YES,
    volumes=lists(maybe(name=VOLUME, emptyDir=maybe(), hostPath=maybe(path=MAYBE), persistentVolumeClaim=maybe())),
)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    kind = draw(st.sampled_from(KINDS))
    metadata = draw(
        st.none() | st.fixed_dictionaries({}, optional={"name": MAYBE, "labels": TEXTS, "annotations": TEXTS})
    )
    spec = draw(SPEC)
    view = {"metadata": metadata, "spec": spec}
    if not kind.template:
        return decode_object(kind, view)
    body: Any = view
    for key in reversed(kind.template):
        body = {key: body}
    return decode_object(kind, {"metadata": draw(st.none() | st.just({"name": "app"})), **body})


def lawful(findings: tuple[Finding, ...]) -> None:
    classic = [f for f in findings if f.list == "containers" and not f.injected]
    for f in findings:
        if f.confidence == "certain":
            weights = [e.weight for e in f.evidence]
            assert "decisive" in weights or (weights.count("high") >= 2 and not f.against), f
        assert all(e.text and len(e.text) < 500 for e in (*f.evidence, *f.against))
    assert not classic or any(f.role != "sidecar" for f in classic)
    if any(f.role == "sidecar" and f.confidence != "possible" for f in classic):
        assert any(f.role in ("main", "unknown", "peer") for f in classic)
    state_of(findings)


@settings(max_examples=400, deadline=None)
@given(workloads())
def test_anything_that_decodes_is_judged_lawfully(subject: Workload) -> None:
    findings = classify(subject, INDEX)
    spec = subject.spec
    assert [(f.name, f.list) for f in findings] == [
        *((x.name, "containers") for x in spec.main_list),
        *((x.name, "initContainers") for x in spec.init_list),
    ]
    lawful(findings)
    assert classify(subject, INDEX) == findings


@settings(max_examples=150, deadline=None)
@given(workloads(), workloads())
def test_any_live_pod_may_stand_beside(subject: Workload, pod: Workload) -> None:
    lawful(classify(subject, INDEX, surroundings=Surroundings(pod=pod.template)))


def test_bare_views() -> None:
    kind = resolve("deploy")
    assert classify(Workload(kind, "apps/v1", Metadata(), PodTemplate()), INDEX) == ()
    empty = PodTemplate(spec=PodSpec(containers=(Container(), Container())))
    assert len(classify(Workload(kind, "apps/v1", Metadata(), empty), INDEX)) == 2


@pytest.mark.parametrize(
    "image",
    ["acme/shipper@sha256:" + "0" * 64, "acme/shipper", "registry:5000/acme/shipper:1", "localhost/acme/shipper"],
)
def test_image_references_of_every_form(image: str) -> None:
    assert roles(judge(workload(c("app"), c("log-shipper", image)))) == {"app": "main", "log-shipper": "sidecar"}


@settings(max_examples=50, deadline=None)
@given(st.lists(workloads(), max_size=20))
def test_many_at_a_time_are_judged_as_each_alone(subjects: list[Workload]) -> None:
    each_alone = [classify(subject, RecipeIndex(RECIPES)) for subject in subjects]
    assert classify_all(subjects, RecipeIndex(RECIPES)) == each_alone


def test_names_in_any_script() -> None:
    assert roles(judge(workload(c("приложение", image="образы/приложение"), c("名前-sidecar")))) == {
        "приложение": "main",
        "名前-sidecar": "sidecar",
    }


HUGE = {
    "one word": ["x" * 5_000_000],
    "localhost again and again": ["localhost:80 " * 400_000],
    "many words": ["--a=localhost:1"] * 200_000,
    "dashes and digits": ["-" * 1_000_000 + "port=1", "-port" * 200_000 + ":80"],
    "tails": ["tail -f " * 300_000],
}


@pytest.mark.parametrize("args", HUGE.values(), ids=HUGE.keys())
def test_megabytes_of_arguments_do_not_hurt(args: list[str]) -> None:
    env = [{"name": "URL", "value": "http://localhost:80/" + "@" * 2_000_000}]
    subject = workload(c("app", env=env), c("x", args=args), c("y", command=args))
    start = time.perf_counter()
    judge(subject)
    assert time.perf_counter() - start < 1


def test_fifty_containers_are_quick() -> None:
    containers = [
        c(f"c{i}", args=[f"--x=localhost:{8000 + i}"], ports=[{"containerPort": 8000 + i + 1}]) for i in range(50)
    ]
    start = time.perf_counter()
    lawful(judge(workload(*containers)))
    assert time.perf_counter() - start < 0.5


def test_fifty_scripts_that_read_and_write_a_thousand_logs_are_no_burden() -> None:
    reads = "".join(f"cat /log/{i}; " for i in range(1000))
    scripts = [f"while true; do date > /log/of-{i}; {reads} sleep 9; done" for i in range(50)]
    subject = workload(*[c(f"c{i}", command=["sh", "-c", script]) for i, script in enumerate(scripts)])
    start = time.perf_counter()
    lawful(judge(subject))
    assert time.perf_counter() - start < 2


def test_the_input_is_not_changed() -> None:
    subject = workload(c("app"), c("log-shipper", "acme/shipper"))
    before = msgspec.json.encode(subject.template)
    judge(subject)
    assert msgspec.json.encode(subject.template) == before
