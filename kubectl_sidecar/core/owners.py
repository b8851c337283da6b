"""Who will write the object next, from the evidence that the writers leave on it.

The strongest evidence first: an ownerReference of a controller, then what GitOps tools and Helm mark, then the managers of
fields, then `kubectl apply`. A label that several tools set (app.kubernetes.io/instance) alone proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from kubectl_sidecar.core.kinds import KINDS
from kubectl_sidecar.core.workload import Metadata, Workload

OwnerKind = Literal["helm", "argocd", "flux", "operator", "controller", "kubectl-apply", "terraform", "nobody"]


@dataclass(frozen=True, slots=True)
class Owner:
    """`kind` and `name` (Helm release, Argo CD application, Flux object, controller); `evidence` is the field that says so;
    `label` is how a table shows it (`Helm checkout`, `kubectl apply`, `-`)."""

    kind: OwnerKind
    name: str = ""
    evidence: str = ""

    @property
    def label(self) -> str:
        words = {"helm": "Helm", "argocd": "Argo CD", "flux": "Flux", "operator": "", "controller": "",
                 "kubectl-apply": "kubectl apply", "terraform": "Terraform", "nobody": "-"}  # fmt: skip
        return " ".join(part for part in (words[self.kind], self.name) if part)


NOBODY = Owner("nobody")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TRACKING = "argocd.argoproj.io/tracking-id"
_BUILT_IN = frozenset(kind.name for kind in KINDS)


def owner_of(metadata: Metadata, *, built_in: Collection[str] = _BUILT_IN) -> Owner:
    """The owner of an object. `built_in` are the kinds whose controllers are Kubernetes' own: an object that one of them
    controls is that one's (kind `controller`), not an operator's."""
    labels, annotations = metadata.labels or {}, metadata.annotations or {}
    managers = _managers(metadata)
    finders = _BY_STRENGTH if metadata.owner_references else _WITHOUT_REFERENCE
    for find in finders:
        owner = find(metadata, labels, annotations, managers)
        if owner is not None:
            if owner.kind == "operator" and owner.name.partition(" ")[0] in built_in and find is _controller:
                return Owner("controller", owner.name, owner.evidence)
            return owner
    return NOBODY


Texts = Mapping[str, str | None]
Managers = tuple[str, ...]


def _controller(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    for reference in metadata.owner_references or ():
        if reference.controller:
            name = f"{reference.kind} {reference.name}"
            return Owner("operator", name, f"ownerReference {reference.kind}/{reference.name}, controller: true")
    return None


def _argocd(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    tracked = annotations.get(_TRACKING)
    if tracked:
        return Owner("argocd", tracked.partition(":")[0], f"annotation {_TRACKING}")
    label = labels.get("argocd.argoproj.io/instance")
    if label:
        return Owner("argocd", label, "label argocd.argoproj.io/instance")
    for manager in managers:
        if manager.startswith("argocd-"):
            return Owner("argocd", labels.get("app.kubernetes.io/instance") or "", f"field manager {manager}")
    return None


_FLUX_LABELS = (
    ("kustomize.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io/name", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io/name", "HelmRelease"),
)


def _flux(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    for group, key, kind in _FLUX_LABELS:
        name = labels.get(key)
        if name:
            namespace = labels.get(f"{group}/namespace")
            return Owner("flux", f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}", f"label {group}/name")
    for manager, kind in (("kustomize-controller", "Kustomization"), ("helm-controller", "HelmRelease")):
        if manager in managers:
            return Owner("flux", kind, f"field manager {manager}")
    return None


def _helm(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    release = annotations.get("meta.helm.sh/release-name")
    if release:
        return Owner("helm", release, "annotation meta.helm.sh/release-name")
    if "helm" in managers:
        return Owner("helm", labels.get("app.kubernetes.io/instance") or "", "field manager helm")
    return None


def _terraform(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    for manager in managers:
        if manager in ("Terraform", "HashiCorp"):
            return Owner("terraform", "", f"field manager {manager}")
    return None


def _kubectl(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    if LAST_APPLIED in annotations:
        return Owner("kubectl-apply", "", f"annotation {LAST_APPLIED}")
    for entry in metadata.managed_fields or ():
        if entry.manager == "kubectl-client-side-apply":
            return Owner("kubectl-apply", "", f"field manager {entry.manager}")
        if entry.operation == "Apply" and entry.manager == "kubectl":
            return Owner("kubectl-apply", "", "field manager kubectl (server-side apply)")
    return None


def _marked_operator(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    """Marks of managers without an ownerReference: the add-on manager, OLM, Pulumi, and what calls itself an operator."""
    if labels.get("addonmanager.kubernetes.io/mode") == "Reconcile":
        return Owner("operator", "add-on manager", "label addonmanager.kubernetes.io/mode")
    if labels.get("olm.owner"):
        return Owner("operator", f"OLM {labels['olm.owner']}", "label olm.owner")
    for manager in managers:
        if manager.endswith("-operator") or manager.startswith("pulumi-"):
            return Owner("operator", manager, f"field manager {manager}")
    return None


def _applier(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    """Somebody else who applies on the server's side, with the whole object as its own."""
    for entry in metadata.managed_fields or ():
        if entry.operation == "Apply" and entry.manager and not entry.manager.startswith("kubectl-sidecar"):
            return Owner("operator", entry.manager, f"field manager {entry.manager} (server-side apply)")
    return None


def _labelled_helm(metadata: Metadata, labels: Texts, annotations: Texts, managers: Managers) -> Owner | None:
    if labels.get("app.kubernetes.io/managed-by") == "Helm":
        return Owner("helm", labels.get("app.kubernetes.io/instance") or "", "label app.kubernetes.io/managed-by: Helm")
    return None


def _managers(metadata: Metadata) -> tuple[str, ...]:
    entries = metadata.managed_fields
    return tuple([entry.manager for entry in entries if entry.manager]) if entries else ()


_BY_STRENGTH: tuple[Callable[[Metadata, Texts, Texts, Managers], Owner | None], ...] = (
    _controller,
    _argocd,
    _flux,
    _helm,
    _terraform,
    _kubectl,
    _marked_operator,
    _applier,
    _labelled_helm,
)


_WITHOUT_REFERENCE = _BY_STRENGTH[1:]


def what_happens_next(owner: Owner, workload: Workload) -> tuple[str, ...]:
    """What the owner does with the changed object at its next run, in plain sentences; empty where nobody owns it.
    kubectl and Helm 3 were seen doing so on a real API server; Argo CD and Flux follow from their code."""
    return tuple(_next(owner, workload))


def _next(owner: Owner, workload: Workload) -> Iterator[str]:
    duplicate = "the API server then refuses with 422, because the container's name is in both lists (Duplicate value)"
    match owner.kind:
        case "helm":
            yield f"helm upgrade and helm rollback of {owner.name or 'the release'} fail as long as the chart has the old form: {duplicate}"
            yield "helm upgrade --force puts the old form back without a word"
        case "argocd":
            yield f"the next sync of {owner.name or 'the application'} fails as long as Git has the old form: {duplicate}"
            yield "with selfHeal it tries again for ever; with Replace=true it puts the old form back"
            yield "with Force=true it deletes the object and creates it again in the old form"
        case "flux":
            yield f"the next reconciliation of {owner.name or 'the source'} fails as long as the source has the old form: {duplicate}"
            yield "with force: true Flux deletes the object and creates it again in the old form"
        case "operator":
            yield f"{owner.name} writes its own form again, sooner or later: the change belongs into what it is made from"
        case "controller":
            yield f"{owner.name} makes its next {workload.kind.name} from its own template: change that one"
        case "terraform":
            yield "the next terraform apply sees a difference and puts the old form back, or fails on the container's name"
        case "kubectl-apply":
            yield f"kubectl apply of the old manifest fails, and kubectl diff too: {duplicate}"
            yield "kubectl apply --force deletes the object and creates it again in the old form"
            yield "kubectl replace puts the old form back without a word"
