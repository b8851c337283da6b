"""The embedded API server by itself. The words in the tables are what a Kubernetes 1.35.4 API server answered to the same
requests; tests/contract holds both to the same answers wherever a control plane is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec
import pytest

from kubectl_sidecar.core.kinds import ACCESS_REVIEWS, NAMESPACES, SERVICES, VPAS, Resource, resolve
from kubectl_sidecar.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    ServerFailure,
    TooManyRequests,
    Unreachable,
)
from kubectl_sidecar.sources.cluster import Cluster, ListQuery, Object
from kubectl_sidecar.sources.memory import PODS, MemoryCluster, Request

DEPLOYMENTS, STATEFUL_SETS, CRON_JOBS, JOBS = (resolve(w).resource for w in ("deploy", "sts", "cj", "job"))
SPEC = "/spec/template/spec"


def container(name: str, **fields: Any) -> Object:
    return {"name": name, "image": f"{name}:1", **fields}


def deployment(name: str = "web", *, spec: Mapping[str, Any] | None = None, **metadata: Any) -> Object:
    pod_spec = spec or {"containers": [container("app"), container("logs")]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **metadata},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": dict(pod_spec)},
        },
    }


def pod(name: str = "p", *, spec: Mapping[str, Any] | None = None, **metadata: Any) -> Object:
    body = spec or {"containers": [container("app"), container("logs")]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": dict(body)}


def stored(cluster: MemoryCluster, name: str = "web", resource: Resource = DEPLOYMENTS) -> Object:
    return cluster.get(resource, "default", name)


def pod_spec(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj["spec"]["template"]["spec"]
    return found


def page(cluster: Cluster, resource: Resource = DEPLOYMENTS, namespace: str | None = None, **query: Any) -> Object:
    found: Object = msgspec.json.decode(cluster.list_page(resource, namespace, ListQuery(**query)))
    return found


def names(listed: Mapping[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


MOVE = (
    {"op": "test", "path": f"{SPEC}/containers/1/name", "value": "logs"},
    {"op": "add", "path": f"{SPEC}/initContainers", "value": []},
    {"op": "move", "from": f"{SPEC}/containers/1", "path": f"{SPEC}/initContainers/0"},
    {"op": "add", "path": f"{SPEC}/initContainers/0/restartPolicy", "value": "Always"},
)


class TestWrites:
    def test_a_patch_moves_the_container_and_has_a_new_version_generation_and_manager(self) -> None:
        cluster = MemoryCluster([deployment()])
        before = stored(cluster)
        after = cluster.patch(DEPLOYMENTS, "default", "web", MOVE, dry_run=False).object
        assert [c["name"] for c in pod_spec(after)["initContainers"]] == ["logs"]
        assert [c["name"] for c in pod_spec(after)["containers"]] == ["app"]
        assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
        assert int(after["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])
        assert [m["manager"] for m in after["metadata"]["managedFields"]] == ["kubectl-sidecar"]
        assert stored(cluster) == after

    @pytest.mark.parametrize("write", ["patch", "create"])
    def test_a_dry_run_answers_as_the_write_would_and_stores_nothing(self, write: str) -> None:
        cluster = MemoryCluster([deployment()])
        before, version = stored(cluster), cluster.resource_version
        if write == "patch":
            answer = cluster.patch(DEPLOYMENTS, "default", "web", MOVE, dry_run=True).object
            assert pod_spec(answer)["initContainers"][0]["restartPolicy"] == "Always"
        else:
            answer = cluster.create(DEPLOYMENTS, "default", deployment("other"), dry_run=True).object
            assert answer["metadata"]["uid"]
            assert "resourceVersion" not in answer["metadata"]
            with pytest.raises(NotFound):
                stored(cluster, "other")
        assert (stored(cluster), cluster.resource_version) == (before, version)

    def test_a_patch_that_changes_nothing_has_no_new_version(self) -> None:
        cluster = MemoryCluster([deployment()])
        before = stored(cluster)
        operation = {"op": "replace", "path": "/spec/replicas", "value": 2}
        assert cluster.patch(DEPLOYMENTS, "default", "web", [operation], dry_run=False).object == before

    @pytest.mark.parametrize(
        ("resource", "path", "bumps"),
        [
            pytest.param(DEPLOYMENTS, "/spec/replicas", True, id="spec"),
            pytest.param(DEPLOYMENTS, "/metadata/annotations", True, id="annotations of a Deployment"),
            pytest.param(DEPLOYMENTS, "/metadata/labels", False, id="labels"),
            pytest.param(STATEFUL_SETS, "/metadata/annotations", False, id="annotations of a StatefulSet"),
        ],
    )
    def test_only_what_is_wanted_counts_as_a_generation(self, resource: Resource, path: str, bumps: bool) -> None:
        obj = {**deployment(), "kind": resource.kind}
        cluster = MemoryCluster([obj])
        value: Any = 5 if path.startswith("/spec") else {"a": "b"}
        operation = {"op": "add", "path": path, "value": value}
        after = cluster.patch(resource, "default", "web", [operation], dry_run=False).object
        assert after["metadata"]["generation"] == (2 if bumps else 1)

    def test_a_status_write_of_a_controller_changes_the_version_only(self) -> None:
        cluster = MemoryCluster([deployment()])
        before = stored(cluster)
        cluster.edit(DEPLOYMENTS, "default", "web", lambda o: o.update(status={"replicas": 1}), status=True)
        after = stored(cluster)
        assert after["metadata"]["generation"] == 1
        assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]

    def test_what_goes_in_and_out_is_the_callers_own(self) -> None:
        body = deployment()
        cluster = MemoryCluster([body])
        stored(cluster)["spec"]["replicas"] = 99
        body["spec"]["replicas"] = 98
        assert stored(cluster)["spec"]["replicas"] == 2

    def test_empty_lists_and_nulls_are_left_out_as_go_leaves_them_out(self) -> None:
        spec = {"containers": [container("app", env=[], args=None)], "initContainers": []}
        made = (
            MemoryCluster([deployment("x")]).create(DEPLOYMENTS, "default", deployment(spec=spec), dry_run=True).object
        )
        assert "initContainers" not in pod_spec(made)
        assert not {"env", "args"} & set(pod_spec(made)["containers"][0])

    def test_generate_name_makes_a_name(self) -> None:
        cluster = MemoryCluster([deployment()])
        body = {**pod(), "metadata": {"generateName": "p-"}}
        made = cluster.create(PODS, "default", body, dry_run=False).object["metadata"]["name"]
        assert made.startswith("p-")
        assert cluster.get(PODS, "default", made)

    def test_two_hundred_writes_from_eight_threads_all_count(self) -> None:
        cluster = MemoryCluster([deployment(annotations={"n": "0"})])

        def count() -> None:
            done = 0
            while done < 25:
                now = stored(cluster)
                version, value = now["metadata"]["resourceVersion"], int(now["metadata"]["annotations"]["n"])
                operations = [
                    {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
                    {"op": "replace", "path": "/metadata/annotations/n", "value": str(value + 1)},
                ]
                try:
                    cluster.patch(DEPLOYMENTS, "default", "web", operations, dry_run=False)
                    done += 1
                except Conflict:
                    continue

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stored(cluster)["metadata"]["annotations"]["n"] == "200"


DEFAULTS = [
    ("/spec/template/spec/containers/0/imagePullPolicy", "IfNotPresent"),
    ("/spec/template/spec/containers/1/imagePullPolicy", "Always"),
    ("/spec/template/spec/containers/2/imagePullPolicy", "IfNotPresent"),
    ("/spec/template/spec/containers/0/ports/0/protocol", "TCP"),
    ("/spec/template/spec/containers/0/startupProbe/failureThreshold", 3),
    ("/spec/template/spec/containers/0/startupProbe/httpGet/scheme", "HTTP"),
    ("/spec/template/spec/terminationGracePeriodSeconds", 30),
    ("/spec/template/spec/restartPolicy", "Always"),
    ("/spec/strategy/rollingUpdate/maxSurge", "25%"),
    ("/spec/progressDeadlineSeconds", 600),
]


@pytest.mark.parametrize(("path", "value"), DEFAULTS, ids=[path for path, _ in DEFAULTS])
def test_defaults(path: str, value: object) -> None:
    first = container("a", ports=[{"containerPort": 1}], startupProbe={"httpGet": {"port": 1}})
    others = [{"name": "b", "image": "host:5000/b"}, {"name": "c", "image": "c@sha256:00"}]
    found: Any = stored(MemoryCluster([deployment(spec={"containers": [first, *others]})]))
    for key in path.split("/")[1:]:
        found = found[int(key)] if isinstance(found, list) else found[key]
    assert found == value


PROBE = {"tcpSocket": {"port": 1}}
ONLY_NATIVE = "Forbidden: may not be set for init containers without restartPolicy=Always"
REFUSED: list[tuple[str, Mapping[str, Any], str]] = [
    ("no containers", {"containers": []}, "{}containers: Required value"),
    (
        "the name is taken by a container",
        {"containers": [container("x")], "initContainers": [container("x", restartPolicy="Always")]},
        '{}initContainers[0].name: Duplicate value: "x"',
    ),
    (
        "the name is taken in its own list",
        {"containers": [container("x"), container("x")]},
        '{}containers[1].name: Duplicate value: "x"',
    ),
    ("no name", {"containers": [{"image": "x"}]}, "{}containers[0].name: Required value"),
    ("no image", {"containers": [{"name": "x"}]}, "{}containers[0].image: Required value"),
    (
        "a probe on a plain init container",
        {"containers": [container("x")], "initContainers": [container("y", startupProbe=PROBE)]},
        f"{{}}initContainers[0].startupProbe: {ONLY_NATIVE}",
    ),
    (
        "a hook and a probe on a plain init container",
        {
            "containers": [container("x")],
            "initContainers": [container("y", readinessProbe=PROBE, lifecycle={"preStop": {"sleep": {"seconds": 1}}})],
        },
        f"[{{}}initContainers[0].lifecycle: {ONLY_NATIVE}, {{}}initContainers[0].readinessProbe: {ONLY_NATIVE}]",
    ),
    (
        "an unknown restart policy",
        {"containers": [container("x")], "initContainers": [container("y", restartPolicy="Foo")]},
        '{}initContainers[0].restartPolicy: Unsupported value: "Foo": supported values: "Always", "Never", "OnFailure"',
    ),
    (
        "restart rules on a sidecar",
        {
            "containers": [container("x")],
            "initContainers": [container("y", restartPolicy="Always", restartPolicyRules=[{"action": "Restart"}])],
        },
        "{}initContainers[0].restartPolicyRules: Forbidden: restartPolicyRules are not allowed for init containers with restart policy Always",
    ),
    (
        "a host port twice",
        {
            "containers": [
                container("x", ports=[{"containerPort": 1, "hostPort": 1}]),
                container("y", ports=[{"containerPort": 2, "hostPort": 1}]),
            ]
        },
        '{}containers[1].ports[0].hostPort: Duplicate value: "TCP//1"',
    ),
    (
        "a preStop sleep longer than the grace period",
        {"containers": [container("x", lifecycle={"preStop": {"sleep": {"seconds": 31}}})]},
        "{}containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
    ),
    (
        "a mount without volume",
        {"containers": [container("x", volumeMounts=[{"name": "v", "mountPath": "/a"}])]},
        '{}containers[0].volumeMounts[0].name: Not found: "v"',
    ),
    (
        "a probe without handler",
        {"containers": [container("x", readinessProbe={"periodSeconds": 1})]},
        "{}containers[0].readinessProbe: Required value: must specify a handler type",
    ),
    (
        "a Pod restart policy that only Jobs may have",
        {"containers": [container("x")], "restartPolicy": "Never"},
        '{}restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ),
]


@pytest.mark.parametrize(("spec", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_validation_refuses(spec: Mapping[str, Any], said: str) -> None:
    with pytest.raises(Invalid) as refused:
        MemoryCluster([deployment("x")]).create(DEPLOYMENTS, "default", deployment(spec=spec), dry_run=True)
    words = said.replace("{}", "spec.template.spec.")
    assert str(refused.value) == f'Deployment.apps "web" is invalid: {words}'
    assert (refused.value.status, refused.value.reason) == (422, "Invalid")
    listed = ", ".join(f"{field}: {message}" for field, message in refused.value.causes)
    assert listed in (words, words[1:-1])


ALLOWED = [
    (
        "a native sidecar with all probes",
        {
            "containers": [container("x")],
            "initContainers": [
                container("y", restartPolicy="Always", startupProbe=PROBE, livenessProbe=PROBE, readinessProbe=PROBE)
            ],
        },
        (),
    ),
    (
        "a host port in both lists",
        {
            "containers": [container("x", ports=[{"containerPort": 1, "hostPort": 1}])],
            "initContainers": [container("y", restartPolicy="Always", ports=[{"containerPort": 1, "hostPort": 1}])],
        },
        (
            "spec.template.spec.containers[0].ports[0]: duplicate port definition with spec.template.spec.initContainers[0].ports[0]",
        ),
    ),
    (
        "a sleep as long as the grace period",
        {"containers": [container("x", lifecycle={"preStop": {"sleep": {"seconds": 30}}})]},
        (),
    ),
    (
        "a variable twice",
        {"containers": [container("x", env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])]},
        (
            'spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
    ),
]


@pytest.mark.parametrize(("spec", "warnings"), [case[1:] for case in ALLOWED], ids=[case[0] for case in ALLOWED])
def test_what_validation_lets_through_with_which_warnings(spec: Mapping[str, Any], warnings: tuple[str, ...]) -> None:
    answer = MemoryCluster([deployment("x")]).create(DEPLOYMENTS, "default", deployment(spec=spec), dry_run=False)
    assert answer.warnings == warnings


def op(kind: str, path: str, value: Any = None) -> dict[str, Any]:
    return {"op": kind, "path": path} | ({} if kind == "remove" else {"value": value})


STALE = (
    'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the '
    "latest version and try again"
)
BAD_PATCHES: list[tuple[str, dict[str, Any], type[ApiError], int, str | None]] = [
    ("stale version", op("replace", "/metadata/resourceVersion", "1"), Conflict, 409, STALE),
    (
        "no version",
        op("replace", "/metadata/resourceVersion", "abc"),
        ServerFailure,
        500,
        'strconv.ParseUint: parsing "abc": invalid syntax',
    ),
    (
        "failed test",
        op("test", "/spec/replicas", 9),
        Invalid,
        422,
        "the server rejected our request due to an error in our request",
    ),
    (
        "missing path",
        op("remove", "/spec/nothing"),
        Invalid,
        422,
        "the server rejected our request due to an error in our request",
    ),
    (
        "another name",
        op("replace", "/metadata/name", "b"),
        Invalid,
        400,
        "the name of the object (b) does not match the name on the URL (web)",
    ),
    ("another selector", op("replace", "/spec/selector/matchLabels", {"app": "web", "a": "b"}), Invalid, 422, None),
    (
        "another uid",
        op("replace", "/metadata/uid", "b"),
        Invalid,
        422,
        'Deployment.apps "web" is invalid: metadata.uid: Invalid value: "b": field is immutable',
    ),
]


@pytest.mark.parametrize(
    ("operation", "kind", "status", "said"), [c[1:] for c in BAD_PATCHES], ids=[c[0] for c in BAD_PATCHES]
)
def test_patches_that_are_refused(
    operation: dict[str, Any], kind: type[ApiError], status: int, said: str | None
) -> None:
    cluster = MemoryCluster([deployment()])
    before = stored(cluster)
    with pytest.raises(kind) as refused:
        cluster.patch(DEPLOYMENTS, "default", "web", [operation], dry_run=False)
    assert refused.value.status == status
    assert said is None or str(refused.value) == said
    assert stored(cluster) == before


class TestStrict:
    def test_an_unknown_field_of_a_body(self) -> None:
        spec = {"containers": [container("x", foo=1)], "initContainers": [container("y", restartpolicy="Always")]}
        with pytest.raises(Invalid) as refused:
            MemoryCluster([deployment("x")]).create(DEPLOYMENTS, "default", deployment(spec=spec), dry_run=True)
        assert refused.value.status == 400
        assert str(refused.value) == (
            'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field '
            '"spec.template.spec.containers[0].foo", unknown field "spec.template.spec.initContainers[0].restartpolicy"'
        )

    def test_an_unknown_field_by_a_patch(self) -> None:
        operations = [op("add", "/spec/bar", 1), op("add", "/foo", 1)]
        with pytest.raises(Invalid) as refused:
            MemoryCluster([deployment()]).patch(DEPLOYMENTS, "default", "web", operations, dry_run=True)
        assert refused.value.status == 422
        assert str(refused.value).startswith(' "" is invalid: patch: Invalid value: "{')
        assert str(refused.value).endswith('strict decoding error: unknown field "foo", unknown field "spec.bar"')

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ({"containers": [container("x", ports=[{"containerPort": "y"}])]},
             "cannot unmarshal string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32"),
            ({"containers": [container("x", env={"a": "b"})]},
             "cannot unmarshal object into Go struct field Container.spec.template.spec.containers.env of type []v1.EnvVar"),
            ({"containers": [container("x", env=[{"name": "a", "value": 1}])]},
             "cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string"),
        ],
        ids=["number", "list", "string"],
    )  # fmt: skip
    def test_a_wrong_type(self, spec: Mapping[str, Any], said: str) -> None:
        with pytest.raises(Invalid, match="cannot be handled as a Deployment: json: ") as refused:
            MemoryCluster([deployment("x")]).create(DEPLOYMENTS, "default", deployment(spec=spec), dry_run=True)
        assert str(refused.value).endswith(said)


class TestVersions:
    SPEC: ClassVar[Object] = {
        "containers": [container("app")],
        "initContainers": [container("logs", restartPolicy="Always")],
    }

    @pytest.mark.parametrize(
        ("version", "kept"), [("v1.28.15", False), ("v1.29.0", True), ("v1.33.4-eks-1a2b3c", True)]
    )
    def test_a_server_whose_gate_is_off_drops_the_restart_policy_in_silence(self, version: str, kept: bool) -> None:
        cluster = MemoryCluster([deployment("x")], version=version)
        answer = cluster.create(DEPLOYMENTS, "default", deployment(spec=self.SPEC), dry_run=False).object
        assert ("restartPolicy" in pod_spec(answer)["initContainers"][0]) is kept
        assert cluster.version() == version

    def test_a_server_that_never_heard_of_it_refuses(self) -> None:
        cluster = MemoryCluster([deployment("x")], version="v1.27.16")
        with pytest.raises(Invalid, match=r'unknown field "spec.template.spec.initContainers\[0\].restartPolicy"'):
            cluster.create(DEPLOYMENTS, "default", deployment(spec=self.SPEC), dry_run=True)

    @pytest.mark.parametrize(("version", "allowed"), [("v1.34.1", False), ("v1.35.0", True)])
    def test_a_regular_container_with_a_restart_policy(self, version: str, allowed: bool) -> None:
        cluster = MemoryCluster([deployment("x")], version=version)
        body = deployment(spec={"containers": [container("app", restartPolicy="Always")]})
        if allowed:
            cluster.create(DEPLOYMENTS, "default", body, dry_run=True)
        else:
            with pytest.raises(Invalid, match="may not be set for non-init containers"):
                cluster.create(DEPLOYMENTS, "default", body, dry_run=True)


class TestWhatMayNotChange:
    def test_the_containers_of_a_pod(self) -> None:
        operations = [
            op("add", "/spec/initContainers", []),
            {"op": "move", "from": "/spec/containers/1", "path": "/spec/initContainers/0"},
        ]
        with pytest.raises(Invalid) as refused:
            MemoryCluster([pod()]).patch(PODS, "default", "p", operations, dry_run=True)
        said = 'Pod "p" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers'
        assert str(refused.value) == said

    def test_fields_of_a_pod_but_not_its_image(self) -> None:
        cluster = MemoryCluster([pod()])
        cluster.patch(PODS, "default", "p", [op("replace", "/spec/containers/0/image", "new:1")], dry_run=False)
        with pytest.raises(Invalid, match="pod updates may not change fields other than"):
            cluster.patch(PODS, "default", "p", [op("add", "/spec/containers/0/args", ["x"])], dry_run=False)

    def test_the_template_of_a_job(self) -> None:
        template = {"spec": {"containers": [container("a")], "restartPolicy": "Never"}}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}}
        cluster = MemoryCluster([job])
        native = [container("q", restartPolicy="Always")]
        with pytest.raises(
            Invalid, match=r'^Job.batch "j" is invalid: spec.template: Invalid value: .*: field is immutable$'
        ):
            cluster.patch(JOBS, "default", "j", [op("add", f"{SPEC}/initContainers", native)], dry_run=True)


class TestAbsent:
    @pytest.mark.parametrize(
        "call",
        [
            lambda c: c.get(DEPLOYMENTS, "default", "no"),
            lambda c: c.patch(DEPLOYMENTS, "default", "no", [], dry_run=True),
        ],
        ids=["get", "patch"],
    )
    def test_an_object(self, call: Callable[[MemoryCluster], object]) -> None:
        with pytest.raises(NotFound) as missing:
            call(MemoryCluster())
        assert (missing.value.status, missing.value.reason, str(missing.value)) == (
            404,
            "NotFound",
            'deployments.apps "no" not found',
        )

    def test_a_namespace(self) -> None:
        assert page(MemoryCluster(), namespace="no")["items"] == []
        with pytest.raises(NotFound, match='namespaces "no" not found'):
            MemoryCluster().create(DEPLOYMENTS, "no", deployment(), dry_run=True)

    def test_a_kind_that_is_not_installed(self) -> None:
        with pytest.raises(NotFound):
            page(MemoryCluster(), VPAS)
        autoscaler = {"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "metadata": {"name": "v"}}
        assert names(page(MemoryCluster([autoscaler]), VPAS)) == ["v"]

    def test_a_name_that_is_taken(self) -> None:
        with pytest.raises(Conflict, match=r'deployments\.apps "web" already exists') as refused:
            MemoryCluster([deployment()]).create(DEPLOYMENTS, "default", deployment(), dry_run=True)
        assert refused.value.reason == "AlreadyExists"


class TestLists:
    def cluster(self, count: int = 7) -> MemoryCluster:
        return MemoryCluster([deployment(f"d{n}", labels={"n": str(n), "odd": str(n % 2)}) for n in range(count)])

    def test_pages_are_of_one_moment_whatever_happens_meanwhile(self) -> None:
        cluster = self.cluster()
        first = page(cluster, limit=3)
        assert first["metadata"]["remainingItemCount"] == 4
        cluster.remove(DEPLOYMENTS, "default", "d5")
        cluster.put(deployment("d31"))
        second = page(cluster, limit=3, continue_token=first["metadata"]["continue"])
        third = page(cluster, limit=3, continue_token=second["metadata"]["continue"])
        assert [*names(first), *names(second), *names(third)] == [f"d{n}" for n in range(7)]
        assert "continue" not in third["metadata"]

    def test_a_token_that_is_too_old(self) -> None:
        cluster = self.cluster()
        token = page(cluster, limit=3)["metadata"]["continue"]
        cluster.expire_tokens()
        with pytest.raises(Expired, match=r"^The provided continue parameter is too old") as expired:
            page(cluster, limit=3, continue_token=token)
        assert (expired.value.status, expired.value.reason) == (410, "Expired")

    @pytest.mark.parametrize("token", ["xx", "!", "e30"])
    def test_a_token_that_is_none(self, token: str) -> None:
        with pytest.raises(Invalid, match=r"^invalid continue token") as refused:
            page(self.cluster(), continue_token=token)
        assert refused.value.status == 400

    @pytest.mark.parametrize(
        ("selector", "expected"),
        [
            ("n=1", "1"), ("n==1", "1"), ("n!=1", "023456"), ("n in (1, 2)", "12"), ("n notin (0,1,2)", "3456"), ("odd=1,n!=3", "15"),
            ("n", "0123456"), ("!n", ""), ("missing!=x", "0123456"), ("missing notin (x)", "0123456"), ("", "0123456"),
        ],
    )  # fmt: skip
    def test_label_selectors(self, selector: str, expected: str) -> None:
        assert names(page(self.cluster(), label_selector=selector)) == [f"d{n}" for n in expected]

    @pytest.mark.parametrize(
        ("selector", "expected"),
        [("metadata.name=b", ["b"]), ("metadata.namespace!=default", []), ("spec.nodeName=n1", ["a"]),
         ("status.phase=Running", ["b"]), ("status.phase!=Running,spec.nodeName=n1", ["a"])],
    )  # fmt: skip
    def test_field_selectors(self, selector: str, expected: list[str]) -> None:
        spec = {"containers": [container("x")]}
        objects = [pod("a", spec={**spec, "nodeName": "n1"}), {**pod("b", spec=spec), "status": {"phase": "Running"}}]
        assert names(page(MemoryCluster(objects), PODS, field_selector=selector)) == expected

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ({"label_selector": "a===b"}, "unable to parse requirement: found '=', expected: identifier"),
            (
                {"label_selector": "a foo b"},
                "unable to parse requirement: found 'foo', expected: in, notin, =, ==, !=, gt, lt",
            ),
            ({"field_selector": "spec.foo=b"}, "field label not supported: spec.foo"),
            ({"field_selector": "spec.foo"}, "invalid selector: 'spec.foo'; can't understand 'spec.foo'"),
        ],
    )
    def test_selectors_that_cannot_be_read(self, query: dict[str, str], said: str) -> None:
        with pytest.raises(Invalid) as refused:
            page(MemoryCluster(), PODS, **query)
        assert (refused.value.status, str(refused.value)) == (400, said)

    def test_metadata_only(self) -> None:
        listed = page(self.cluster(1), metadata_only=True)
        assert (listed["kind"], listed["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
        assert set(listed["items"][0]) == {"kind", "apiVersion", "metadata"}

    def test_items_of_a_list_do_not_repeat_kind_and_version(self) -> None:
        listed = page(self.cluster(1))
        assert (listed["kind"], listed["apiVersion"]) == ("DeploymentList", "apps/v1")
        assert not {"kind", "apiVersion"} & set(listed["items"][0])

    def test_all_namespaces_or_one(self) -> None:
        cluster = MemoryCluster([deployment("a", namespace="x"), deployment("b", namespace="y")])
        assert names(page(cluster)) == ["a", "b"]
        assert names(page(cluster, namespace="y")) == ["b"]
        assert names(page(cluster, NAMESPACES)) == ["x", "y"]


class TestRights:
    CASES: tuple[tuple[str, Callable[[MemoryCluster], object], str], ...] = (
        ("get", lambda c: c.get(DEPLOYMENTS, "default", "web"),
         'deployments.apps "web" is forbidden: User "ann" cannot get resource "deployments" in API group "apps" in the namespace "default"'),
        ("list", lambda c: page(c),
         'deployments.apps is forbidden: User "ann" cannot list resource "deployments" in API group "apps" at the cluster scope'),
        ("create", lambda c: c.create(PODS, "default", pod(), dry_run=True),
         'pods is forbidden: User "ann" cannot create resource "pods" in API group "" in the namespace "default"'),
        ("patch", lambda c: c.patch(DEPLOYMENTS, "default", "no", [], dry_run=True),
         'deployments.apps "no" is forbidden: User "ann" cannot patch resource "deployments" in API group "apps" in the namespace "default"'),
    )  # fmt: skip

    @pytest.mark.parametrize(("call", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
    def test_nothing_is_allowed(self, call: Callable[[MemoryCluster], object], said: str) -> None:
        with pytest.raises(Forbidden) as refused:
            call(MemoryCluster([deployment()], rights=lambda verb, resource, namespace: False, user="ann"))
        assert (refused.value.status, refused.value.reason, str(refused.value)) == (403, "Forbidden", said)

    @pytest.mark.parametrize(
        ("verb", "namespace", "allowed"), [("patch", "shop", True), ("create", "shop", False), ("patch", "x", False)]
    )
    def test_a_review_answers_what_a_request_would(self, verb: str, namespace: str, allowed: bool) -> None:
        cluster = MemoryCluster(
            rights=lambda v, resource, ns: (v, resource.plural, ns) == ("patch", "deployments", "shop")
        )
        asked = {"verb": verb, "group": "apps", "resource": "deployments", "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        assert cluster.create(ACCESS_REVIEWS, None, body, dry_run=False).object["status"] == {"allowed": allowed}


class TestSeams:
    @pytest.mark.parametrize(
        "error", [Unreachable("gone"), TooManyRequests("slow", status=429)], ids=["network", "429"]
    )
    def test_a_hook_may_raise(self, error: Exception) -> None:
        cluster = MemoryCluster([deployment()])

        def fail(request: Request) -> None:
            if request.verb == "patch":
                raise error

        cluster.hooks.append(fail)
        stored(cluster)
        with pytest.raises(type(error)):
            cluster.patch(DEPLOYMENTS, "default", "web", MOVE, dry_run=False)

    def test_a_hook_may_block_without_stopping_others(self) -> None:
        cluster, entered, released = MemoryCluster([deployment()]), threading.Event(), threading.Event()

        def hang(request: Request) -> None:
            if request.verb == "get":
                entered.set()
                released.wait(30)

        cluster.hooks.append(hang)
        waiting = threading.Thread(target=stored, args=(cluster,))
        waiting.start()
        assert entered.wait(30)
        assert names(page(cluster)) == ["web"]
        released.set()
        waiting.join(30)
        assert not waiting.is_alive()

    def test_a_hook_may_change_the_object_just_before(self) -> None:
        cluster = MemoryCluster([deployment()])
        version = stored(cluster)["metadata"]["resourceVersion"]

        def interfere(request: Request) -> None:
            cluster.edit(DEPLOYMENTS, "default", "web", lambda o: o["spec"].update(replicas=7), manager="somebody")

        cluster.hooks.append(interfere)
        with pytest.raises(Conflict):
            cluster.patch(
                DEPLOYMENTS, "default", "web", [op("replace", "/metadata/resourceVersion", version)], dry_run=False
            )

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_a_webhook_changes_pods_that_are_made_and_nothing_else(self, dry_run: bool) -> None:
        def strip(obj: Object) -> Object:
            for init in obj["spec"].get("initContainers") or ():
                init.pop("restartPolicy", None)
            return obj

        cluster = MemoryCluster([deployment()])
        cluster.webhooks.append(strip)
        spec = {"containers": [container("a")], "initContainers": [container("b", restartPolicy="Always")]}
        made = cluster.create(PODS, "default", pod(spec=spec), dry_run=dry_run).object
        assert "restartPolicy" not in made["spec"]["initContainers"][0]
        patched = cluster.patch(DEPLOYMENTS, "default", "web", MOVE, dry_run=dry_run).object
        assert pod_spec(patched)["initContainers"][0]["restartPolicy"] == "Always"

    def test_a_webhook_that_strips_the_policy_of_a_probed_sidecar_makes_the_pod_invalid(self) -> None:
        cluster = MemoryCluster([deployment()])
        cluster.webhooks.append(
            lambda p: {**p, "spec": {**p["spec"], "initContainers": [container("b", startupProbe=PROBE)]}}
        )
        with pytest.raises(
            Invalid, match="startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
        ):
            cluster.create(PODS, "default", pod(), dry_run=True)

    def test_requests_are_counted_those_that_fail_too(self) -> None:
        cluster = MemoryCluster([deployment()])
        cluster.version()
        page(cluster)
        with pytest.raises(NotFound):
            stored(cluster, "no")
        cluster.edit(DEPLOYMENTS, "default", "web", lambda o: o["spec"].update(replicas=3))
        assert cluster.requests == 3

    @pytest.mark.parametrize(
        ("resources", "qos"),
        [
            ({}, "BestEffort"),
            ({"requests": {"cpu": "1"}}, "Burstable"),
            ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ],
        ids=["nothing", "some", "all"],
    )
    def test_the_quality_of_service_of_a_pod(self, resources: Mapping[str, Any], qos: str) -> None:
        made = MemoryCluster([pod(spec={"containers": [container("a", resources=resources)]})]).get(
            PODS, "default", "p"
        )
        assert made["status"] == {"phase": "Pending", "qosClass": qos}

    def test_a_namespace_has_its_name_as_label(self) -> None:
        cluster = MemoryCluster([deployment(namespace="x")])
        assert cluster.get(NAMESPACES, None, "x")["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}

    def test_services_have_their_defaults(self) -> None:
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
        ports = MemoryCluster([service]).get(SERVICES, "default", "s")["spec"]["ports"]
        assert ports == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
