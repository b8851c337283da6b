"""The real Helm 3 for tests: beside the other assets, in the cache that `make cluster` fills, or on the PATH."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.control_plane import ControlPlane

VERSION = "v3.22.0"
"""The one that build.sh builds."""


def find_helm(assets: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where helm is, or None."""
    beside = assets.parent / f"helm-{VERSION}" / "helm"  # build.sh puts both into one cache
    on_path = shutil.which("helm", path=environ.get("PATH"))
    found = (assets / "helm", beside, *([Path(on_path)] if on_path else []))
    return next((path for path in found if os.access(path, os.X_OK)), None)


@dataclass(frozen=True)
class Helm:
    """helm as admin of a control plane, with folders of its own."""

    program: Path
    cluster: ControlPlane
    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "HOME": str(self.folder),
            "PATH": os.environ.get("PATH", os.defpath),
            "KUBECONFIG": str(self.cluster.kubeconfig),
        }
        return subprocess.run(
            [str(self.program), *words], capture_output=True, text=True, check=False, env=environ, cwd=self.folder
        )

    def ok(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout
