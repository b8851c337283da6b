"""What every Cluster answers, written once: each case runs against the API server in memory and against a real one, and
both have to give the same objects, the same class of error and, where people read it, the same words.

A case gets a Stage of its own; what it expects is what the real API server (1.35) was seen to answer.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from kubectl_sidecar.core.kinds import ACCESS_REVIEWS, NAMESPACES, SERVICES, VPAS, Resource, resolve
from kubectl_sidecar.errors import ApiError, Conflict, Forbidden, Invalid, NotFound
from kubectl_sidecar.sources.cluster import Cluster, ListQuery, Object, Written

Case = Callable[["Stage"], None]
Operation = Mapping[str, Any]

DEPLOYMENTS, PODS, JOBS, CRONJOBS = (resolve(word).resource for word in ("deployment", "pod", "job", "cronjob"))
SPEC = "spec.template.spec"
REJECTED = "the server rejected our request due to an error in our request"


@dataclass(frozen=True)
class Stage:
    """Two empty namespaces, `cluster` as one who may do everything, and `stranger` as the user `viewer` without rights.
    `make` creates an object of a namespace as somebody else would."""

    cluster: Cluster
    stranger: Cluster
    namespace: str
    other: str
    make: Callable[[Mapping[str, Any]], object]

    def deployment(self, name: str = "web", *, namespace: str = "", labels: Mapping[str, str] | None = None,
                   containers: Sequence[Object] | None = None) -> None:  # fmt: skip
        """Makes a Deployment without Pods; its label `stage` finds those of this stage alone."""
        labels = {"stage": self.namespace, **(labels or {})}
        spec = {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": list(containers or (container("app"), container("log")))},
            },
        }
        metadata = {"name": name, "namespace": namespace or self.namespace, "labels": labels}
        self.make({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})

    def cronjob(self, name: str = "night") -> None:
        """Makes a CronJob that never runs, so that no controller changes it meanwhile."""
        template = {"spec": {"containers": [container("app"), container("log")], "restartPolicy": "Never"}}
        spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": template}}}
        metadata = {"name": name, "namespace": self.namespace}
        self.make({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})

    def pod(self, name: str = "bare") -> None:
        self.make({**pod("", containers=[container("app"), container("log")]),
                   "metadata": {"name": name, "namespace": self.namespace}})  # fmt: skip

    def patch(
        self, *operations: Operation, resource: Resource = DEPLOYMENTS, name: str = "web", dry_run: bool = False
    ) -> Written:
        return self.cluster.patch(resource, self.namespace, name, operations, dry_run=dry_run)

    def get(self, resource: Resource = DEPLOYMENTS, name: str = "web") -> Object:
        return self.cluster.get(resource, self.namespace, name)

    def page(self, resource: Resource = DEPLOYMENTS, *, everywhere: bool = False, **query: Any) -> Object:
        namespace = None if everywhere else self.namespace
        found: Object = json.loads(self.cluster.list_page(resource, namespace, ListQuery(**query)))
        return found

    def names(self, resource: Resource = DEPLOYMENTS, *, everywhere: bool = False, **query: Any) -> list[str]:
        return [item["metadata"]["name"] for item in self.page(resource, everywhere=everywhere, **query)["items"]]


def container(name: str, **fields: Any) -> Object:
    return {"name": name, "image": f"registry.example/{name}:1", **fields}


def pod(generate: str, *, containers: Sequence[Object] | None = None) -> Object:
    spec = {"containers": list(containers or (container("app"),))}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": generate}, "spec": spec}


def refused(call: Callable[[], object], error: type[ApiError], status: int, message: str) -> ApiError:
    """Checks that the call is refused like this; `message` is the text, with … for what is not compared."""
    with pytest.raises(ApiError) as caught:
        call()
    pattern = ".*".join(re.escape(part) for part in message.split("…"))
    assert re.fullmatch(pattern, str(caught.value), re.DOTALL), str(caught.value)
    assert (type(caught.value), caught.value.status) == (error, status)
    return caught.value


MOVE = (
    {"op": "add", "path": "/spec/template/spec/initContainers", "value": []},
    {"op": "move", "from": "/spec/template/spec/containers/1", "path": "/spec/template/spec/initContainers/0"},
    {"op": "add", "path": "/spec/template/spec/initContainers/0/restartPolicy", "value": "Always"},
)


def lock(version: str) -> Operation:
    return {"op": "replace", "path": "/metadata/resourceVersion", "value": version}


# Reading


def version_of_the_server(stage: Stage) -> None:
    assert re.match(r"v1\.\d+\.\d+", stage.cluster.version())


def people_see_names(stage: Stage) -> None:
    assert stage.cluster.context
    assert stage.cluster.namespace
    assert stage.cluster.server


def requests_are_counted(stage: Stage) -> None:
    before = stage.cluster.requests
    stage.page()
    stage.names(PODS)
    assert stage.cluster.requests == before + 2


def get_gives_the_whole_object(stage: Stage) -> None:
    stage.deployment()
    found = stage.get()
    assert (found["apiVersion"], found["kind"]) == ("apps/v1", "Deployment")
    assert found["metadata"]["generation"] == 1
    assert {"uid", "resourceVersion", "creationTimestamp"} <= found["metadata"].keys()
    assert [c["name"] for c in found["spec"]["template"]["spec"]["containers"]] == ["app", "log"]
    assert found["spec"]["strategy"]["type"] == "RollingUpdate"


def get_of_a_cluster_wide_object(stage: Stage) -> None:
    assert stage.cluster.get(NAMESPACES, None, stage.namespace)["kind"] == "Namespace"


def get_of_nothing(stage: Stage) -> None:
    refused(lambda: stage.get(name="nope"), NotFound, 404, 'deployments.apps "nope" not found')
    refused(lambda: stage.get(PODS, "nope"), NotFound, 404, 'pods "nope" not found')


def resource_that_is_not_served(stage: Stage) -> None:
    said = "the server could not find the requested resource"
    refused(lambda: stage.page(VPAS), NotFound, 404, said)
    refused(lambda: stage.get(VPAS, "x"), NotFound, 404, said)


def list_of_one_namespace(stage: Stage) -> None:
    stage.deployment("b")
    stage.deployment("a")
    stage.deployment("c", namespace=stage.other)
    page = stage.page()
    assert (page["kind"], page["apiVersion"]) == ("DeploymentList", "apps/v1")
    assert [item["metadata"]["name"] for item in page["items"]] == ["a", "b"]
    assert page["metadata"]["resourceVersion"]
    assert not page["metadata"].get("continue")


def items_of_a_list_do_not_repeat_their_kind(stage: Stage) -> None:
    stage.deployment()
    [item] = stage.page()["items"]
    assert "kind" not in item
    assert "apiVersion" not in item
    assert item["spec"] == stage.get()["spec"]


def list_of_all_namespaces(stage: Stage) -> None:
    stage.deployment("a")
    stage.deployment("b", namespace=stage.other)
    assert sorted(stage.names(everywhere=True, label_selector=f"stage={stage.namespace}")) == ["a", "b"]


def list_of_nothing(stage: Stage) -> None:
    assert stage.page(SERVICES)["items"] == []
    assert json.loads(stage.cluster.list_page(DEPLOYMENTS, "no-such-namespace", ListQuery()))["items"] == []


def pages_have_every_item_once_and_in_order(stage: Stage) -> None:
    names = ["a", "b", "c", "d", "e"]
    for name in reversed(names):
        stage.deployment(name)
    found, token, sizes, left = [], "", [], []
    while True:
        page = stage.page(limit=2, continue_token=token)
        found += [item["metadata"]["name"] for item in page["items"]]
        sizes.append(len(page["items"]))
        left.append(page["metadata"].get("remainingItemCount"))
        token = page["metadata"].get("continue") or ""
        if not token:
            break
    assert (found, sizes, left) == (names, [2, 2, 1], [3, 1, None])


def pages_show_one_moment(stage: Stage) -> None:
    for name in "abc":
        stage.deployment(name)
    first = stage.page(limit=1)
    stage.deployment("aa")
    later = stage.page(limit=5, continue_token=first["metadata"]["continue"])
    assert [item["metadata"]["name"] for item in later["items"]] == ["b", "c"]


def pages_of_a_selection(stage: Stage) -> None:
    for name in "abcd":
        stage.deployment(name, labels={"odd": str("abcd".index(name) % 2)})
    first = stage.page(limit=1, label_selector="odd=1")
    later = stage.page(limit=1, label_selector="odd=1", continue_token=first["metadata"]["continue"])
    assert [item["metadata"]["name"] for item in (*first["items"], *later["items"])] == ["b", "d"]


def garbage_as_continue_token(stage: Stage) -> None:
    def ask(token: str) -> Callable[[], object]:
        return lambda: stage.page(limit=1, continue_token=token)

    for token in ("garbage", "%%%", "eyJ2IjoidjEifQ"):
        refused(ask(token), Invalid, 400, "…continue key is not valid…")


SELECTORS: Mapping[str, list[str]] = {
    "tier=web": ["a"],
    "tier==web": ["a"],
    "tier!=web": ["b", "c"],
    "tier in (web, db)": ["a", "b"],
    "tier notin (web)": ["b", "c"],
    "tier": ["a", "b"],
    "!tier": ["c"],
    "tier,tier!=db": ["a"],
    "tier=": [],
    "tier in (web),stage": ["a"],
}


def label_selectors(stage: Stage) -> None:
    stage.deployment("a", labels={"tier": "web"})
    stage.deployment("b", labels={"tier": "db"})
    stage.deployment("c")
    assert {selector: stage.names(label_selector=selector) for selector in SELECTORS} == SELECTORS


def label_selector_that_is_none(stage: Stage) -> None:
    said = "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
    refused(lambda: stage.page(label_selector="a b"), Invalid, 400, said)


def field_selectors(stage: Stage) -> None:
    stage.deployment("a")
    stage.deployment("b")
    assert stage.names(field_selector="metadata.name=b") == ["b"]
    assert stage.names(field_selector="metadata.name!=b") == ["a"]
    assert stage.names(field_selector=f"metadata.namespace={stage.namespace},metadata.name=a") == ["a"]


def field_selector_of_another_field(stage: Stage) -> None:
    said = '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"'
    refused(lambda: stage.page(field_selector="spec.replicas=1"), Invalid, 400, said)
    refused(lambda: stage.page(PODS, field_selector="spec.x=1"), Invalid, 400, "field label not supported: spec.x")


def metadata_only(stage: Stage) -> None:
    stage.deployment("a", labels={"x": "y"})
    stage.deployment("b")
    page = stage.page(metadata_only=True, limit=1)
    assert (page["kind"], page["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    [item] = page["items"]
    assert item.keys() == {"kind", "apiVersion", "metadata"}
    assert (item["metadata"]["name"], item["metadata"]["labels"]["x"]) == ("a", "y")
    assert page["metadata"]["continue"]


# Patching


def patch_moves_a_container(stage: Stage) -> None:
    stage.deployment()
    before = stage.get()
    after = stage.patch(*MOVE).object
    spec = after["spec"]["template"]["spec"]
    assert [c["name"] for c in spec["containers"]] == ["app"]
    assert [(c["name"], c["restartPolicy"]) for c in spec["initContainers"]] == [("log", "Always")]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert (after["kind"], after["apiVersion"]) == ("Deployment", "apps/v1")
    assert stage.get()["spec"] == after["spec"]
    managers = {entry["manager"] for entry in after["metadata"]["managedFields"]}
    assert "kubectl-sidecar" in managers


def patch_that_changes_nothing(stage: Stage) -> None:
    stage.cronjob()
    before = stage.get(CRONJOBS, "night")
    same = {"op": "replace", "path": "/spec/suspend", "value": True}
    assert stage.patch(same, resource=CRONJOBS, name="night").object["metadata"] == before["metadata"]


def patch_of_labels_keeps_the_generation(stage: Stage) -> None:
    stage.deployment()
    after = stage.patch({"op": "add", "path": "/metadata/labels/new", "value": "x"}).object
    assert after["metadata"]["generation"] == 1
    assert after["metadata"]["labels"]["new"] == "x"


def dry_run_changes_nothing(stage: Stage) -> None:
    stage.cronjob()
    before = stage.get(CRONJOBS, "night")
    change = {"op": "replace", "path": "/spec/schedule", "value": "0 0 2 1 *"}
    would_be = stage.patch(change, resource=CRONJOBS, name="night", dry_run=True).object
    assert would_be["spec"]["schedule"] == "0 0 2 1 *"
    assert would_be["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert would_be["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert stage.get(CRONJOBS, "night") == before


def right_resource_version_is_a_key(stage: Stage) -> None:
    stage.cronjob()
    version = stage.get(CRONJOBS, "night")["metadata"]["resourceVersion"]
    change = {"op": "replace", "path": "/spec/schedule", "value": "0 0 2 1 *"}
    done = stage.patch(lock(version), change, resource=CRONJOBS, name="night")
    assert done.object["spec"]["schedule"] == "0 0 2 1 *"


def stale_resource_version(stage: Stage) -> None:
    stage.cronjob()
    stale = stage.get(CRONJOBS, "night")["metadata"]["resourceVersion"]
    change = {"op": "replace", "path": "/spec/schedule", "value": "0 0 2 1 *"}
    stage.patch(change, resource=CRONJOBS, name="night")
    said = (
        'Operation cannot be fulfilled on cronjobs.batch "night": the object has been modified; please apply your changes '
        "to the latest version and try again"
    )
    again = {"op": "replace", "path": "/spec/schedule", "value": "0 0 3 1 *"}
    for dry_run in (True, False):
        refused(
            lambda dry_run=dry_run: stage.patch(lock(stale), again, resource=CRONJOBS, name="night", dry_run=dry_run),  # type: ignore[misc]
            Conflict, 409, said,
        )  # fmt: skip
    assert stage.get(CRONJOBS, "night")["spec"]["schedule"] == "0 0 2 1 *"


def patch_of_nothing(stage: Stage) -> None:
    refused(lambda: stage.patch(*MOVE, name="nope"), NotFound, 404, 'deployments.apps "nope" not found')


BAD_OPERATIONS: Mapping[str, Operation] = {
    "a test that fails": {"op": "test", "path": "/spec/template/spec/containers/1/name", "value": "other"},
    "an index that is not there": {"op": "remove", "path": "/spec/template/spec/containers/7"},
    "a list that is not there": {"op": "add", "path": "/spec/template/spec/initContainers/0", "value": container("x")},
    "the end of a list that is not there": {"op": "add", "path": "/spec/template/spec/initContainers/-", "value": {}},
    "a field that is not there": {"op": "replace", "path": "/spec/template/spec/nope/x", "value": 1},
}


def operation_that_cannot_be_done(stage: Stage) -> None:
    stage.deployment()
    before = stage.get()["spec"]
    for operation in BAD_OPERATIONS.values():
        refused(lambda operation=operation: stage.patch(operation, *MOVE), Invalid, 422, REJECTED)  # type: ignore[misc]
    assert stage.get()["spec"] == before


def unknown_field(stage: Stage) -> None:
    stage.deployment()
    change = {"op": "add", "path": "/spec/template/spec/containers/0/imagePolicy", "value": "x"}
    said = f'…strict decoding error: unknown field "{SPEC}.containers[0].imagePolicy"'
    for dry_run in (True, False):
        refused(lambda dry_run=dry_run: stage.patch(change, dry_run=dry_run), Invalid, 422, said)  # type: ignore[misc]


def wrong_type(stage: Stage) -> None:
    stage.deployment()
    change = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": 5}
    said = "…json: cannot unmarshal number into Go struct field Container.…containers.image of type string"
    refused(lambda: stage.patch(change), Invalid, 422, said)


def one_name_in_both_lists(stage: Stage) -> None:
    stage.deployment()
    change = {"op": "add", "path": "/spec/template/spec/initContainers", "value": [container("app")]}
    said = f'Deployment.apps "web" is invalid: {SPEC}.initContainers[0].name: Duplicate value: "app"'
    fault = refused(lambda: stage.patch(change), Invalid, 422, said)
    assert fault.causes == ((f"{SPEC}.initContainers[0].name", 'Duplicate value: "app"'),)


def no_container_left(stage: Stage) -> None:
    stage.deployment(containers=[container("log")])
    move = (
        MOVE[0],
        {"op": "move", "from": "/spec/template/spec/containers/0", "path": "/spec/template/spec/initContainers/0"},
    )
    said = f'Deployment.apps "web" is invalid: {SPEC}.containers: Required value'
    refused(lambda: stage.patch(*move, MOVE[2]), Invalid, 422, said)


def faults_come_together(stage: Stage) -> None:
    stage.deployment()
    change = (
        {"op": "replace", "path": "/spec/template/spec/containers/0/name", "value": "Not A Name"},
        {"op": "remove", "path": "/spec/template/spec/containers/1/image"},
    )
    fault = refused(lambda: stage.patch(*change), Invalid, 422, 'Deployment.apps "web" is invalid: […, …]')
    assert sorted(field for field, _ in fault.causes) == [f"{SPEC}.containers[0].name", f"{SPEC}.containers[1].image"]


def lifecycle_of_a_plain_init_container(stage: Stage) -> None:
    probe = {"tcpSocket": {"port": 80}}
    stage.deployment(containers=[container("app"), container("log", readinessProbe=probe)])
    said = f'Deployment.apps "web" is invalid: {SPEC}.initContainers[0].readinessProbe: …'
    refused(lambda: stage.patch(*MOVE[:2]), Invalid, 422, said)
    assert stage.patch(*MOVE).object["spec"]["template"]["spec"]["initContainers"][0]["readinessProbe"]["tcpSocket"]


def template_of_a_job(stage: Stage) -> None:
    template = {"spec": {"containers": [container("app"), container("log")], "restartPolicy": "Never"}}
    metadata = {"name": "once", "namespace": stage.namespace}
    stage.make(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {"suspend": False, "template": template},
        }
    )
    said = 'Job.batch "once" is invalid: spec.template: Invalid value: …: field is immutable'
    refused(lambda: stage.patch(*MOVE, resource=JOBS, name="once"), Invalid, 422, said)


def containers_of_a_pod(stage: Stage) -> None:
    stage.pod()
    move = tuple(
        {k: v.replace("/spec/template", "") if isinstance(v, str) else v for k, v in operation.items()}
        for operation in MOVE
    )
    said = 'Pod "bare" is invalid: …pod updates may not …'
    refused(lambda: stage.patch(*move, resource=PODS, name="bare"), Invalid, 422, said)


def selector_of_a_deployment(stage: Stage) -> None:
    stage.deployment()
    change = (
        {"op": "replace", "path": "/spec/selector/matchLabels/app", "value": "x"},
        {"op": "replace", "path": "/spec/template/metadata/labels/app", "value": "x"},
    )
    said = 'Deployment.apps "web" is invalid: spec.selector: Invalid value: …: field is immutable'
    refused(lambda: stage.patch(*change), Invalid, 422, said)


def another_uid(stage: Stage) -> None:
    stage.deployment()
    change = {"op": "replace", "path": "/metadata/uid", "value": "b5ab4a3e-0000-4000-8000-000000000000"}
    refused(lambda: stage.patch(change), *(Invalid, 422), "…metadata.uid: Invalid value: …: field is immutable")


def warning_headers(stage: Stage) -> None:
    stage.deployment()
    change = {"op": "add", "path": "/spec/template/spec/containers/0/env", "value": [{"name": "A"}, {"name": "A"}]}
    said = f'{SPEC}.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'
    assert stage.patch(change, dry_run=True).warnings == (said,)
    assert stage.patch(*MOVE, dry_run=True).warnings == ()


# Creating


def pod_of_a_dry_run(stage: Stage) -> None:
    made = stage.cluster.create(PODS, stage.namespace, pod("web-"), dry_run=True).object
    assert re.fullmatch(r"web-[a-z0-9]{5}", made["metadata"]["name"])
    assert made["metadata"]["namespace"] == stage.namespace
    assert made["spec"]["restartPolicy"] == "Always"
    assert made["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert stage.names(PODS) == []


def native_sidecar_in_a_pod_of_a_dry_run(stage: Stage) -> None:
    body = pod("web-")
    body["spec"]["initContainers"] = [container("log", restartPolicy="Always")]
    made = stage.cluster.create(PODS, stage.namespace, body, dry_run=True).object
    assert made["spec"]["initContainers"][0]["restartPolicy"] == "Always"


def pod_without_containers(stage: Stage) -> None:
    body = {**pod("web-"), "spec": {"containers": []}}
    create = lambda: stage.cluster.create(PODS, stage.namespace, body, dry_run=True)  # noqa: E731
    refused(create, Invalid, 422, 'Pod "web-…" is invalid: spec.containers: Required value')


def unknown_field_of_a_new_object(stage: Stage) -> None:
    body = pod("web-", containers=[container("app", restartpolicy="Always")])
    create = lambda: stage.cluster.create(PODS, stage.namespace, body, dry_run=True)  # noqa: E731
    said = 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].restartpolicy"'
    refused(create, Invalid, 400, said)


def namespace_that_does_not_exist(stage: Stage) -> None:
    create = lambda: stage.cluster.create(PODS, "no-such-namespace", pod("web-"), dry_run=True)  # noqa: E731
    refused(create, NotFound, 404, 'namespaces "no-such-namespace" not found')


def name_that_is_taken(stage: Stage) -> None:
    stage.pod()
    body = {**pod(""), "metadata": {"name": "bare"}}
    create = lambda: stage.cluster.create(PODS, stage.namespace, body, dry_run=True)  # noqa: E731
    fault = refused(create, Conflict, 409, 'pods "bare" already exists')
    assert fault.reason == "AlreadyExists"


# Rights


def question_of_rights(stage: Stage) -> None:
    asked = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": stage.namespace}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    for cluster, allowed in ((stage.cluster, True), (stage.stranger, False)):
        answer = cluster.create(ACCESS_REVIEWS, None, body, dry_run=False).object
        assert answer["status"]["allowed"] is allowed


def no_rights(stage: Stage) -> None:
    stage.deployment()
    who, where = 'User "viewer" cannot', f'in API group "apps" in the namespace "{stage.namespace}"'
    them, ns = stage.stranger, stage.namespace
    refused(
        lambda: them.list_page(DEPLOYMENTS, ns, ListQuery()), Forbidden, 403,
        f'deployments.apps is forbidden: {who} list resource "deployments" {where}',
    )  # fmt: skip
    refused(
        lambda: them.list_page(DEPLOYMENTS, None, ListQuery()), Forbidden, 403,
        f'deployments.apps is forbidden: {who} list resource "deployments" in API group "apps" at the cluster scope',
    )  # fmt: skip
    refused(
        lambda: them.get(DEPLOYMENTS, ns, "web"), Forbidden, 403,
        f'deployments.apps "web" is forbidden: {who} get resource "deployments" {where}',
    )  # fmt: skip
    refused(
        lambda: them.patch(DEPLOYMENTS, ns, "web", MOVE, dry_run=True), Forbidden, 403,
        f'deployments.apps "web" is forbidden: {who} patch resource "deployments" {where}',
    )  # fmt: skip
    refused(
        lambda: them.create(PODS, ns, pod("web-"), dry_run=True), Forbidden, 403,
        f'pods is forbidden: {who} create resource "pods" in API group "" in the namespace "{ns}"',
    )  # fmt: skip


CASES: Mapping[str, Case] = {
    case.__name__: case
    for case in (
        version_of_the_server, people_see_names, requests_are_counted, get_gives_the_whole_object,
        get_of_a_cluster_wide_object, get_of_nothing, resource_that_is_not_served, list_of_one_namespace,
        items_of_a_list_do_not_repeat_their_kind, list_of_all_namespaces, list_of_nothing,
        pages_have_every_item_once_and_in_order, pages_show_one_moment, pages_of_a_selection, garbage_as_continue_token,
        label_selectors, label_selector_that_is_none, field_selectors, field_selector_of_another_field, metadata_only,
        patch_moves_a_container, patch_that_changes_nothing, patch_of_labels_keeps_the_generation, dry_run_changes_nothing,
        right_resource_version_is_a_key, stale_resource_version, patch_of_nothing, operation_that_cannot_be_done,
        unknown_field, wrong_type, one_name_in_both_lists, no_container_left, faults_come_together,
        lifecycle_of_a_plain_init_container, template_of_a_job, containers_of_a_pod, selector_of_a_deployment, another_uid,
        warning_headers, pod_of_a_dry_run, native_sidecar_in_a_pod_of_a_dry_run, pod_without_containers,
        unknown_field_of_a_new_object, namespace_that_does_not_exist, name_that_is_taken, question_of_rights, no_rights,
    )
}  # fmt: skip
