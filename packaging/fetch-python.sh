#!/usr/bin/env bash
# Fetches the Python that release archives are made with, built against an old glibc, and the licences of what it is linked with:
#   packaging/fetch-python.sh FOLDER     gives FOLDER/python/install/bin/python3 and FOLDER/python/licenses
# It needs GitHub's gh, logged in, and zstd; the archive's attestation is checked.
set -euo pipefail
folder=${1:?usage: packaging/fetch-python.sh FOLDER}
repository=astral-sh/python-build-standalone release=20261009 python=3.13.16

case "$(uname -s) $(uname -m)" in
  "Linux x86_64") triple=x86_64-unknown-linux-gnu ;;
  "Linux aarch64") triple=aarch64-unknown-linux-gnu ;;
  "Darwin x86_64") triple=x86_64-apple-darwin ;;
  "Darwin arm64") triple=aarch64-apple-darwin ;;
  *) echo "fetch-python.sh: there is no Python for $(uname -sm)" >&2; exit 1 ;;
esac

archive="cpython-$python+$release-$triple-pgo+lto-full.tar.zst"
mkdir -p "$folder"
gh release download "$release" --repo "$repository" --pattern "$archive" --dir "$folder" --clobber
gh attestation verify "$folder/$archive" --repo "$repository"
zstd --decompress --stdout "$folder/$archive" | tar -x -C "$folder"
"$folder/python/install/bin/python3" --version
