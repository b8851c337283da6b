"""A migration in two halves: prepare.py (files.py for files) finds out everything and has no effect; a person reads it and says
yes; execute.py then writes, if nothing that was judged has changed since. None of them prints or asks."""

from kubectl_sidecar.actions.migrate.execute import Progress, Result, execute, follow
from kubectl_sidecar.actions.migrate.files import prepare_files
from kubectl_sidecar.actions.migrate.prepare import (
    MigrateOptions,
    Prepared,
    Target,
    prepare,
    prepare_all,
    preparing,
    read,
    with_dry_runs,
)

__all__ = [
    "MigrateOptions", "Prepared", "Progress", "Result", "Target",
    "execute", "follow", "prepare", "prepare_all", "prepare_files", "preparing", "read", "with_dry_runs",
]  # fmt: skip
