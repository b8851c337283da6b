#!/usr/bin/env bash
# build.sh          builds the Kubernetes that the tests run on, unless it is there already, and prints its folder
# build.sh --where  only prints the folder
#
# The folder is outside the checkout and named after what is built, so checkouts share it and a changed go.mod
# makes a new one. It appears complete or not at all: it is built next to its place and then renamed.
# tests/cluster/assets.py finds it by the same rule. Beside it are folders of other programs that tests run (build_tools below;
# tests/cluster/helm.py and tests/packaging/tools.py find them).
set -euo pipefail
cd "$(dirname "$0")/kube"

sum() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-sidecar
out=$cache/kube-$(cat go.mod go.sum main.go | sum | cut -c1-16)
if [[ ${1-} == --where ]]; then echo "$out"; exit; fi

tool=  # the one that is being built
build_tool() {  # build_tool NAME VERSION PACKAGE: without it only the tests that run it are skipped
  local place=$cache/$1-$2
  if [[ -x $place/$1 ]]; then return; fi
  echo "Building $1 $2 for the tests ..."
  mkdir -p "$cache"
  tool=$(mktemp -d "$cache/building.XXXXXX")
  if GOBIN=$tool GOFLAGS=-trimpath go install -ldflags "-s -w" "$3@$2"; then
    chmod 755 "$tool"
    mv -T "$tool" "$place" 2>/dev/null || mv "$tool" "$place"
  else
    echo "make cluster: $1 could not be built, so its tests will be skipped." >&2
    rm -rf "$tool"
  fi
}
build_tools() {
  build_tool helm v3.22.0 helm.sh/helm/v3/cmd/helm
  build_tool krew v0.4.3 sigs.k8s.io/krew/cmd/krew
  build_tool validate-krew-manifest v0.4.3 sigs.k8s.io/krew/cmd/validate-krew-manifest
  build_tool actionlint v1.7.12 github.com/rhysd/actionlint/cmd/actionlint
}
trap 'rm -rf "$tool"' EXIT

if [[ -x $out/kubectl ]]; then
  if command -v go >/dev/null; then build_tools; fi
  echo "Kubernetes for the tests is already built: $out"
  exit
fi
if ! command -v go >/dev/null; then
  echo "make cluster: the tests' Kubernetes is built from source, and there is no 'go' on the PATH." \
    "Install Go 1.25 or newer, or set KUBEBUILDER_ASSETS to a folder that has etcd, kube-apiserver," \
    "kube-controller-manager, kube-scheduler and kubectl (and kubelet for the node tests)." >&2
  exit 1
fi

version=v$(awk '$1 == "k8s.io/kubernetes" { print substr($2, 2); exit }' go.mod)
minor=${version#v1.}
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
done

mkdir -p "$cache"
building=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$building" "$tool"' EXIT
trap 'exit 130' INT TERM
echo "Building Kubernetes $version for the tests (some minutes the first time) ..."
go build -mod=readonly -trimpath -buildvcs=false -ldflags "$flags" -o "$building/kube" .
for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do
  ln -s kube "$building/$name"
done
"$building/kubectl" version --client >/dev/null
chmod 755 "$building"
if ! mv -T "$building" "$out" 2>/dev/null && [[ ! -x $out/kubectl ]]; then
  mv "$building" "$out"  # a mv without -T; when another build was first, its folder stands
fi
echo "Kubernetes for the tests is built: $out"
build_tools
