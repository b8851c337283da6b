"""The flags that several commands share, declared once, and what they come to. docs and README's table of flags × commands
are tested against what is declared here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from kubectl_sidecar.cli.manners import flag, listing, optional_value, switch
from kubectl_sidecar.errors import InputError

if TYPE_CHECKING:
    from kubectl_sidecar.core.classification.findings import Override
    from kubectl_sidecar.core.facts import Version

F = TypeVar("F", bound=Callable[..., Any])

_CONNECTION = (
    flag("--namespace", "-n", help="Namespace to look in (a list, a,b, where a command takes several)."),
    flag("--context", help="Context of the kubeconfig to use."),
    flag("--kubeconfig", help="Path of the kubeconfig."),
    flag("--as", "as_user", help="User to act as (impersonation)."),
    listing("--as-group", split=False, help="Group to act as; may be given several times."),
    flag("--request-timeout", help="How long one request may take, as 10s or 1m; 0 means no limit."),
    switch("--demo", help="Use the embedded sample cluster; nothing real is touched."),
)
_OUTPUT = {
    "all": switch("--all-namespaces", "-A", help="Look in all namespaces."),
    "selector": flag("--selector", "-l", help="Label selector, as in kubectl."),
    "color": flag("--color", default="auto", choices=("auto", "always", "never"), help="When to use colour."),
    "no-headers": switch("--no-headers", help="Print no header line."),
    "container": listing("--container", help="NAME=sidecar, NAME=main or NAME=leave: your decision on a container."),
    "startup-probe": flag("--startup-probe", default="none", choices=("none", "auto"),
                          help="auto adds a startupProbe where a safe one is known."),
    "place": listing("--place", help="NAME=before:X, after:X, first or last: where among the init containers."),
    "files": listing("--filename", "-f", help="File, directory or - (standard input) to read instead of a cluster."),
    "kube-version": flag("--kube-version", help="With -f: the Kubernetes version that the cluster has, as 1.33."),
    "recursive": switch("--recursive", "-R", help="Go down into the directories of -f."),
    "recipes": listing("--recipes", metavar="DIR", help="Directory with recipes of your own; they go before the packaged ones."),
    "yes": switch("--yes", "-y", help="Do not ask; moves only what is certain."),
    "no-wait": switch("--no-wait", help="Do not wait for the rollout."),
    "timeout": flag("--timeout", default="10m", help="How long to wait for a rollout."),
    "field-manager": flag("--field-manager", default="kubectl-sidecar", help="Name of the manager that owns the changed fields."),
    "dry-run": optional_value("--dry-run", bare="client", default="none", choices=("none", "client", "server"),
                              help="client plans only; server also asks the server what it would say; nothing is written."),
    "accept": listing("--accept", help="Id of a blocker to go on in spite of."),
    "allow-owned": switch("--allow-owned", help="Patch although Helm, GitOps, an operator or kubectl apply owns the object."),
}  # fmt: skip


def connection(function: F) -> F:
    """The flags by which a cluster and a user are chosen."""
    for option in reversed(_CONNECTION):
        function = option(function)
    return function


def shared(*names: str) -> Callable[[F], F]:
    """Flags of `_OUTPUT` by their short names."""

    def decorate(function: F) -> F:
        for name in reversed(names):
            function = _OUTPUT[name](function)
        return function

    return decorate


@dataclass(frozen=True, slots=True)
class Connection:
    """Which cluster, as which user."""

    namespace: str | None
    context: str | None
    kubeconfig: str | None
    as_user: str | None
    as_group: tuple[str, ...]
    request_timeout: float | None
    demo: bool

    @classmethod
    def of(cls, options: dict[str, Any]) -> Connection:
        """Takes the connection's flags out of a command's parameters."""
        timeout = options.pop("request_timeout")
        return cls(
            namespace=options.pop("namespace"),
            context=options.pop("context"),
            kubeconfig=options.pop("kubeconfig"),
            as_user=options.pop("as_user"),
            as_group=tuple(options.pop("as_group")),
            request_timeout=duration(timeout, "--request-timeout") if timeout else None,
            demo=options.pop("demo"),
        )


_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration(text: str, name: str) -> float:
    """Seconds of a duration as Go writes it (`90s`, `1m30s`); a bare number is seconds, as kubectl's --request-timeout has it."""
    if re.fullmatch(r"[0-9]+", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InputError(f'{name}: "{text}" is not a duration; write 30s, 5m or 1h')
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def kube_version(text: str | None, *, files: bool) -> Version | None:
    """What `--kube-version` says. Raises InputError for what is no version, and beside a cluster, which is asked itself."""
    if text is None:
        return None
    from kubectl_sidecar.core.facts import parse_version

    if not files:
        raise InputError("--kube-version goes with -f; a cluster is asked for its version itself")
    version = parse_version(text)
    if version is None:
        raise InputError(f'--kube-version: "{text}" is not a Kubernetes version; write 1.33 or v1.33.4')
    return version


_OVERRIDES: tuple[Override, ...] = ("sidecar", "main", "leave")


def decisions(values: Iterable[str]) -> dict[str, Override]:
    """`--container NAME=sidecar` and the like. Raises InputError."""
    found: dict[str, Override] = {}
    for value in values:
        name, equals, word = value.partition("=")
        match = [known for known in _OVERRIDES if known == word]
        if not name or not equals or not match:
            raise InputError(f'--container: "{value}" is not NAME=sidecar, NAME=main or NAME=leave')
        found[name] = match[0]
    return found


def places(values: Iterable[str]) -> dict[str, str]:
    """`--place NAME=before:X` and the like; what may stand behind the = is judged where it is used."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, where = value.partition("=")
        if not name or not equals or not where:
            raise InputError(f'--place: "{value}" is not NAME=before:X, NAME=after:X, NAME=first or NAME=last')
        found[name] = where
    return found
