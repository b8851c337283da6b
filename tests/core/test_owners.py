"""Owners by the evidence that they leave, the strongest first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kubectl_sidecar.core.owners import Owner, OwnerKind, owner_of, what_happens_next
from kubectl_sidecar.core.workload import Metadata
from tests.core.judging import app, pod_object, workload

LAST_APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
TRACKING = {"argocd.argoproj.io/tracking-id": "checkout:apps/Deployment:shop/checkout"}
RELEASE = {"meta.helm.sh/release-name": "checkout", "meta.helm.sh/release-namespace": "shop"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


def managers(*names: str, operation: str = "Update") -> dict[str, Any]:
    return {"managedFields": [{"manager": name, "operation": operation} for name in names]}


def controlled(kind: str, *, controller: bool = True) -> dict[str, Any]:
    return {"ownerReferences": [{"kind": kind, "name": "k8s", "controller": controller}]}


TABLE: dict[str, tuple[dict[str, Any], OwnerKind, str]] = {
    "nobody": ({}, "nobody", "-"),
    "a Helm release": ({"annotations": RELEASE}, "helm", "Helm checkout"),
    "Helm by its field manager": (managers("helm"), "helm", "Helm"),
    "Helm by label alone": ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "helm", "Helm"),
    "helm template | kubectl apply": (
        {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": LAST_APPLIED},
        "kubectl-apply",
        "kubectl apply",
    ),
    "an Argo CD application": ({"annotations": TRACKING}, "argocd", "Argo CD checkout"),
    "Argo CD with a chart": (
        {"annotations": {**TRACKING, **LAST_APPLIED}, "labels": {"app.kubernetes.io/managed-by": "Helm"}},
        "argocd",
        "Argo CD checkout",
    ),
    "Argo CD by its field manager": (managers("argocd-controller"), "argocd", "Argo CD"),
    "the instance label alone proves nothing": ({"labels": {"app.kubernetes.io/instance": "x"}}, "nobody", "-"),
    "a Flux kustomization": ({"labels": FLUX}, "flux", "Flux Kustomization flux-system/apps"),
    "a Helm release that Flux makes": (
        {"labels": {"helm.toolkit.fluxcd.io/name": "shop"}, "annotations": RELEASE},
        "flux",
        "Flux HelmRelease shop",
    ),
    "Flux by its field manager": (managers("kustomize-controller", operation="Apply"), "flux", "Flux Kustomization"),
    "an operator": (controlled("Prometheus"), "operator", "Prometheus k8s"),
    "an operator before Helm": ({**controlled("Prometheus"), "annotations": RELEASE}, "operator", "Prometheus k8s"),
    "an owner that does not control": (controlled("Prometheus", controller=False), "nobody", "-"),
    "a Deployment's ReplicaSet": (controlled("Deployment"), "controller", "Deployment k8s"),
    "an operator by its field manager": (managers("shop-operator"), "operator", "shop-operator"),
    "the add-on manager": ({"labels": {"addonmanager.kubernetes.io/mode": "Reconcile"}}, "operator", "add-on manager"),
    "Terraform": (managers("HashiCorp"), "terraform", "Terraform"),
    "kubectl apply": ({"annotations": LAST_APPLIED}, "kubectl-apply", "kubectl apply"),
    "kubectl apply by its field manager": (managers("kubectl-client-side-apply"), "kubectl-apply", "kubectl apply"),
    "kubectl apply on the server": (managers("kubectl", operation="Apply"), "kubectl-apply", "kubectl apply"),
    "somebody else applies on the server": (managers("deployer", operation="Apply"), "operator", "deployer"),
    "kubectl create, edit and scale own nothing": (
        managers("kubectl-create", "kubectl-edit", "kubectl"),
        "nobody",
        "-",
    ),
    "our own traces own nothing": (managers("kubectl-sidecar"), "nobody", "-"),
    "an empty tracking id": ({"annotations": {"argocd.argoproj.io/tracking-id": ""}}, "nobody", "-"),
}


@pytest.mark.parametrize(("metadata", "kind", "label"), TABLE.values(), ids=TABLE)
def test_who_owns_it(metadata: dict[str, Any], kind: OwnerKind, label: str) -> None:
    owner = owner_of(msgspec.convert(metadata, Metadata))
    assert (owner.kind, owner.label) == (kind, label)
    assert bool(owner.evidence) is (kind != "nobody")


NEXT: dict[OwnerKind, tuple[str, ...]] = {
    "helm": ("helm rollback", "422", "--force"),
    "argocd": ("422", "selfHeal", "deletes"),
    "flux": ("422", "force: true"),
    "operator": ("writes its own form again",),
    "controller": ("its own template",),
    "terraform": ("terraform apply",),
    "kubectl-apply": ("422", "kubectl diff", "--force deletes", "kubectl replace"),
    "nobody": (),
}


@pytest.mark.parametrize(("kind", "words"), NEXT.items(), ids=NEXT)
def test_what_the_owner_does_next(kind: OwnerKind, words: tuple[str, ...]) -> None:
    said = what_happens_next(Owner(kind, "", ""), workload(pod_object(app())))
    assert bool(said) is (kind != "nobody")
    for word in words:
        assert word in " ".join(said)
