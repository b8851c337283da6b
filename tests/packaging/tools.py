"""Programs of others that the tests of packaging run: krew and the validator of its index, and actionlint. `make cluster` builds
them into the cache, beside the control plane; one on the PATH will do too.

krew is called as people call it, `kubectl krew …`, with a root and a home of its own; none of what is called here needs a network.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.assets import find_assets

VERSIONS = {"krew": "v0.4.3", "validate-krew-manifest": "v0.4.3", "actionlint": "v1.7.12"}
"""Those that tests/cluster/build.sh builds."""


def find_tool(name: str, environ: Mapping[str, str] = os.environ) -> Path | str:
    """Where a program of VERSIONS is, or a sentence that says that it is nowhere."""
    assets = find_assets(environ)
    built = [assets.parent / f"{name}-{VERSIONS[name]}" / name] if isinstance(assets, Path) else []
    on_path = shutil.which(name, path=environ.get("PATH"))
    found = [path for path in (*built, *([Path(on_path)] if on_path else [])) if os.access(path, os.X_OK)]
    return found[0] if found else f"There is no {name}. Remedy: `make cluster` builds {VERSIONS[name]} (needs Go)."


@dataclass(frozen=True)
class Krew:
    """`kubectl krew` in the folder `home`, which has nothing else; plugins go into a folder with a blank in its path."""

    home: Path
    kubectl: Path
    krew: Path

    @property
    def root(self) -> Path:
        return self.home / "krew root"

    @property
    def path(self) -> str:
        """A PATH with kubectl, krew, what krew installed, and the system's git, which krew asks for."""
        return os.pathsep.join((str(self.home / "bin"), str(self.root / "bin"), "/usr/bin", "/bin"))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`kubectl WORDS`, without a terminal."""
        folder = self.home / "bin"
        folder.mkdir(exist_ok=True)
        for name, program in (("kubectl", self.kubectl), ("kubectl-krew", self.krew)):
            if not (folder / name).exists():
                (folder / name).symlink_to(program)
        environ = {
            "HOME": str(self.home),
            "PATH": self.path,
            "KREW_ROOT": str(self.root),
            "KREW_NO_UPGRADE_CHECK": "1",
        }
        return subprocess.run(
            [folder / "kubectl", *words], env=environ, cwd=self.home, text=True, capture_output=True, check=False,
            stdin=subprocess.DEVNULL, timeout=100,
        )  # fmt: skip

    def ok(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout
