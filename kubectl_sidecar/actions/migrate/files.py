"""Planning from files: nothing is asked of a cluster, and the objects beside a workload in the same input are what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kubectl_sidecar.actions.gather import facts_of_files
from kubectl_sidecar.actions.migrate.prepare import MigrateOptions, Prepared, Subject, Target, planned_with
from kubectl_sidecar.core.classification.classify import RecipeIndex
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.facts import Version
from kubectl_sidecar.core.kinds import of_object
from kubectl_sidecar.errors import DecodeError, InputError, UnknownName
from kubectl_sidecar.sources.manifests import Manifest, Unreadable


def prepare_files(
    manifests: Sequence[Manifest | Unreadable],
    targets: Sequence[Target],
    index: RecipeIndex,
    options: MigrateOptions,
    *,
    server: Version | None = None,
) -> list[Prepared]:
    """The plans of workloads in files (all, or those that are named). The other objects of the same input are the facts, and
    `server` the version that the user says the cluster has; marks of Helm or GitOps are no reason to refuse there, since the
    file is the source. Raises the error of a file that does not parse, and UnknownName for a name that is in none."""
    for manifest in manifests:
        if isinstance(manifest, Unreadable):
            raise manifest.error
    found = [m for m in manifests if isinstance(m, Manifest)]
    facts = facts_of_files([m.value for m in found], server)
    prepared: list[Prepared] = []
    for manifest in found:
        kind = of_object(manifest.value)
        if kind is None:
            continue
        try:
            workload = decode_object(kind, manifest.value)
        except DecodeError as error:
            raise InputError(f"{manifest.file}, document {manifest.document}: {kind.name}: {error}") from error
        target = Target(kind, workload.namespace, workload.name)
        if not targets or any(
            t.kind == kind and t.name == target.name and t.namespace in ("", target.namespace) for t in targets
        ):
            subject = Subject(target, dict(manifest.value), workload)
            planned = planned_with(facts, subject, index, options, context=manifest.file, in_place=False)
            prepared.append(replace(planned, document=manifest.document, item=manifest.item))
    names = {(p.target.kind, p.target.name) for p in prepared}
    for target in targets:
        if (target.kind, target.name) not in names:
            raise UnknownName(f'there is no {target.kind.name} "{target.name}" in the files')
    return prepared
