"""What `make dist` leaves in dist/ for this machine, and whether it is what the sources would give now.

Looking never builds: a file that is missing or older than what it is made of is a sentence with its remedy."""

import platform
import sys
from pathlib import Path

from kubectl_sidecar import __version__

ROOT = Path(__file__).resolve().parent.parent.parent
DIST = ROOT / "dist"
ARCH = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), "")
NAME = f"kubectl-sidecar_v{__version__}_{sys.platform}_{ARCH}.tar.gz"
SOURCES = ("kubectl_sidecar", "migrations", "packaging")


def fault(path: Path) -> str:
    """What is wrong with a file of dist, or ""."""
    if not path.exists():
        return f"There is no {path.name} in dist. Remedy: `make dist`."
    newest = max(
        f.stat().st_mtime for name in SOURCES for f in (ROOT / name).rglob("*.[pyt]*") if "__pycache__" not in f.parts
    )
    return f"{path.name} is older than the sources. Remedy: `make dist`." if path.stat().st_mtime < newest else ""
