"""The one place that knows the kinds: where each keeps its Pod template, whether that may be patched in place, what a
patch sets off, and how a user gets back. Everything else asks here, so a new kind is one entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_sidecar.errors import InputError

Path = tuple[str | int, ...]
"""Where a value sits in a nested mapping: keys and list indexes. Never a dotted string."""

Effect = Literal["rollout", "new-pods", "next-run", "none"]
"""What a patch of the Pod template sets off: Pods are replaced by the controller; only Pods made later use it; only the
next run uses it; it is refused by the API server."""


@dataclass(frozen=True, slots=True)
class Resource:
    """An endpoint of the API: what a request's URL is made of."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As kubectl prints it before a name: `deployment.apps`, `pod`."""
        singular = self.kind.lower()
        return f"{singular}.{self.group}" if self.group else singular


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind with a Pod template. `template` leads to the template (for a Pod: to the object itself)."""

    resource: Resource
    template: Path
    effect: Effect
    short: tuple[str, ...] = ()
    way_out: str = ""
    """For what cannot be patched in place: what the user can do instead."""

    @property
    def name(self) -> str:
        return self.resource.kind

    @property
    def patchable(self) -> bool:
        return self.effect != "none"

    @property
    def pod_spec(self) -> Path:
        return (*self.template, "spec")


def _kind(group: str, plural: str, kind: str, *, effect: Effect, short: str, template: Path = ("spec", "template"),
          way_out: str = "") -> Kind:  # fmt: skip
    return Kind(Resource(group, "v1", plural, kind), template, effect, tuple(short.split()), way_out)


# Mutability: https://kubernetes.io/docs/concepts/workloads/controllers/job/ (template immutable), pods: "Pod update and
# replacement"; each row was also tried on a real API server (tests/cluster).
KINDS: tuple[Kind, ...] = (
    _kind("apps", "deployments", "Deployment", effect="rollout", short="deploy"),
    _kind("apps", "statefulsets", "StatefulSet", effect="rollout", short="sts"),
    _kind("apps", "daemonsets", "DaemonSet", effect="rollout", short="ds"),
    _kind("apps", "replicasets", "ReplicaSet", effect="new-pods", short="rs"),
    _kind("", "replicationcontrollers", "ReplicationController", effect="new-pods", short="rc"),
    _kind("batch", "cronjobs", "CronJob", effect="next-run", short="cj",
          template=("spec", "jobTemplate", "spec", "template")),
    _kind("batch", "jobs", "Job", effect="none", short="",
          way_out="a Job's template is immutable: change its manifest, delete the Job and create it again"),
    _kind("", "pods", "Pod", effect="none", short="po", template=(),
          way_out="a Pod's containers cannot be moved: change its manifest, delete the Pod and create it again"),
)  # fmt: skip

# Not workloads, but asked for by the impact report and the dry runs.
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SERVICES = Resource("", "v1", "services", "Service")
EVENTS = Resource("", "v1", "events", "Event")
NETWORK_POLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
HPAS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
PDBS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
VPAS = Resource("autoscaling.k8s.io", "v1", "verticalpodautoscalers", "VerticalPodAutoscaler")
POD_MONITORS = Resource("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor")
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
LIMIT_RANGES = Resource("", "v1", "limitranges", "LimitRange")
MUTATING_WEBHOOKS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
)
CRDS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
ACCESS_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)

_BY_KIND: Mapping[tuple[str, str], Kind] = {(k.resource.group, k.name): k for k in KINDS}


def _words(kind: Kind) -> tuple[str, ...]:
    r = kind.resource
    names = (r.kind.lower(), r.plural)
    suffixes = ("", f".{r.group}", f".{r.version}.{r.group}") if r.group else ("", f".{r.version}.")
    return (*(n + s for n in names for s in suffixes), *kind.short)


_BY_WORD: Mapping[str, Kind] = {word: kind for kind in KINDS for word in _words(kind)}


def resolve(word: str) -> Kind:
    """The kind that a user's word names, as kubectl reads it: `deploy`, `Deployments`, `deployment.apps`, `sts`."""
    kind = _BY_WORD.get(word.lower())
    if kind is None:
        known = ", ".join(k.name.lower() for k in KINDS)
        raise InputError(f'"{word}" is not a kind that has a Pod template; known are {known}')
    return kind


def of_object(obj: Mapping[str, Any]) -> Kind | None:
    """The kind of an object by its apiVersion and kind, whatever the API version's number; None for anything else."""
    api_version, name = obj.get("apiVersion"), obj.get("kind")
    if not isinstance(api_version, str) or not isinstance(name, str):
        return None
    group, slash, _ = api_version.partition("/")
    return _BY_KIND.get((group if slash else "", name))
