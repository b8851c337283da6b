"""Renders plugin.yaml, the manifest of krew, from its one template: the version from the package, and for each archive of a
folder its platform, address and sha256. An archive that is not there is not listed.

`python packaging/render.py [--archives dist] [--to plugin.yaml]`"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "kubectl-sidecar"
RELEASES = "https://github.com/kubectl-sidecar/kubectl-sidecar/releases/download"
PLATFORMS = (("linux", "amd64"), ("linux", "arm64"), ("darwin", "amd64"), ("darwin", "arm64"))

_PLATFORM = """
  - selector:
      matchLabels:
        os: {os}
        arch: {arch}
    uri: {uri}
    sha256: {sha256}
    # the archive has one folder, so that unpacking it by hand makes no mess
    files:
    - from: {name}/*
      to: .
    bin: {name}"""


def render(archives: Path, *, version: str) -> str:
    """The manifest of this version (without a v) for its archives in the folder."""
    listed = []
    for os, arch in PLATFORMS:
        archive = archives / f"{NAME}_v{version}_{os}_{arch}.tar.gz"
        if archive.exists():
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            uri = f"{RELEASES}/v{version}/{archive.name}"
            listed.append(_PLATFORM.format(os=os, arch=arch, uri=uri, sha256=digest, name=NAME))
    template = (HERE / "plugin.yaml.in").read_text(encoding="utf-8")
    return template.replace("@VERSION@", version).replace("@PLATFORMS@", "".join(listed) or " []")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Render krew's manifest for the archives of a folder.")
    parser.add_argument(
        "--archives", type=Path, default=HERE.parent / "dist", help="folder of archives (default: dist)"
    )
    parser.add_argument("--to", type=Path, help="file to write (default: print it)")
    options = parser.parse_args()
    from build import version

    manifest = render(options.archives, version=version())
    if options.to:
        options.to.write_text(manifest, encoding="utf-8")
    else:
        sys.stdout.write(manifest)


if __name__ == "__main__":
    main()
