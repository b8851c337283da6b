"""The change for the source of an object: whoever writes it next has to know the new form, or undoes it.

Five forms: the resulting object (yaml, json), an RFC 6902 patch (json-patch for `kubectl patch --type=json`, json6902 for
kustomize), and the strategic merge patch of kustomize. What comes out is data alone, and the same change as the plan's: the tests
hold `old manifest + patch` against the plan with the real kubectl kustomize."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from kubectl_sidecar.actions.dryrun import patch_of
from kubectl_sidecar.actions.migrate import Prepared
from kubectl_sidecar.core import edits
from kubectl_sidecar.core.edits import Set
from kubectl_sidecar.core.owners import LAST_APPLIED, what_happens_next
from kubectl_sidecar.core.planning.kustomize import strategic_patch
from kubectl_sidecar.errors import InputError
from kubectl_sidecar.output.data import dump
from kubectl_sidecar.output.diff import to_yaml
from kubectl_sidecar.output.style import Paint
from kubectl_sidecar.sources.manifests import Manifest

Form = Literal["yaml", "json", "json-patch", "kustomize", "json6902"]
FORMS: tuple[Form, ...] = ("yaml", "json", "json-patch", "kustomize", "json6902")
_WHOLE: tuple[Form, ...] = ("yaml", "json")
_SERVERS = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")
"""What the API server writes into metadata, and no source has."""

_DEFAULTS: Mapping[str, Any] = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}


def source_change(prepared: Prepared, paint: Paint) -> Iterator[str]:
    """For a refusal: what the owner needs, in words and as a patch. Nothing where the plan has no edits."""
    if prepared.plan.is_empty:
        return
    yield ""
    yield from owner_hint(prepared)
    yield paint("strong", "The change for the source") + " (a strategic merge patch, as kustomize takes it):"
    yield from _text(prepared, "kustomize").splitlines()


def next_of_owner(prepared: Prepared, paint: Paint) -> Iterator[str]:
    """After a write: what whoever else writes the object does with it next. Nothing where nobody is known to."""
    if prepared.owner.kind == "nobody":
        return
    yield ""
    yield (
        paint("warn", f"The source of {prepared.owner.label} still has the old form.")
        + " Until it has the change below:"
    )
    yield from (f"  {sentence}" for sentence in what_happens_next(prepared.owner, prepared.plan.workload))


def owner_hint(prepared: Prepared) -> Iterator[str]:
    """How the change gets into what the owner writes from; nothing where nobody is known to own it."""
    match prepared.owner.kind:
        case "helm":
            yield "In a Helm chart: look first whether its values have a switch for native sidecars, or a list of init containers to put"
            yield "the helper into. If not, helm's --post-renderer can apply this patch to what the chart makes, with kustomize."
        case "flux":
            yield "For Flux: a Kustomization takes this patch under spec.patches, a HelmRelease under spec.postRenderers."
        case "argocd":
            yield "For Argo CD: put the change into the repository that the application is made from."
        case "terraform":
            yield "For Terraform: move the container block into an init_container block with restart_policy, or apply the changed YAML."
        case "operator" | "controller":
            yield f"{prepared.owner.label} makes it: the change belongs into what that is made from."
        case "kubectl-apply":
            yield "kubectl apply keeps it: make the change in the manifest, then apply that. The whole manifest with the change is printed by:"
            yield "  kubectl sidecar migrate -f MANIFEST --dry-run=client -o yaml"


def rendered(prepared: Sequence[Prepared], form: Form, *, beside: Sequence[Manifest] = ()) -> str:
    """The change of these workloads as text. Several are a YAML stream or a List; a patch is of one workload alone, and of an
    unchanged workload there is none. `beside` is the whole input where all of it is to come out again, whatever changes in it.
    Raises InputError where a patch is asked for several."""
    if form in _WHOLE:
        objects = _stream(beside, prepared) if beside else [result(p) for p in prepared]
        if form == "yaml":
            return "---\n".join(to_yaml(o) for o in objects)
        many = len(objects) != 1
        return dump({"apiVersion": "v1", "kind": "List", "items": objects} if many else objects[0], "json")
    changed = [p for p in prepared if not p.plan.is_empty]
    if len(changed) > 1:
        names = ", ".join(p.target.ref for p in changed)
        raise InputError(f"-o {form} prints the patch of one workload, and there are several ({names}): name one")
    return "".join(_text(p, form) for p in changed)


def _stream(whole: Sequence[Manifest], changed: Sequence[Prepared]) -> list[Mapping[str, Any]]:
    """Every object of the input, in its order, those of the plans in their new form."""
    new = {(p.context, p.document, p.item): result(p) for p in changed}
    return [new.get((m.file, m.document, m.item), m.value) for m in whole]


def result(prepared: Prepared) -> dict[str, Any]:
    """The whole object with the plan's edits, as its source would have it: without status and what only a server writes. From
    files nothing is taken away."""
    plan = prepared.plan
    path = plan.workload.kind.template
    changed: Mapping[str, Any] = edits.apply(prepared.obj, [Set(path, plan.after)]) if path else plan.after
    if prepared.facts.from_files:
        return dict(changed)
    metadata = {k: v for k, v in (changed.get("metadata") or {}).items() if k not in _SERVERS}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != LAST_APPLIED}
    metadata.pop("annotations", None)
    metadata |= {"annotations": annotations} if annotations else {}
    return {k: metadata if k == "metadata" else v for k, v in changed.items() if k != "status"}


def _text(prepared: Prepared, form: Form) -> str:
    if form == "json-patch":
        return dump(patch_of(prepared.plan), "json")
    if form == "json6902":
        return _how(prepared) + to_yaml(patch_of(prepared.plan))
    patch = strategic_patch(prepared.plan)
    spec = edits.get(patch, prepared.plan.workload.kind.pod_spec)
    lists = {**spec, "initContainers": [_lean(e, prepared) for e in spec["initContainers"]]}
    return _how(prepared) + to_yaml(edits.apply(patch, [Set(prepared.plan.workload.kind.pod_spec, lists)]))


def _lean(entry: Mapping[str, Any], prepared: Prepared) -> dict[str, Any]:
    """An entry as a person would write it: its name and restartPolicy first, and without what the API server added."""
    added = {} if prepared.facts.from_files else _DEFAULTS
    kept = {k: v for k, v in entry.items() if k not in added or added[k] != v}
    first = {k: kept[k] for k in ("name", "restartPolicy", "image") if k in kept}
    return first | kept


def _how(prepared: Prepared) -> str:
    """Comments that say how kustomize takes the patch. With a target it finds the object whether or not its manifest names a
    namespace."""
    target = prepared.target
    return f"# patches:\n# - path: patch.yaml\n#   target: {{kind: {target.kind.name}, name: {target.name}}}\n"
