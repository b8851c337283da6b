"""Plans of workloads in files, for the commands that take `-f`: no cluster is asked, so no kubeconfig is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubectl_sidecar.actions.migrate import MigrateOptions, Prepared, prepare_files
from kubectl_sidecar.cli.options import kube_version
from kubectl_sidecar.cli.targets import parse_targets
from kubectl_sidecar.cli.world import recipe_index
from kubectl_sidecar.sources.manifests import Manifest, Unreadable, read


def read_files(options: dict[str, Any]) -> list[Manifest | Unreadable]:
    """All objects of the files of a command, in their order."""
    return list(read(options["filename"], recursive=options["recursive"]))


def prepare_from_files(
    words: tuple[str, ...],
    manifests: Sequence[Manifest | Unreadable],
    options: dict[str, Any],
    settings: MigrateOptions,
) -> list[Prepared]:
    """The plans of the named workloads in the files of a command, or of all of them. Raises InputError."""
    server = kube_version(options["kube_version"], files=True)
    targets = parse_targets(words, options["namespace"] or "") if words else ()
    return prepare_files(manifests, targets, recipe_index(options["recipes"]), settings, server=server)
