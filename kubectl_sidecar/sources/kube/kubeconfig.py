"""Which cluster and which user are meant: kubeconfig files, merged as kubectl merges them, or the Pod's service account.

client-go's rules (tools/clientcmd): of several files in KUBECONFIG the first that has a name wins, whole entries at a time;
files that do not exist are left out; a file named by --kubeconfig must exist and is the only one. Relative paths in an entry
start at the folder of the file that the entry is from. The official client lets the *last* current-context win, which could
pick another cluster than kubectl does, so the merge is made here. Nothing is changed on disk, and no request is sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from kubectl_sidecar.errors import KubeconfigError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LISTS = ("clusters", "contexts", "users")


@dataclass(frozen=True, slots=True)
class Entry:
    """A cluster, context or user, and the file that it is from. Its fields may be secrets: never shown."""

    kind: str
    name: str
    fields: Mapping[str, Any] = field(repr=False)
    file: Path

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}" in {self.file}'

    def text(self, key: str) -> str:
        """A text field, "" where it is absent. Raises KubeconfigError."""
        value = self.fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise KubeconfigError(f"{self}: {key} must be a text, not {_type(value)}; put it in quotes")
        return value

    def truth(self, key: str) -> bool:
        """A true or false field. Raises KubeconfigError."""
        value = self.fields.get(key) or False
        if not isinstance(value, bool):
            raise KubeconfigError(f"{self}: {key} must be true or false, not {_type(value)}")
        return value

    def path(self, key: str) -> Path | None:
        """A path field, from the folder of the entry's file."""
        text = self.text(key)
        return self.file.parent / text if text else None


@dataclass(frozen=True, slots=True)
class Selection:
    """A context with what it names. `user` is None where the context names none: then, and only then, no login is meant."""

    context: str
    namespace: str
    cluster: Entry
    user: Entry | None


def select(
    *,
    kubeconfig: str | None,
    context: str | None,
    environ: Mapping[str, str],
    service_account: Path = SERVICE_ACCOUNT,
) -> Selection:
    """What the user's flags and surroundings choose. Raises KubeconfigError."""
    files = _files(kubeconfig, environ)
    read = [(path, _read(path)) for path in files if kubeconfig or path.exists()]
    merged = _merge(read)
    current = context or next((name for path, data in read if (name := _current(path, data))), "")
    where = ", ".join(str(path) for path, _ in read)
    if not any(merged.values()) and not current:
        if not kubeconfig and environ.get("KUBERNETES_SERVICE_HOST") and (service_account / "token").exists():
            return _in_cluster(environ, service_account)
        raise KubeconfigError(
            f"{where}: there is no cluster in it. {_HOW}"
            if where
            else f"there is no kubeconfig at {_listed(files)}. {_HOW}"
        )
    known = f"known are {', '.join(sorted(merged['contexts']))}" if merged["contexts"] else "there is no context at all"
    if not current:
        raise KubeconfigError(f"{where}: no current context is set; choose one with --context ({known})")
    found = merged["contexts"].get(current)
    if found is None:
        raise KubeconfigError(f'there is no context "{current}" in {where or _listed(files)}; {known}')
    return Selection(
        current, found.text("namespace") or "default", _named(found, "cluster", merged), _user(found, merged)
    )


_HOW = "Log in with your provider's tool, or name a file with --kubeconfig or KUBECONFIG"


def _files(kubeconfig: str | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    if kubeconfig:
        return (Path(kubeconfig).expanduser().absolute(),)
    listed = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return tuple(dict.fromkeys(Path(part).absolute() for part in listed))
    home = environ.get("HOME") or environ.get("USERPROFILE")
    try:
        return ((Path(home) if home else Path.home()) / ".kube" / "config",)
    except RuntimeError as error:  # no HOME, and no entry for this user
        raise KubeconfigError(f"there is no home directory to look for a kubeconfig in. {_HOW}") from error


def _read(path: Path) -> Mapping[str, Any]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise KubeconfigError(f"the kubeconfig {path} does not exist") from error
    except OSError as error:
        raise KubeconfigError(f"the kubeconfig {path} cannot be read: {error.strerror or error}") from error
    parsed = _parse(path, data)
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise KubeconfigError(f"{path} is not a kubeconfig: it holds {_type(parsed)}, not clusters, contexts and users")
    if parsed.get("kind") not in (None, "", "Config"):
        raise KubeconfigError(f"{path} is not a kubeconfig: its kind is {parsed.get('kind')!r}, not Config")
    return parsed


def _parse(path: Path, data: bytes) -> Any:
    if data.lstrip()[:1] == b"{":
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError:
            pass  # a flow mapping of YAML, or broken: the YAML parser says where
    import yaml

    try:
        return yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{path}:{mark.line + 1}" if mark else str(path)
        raise KubeconfigError(
            f"{at}: the kubeconfig is not valid YAML ({getattr(error, 'problem', None) or 'unreadable'})"
        ) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise KubeconfigError(f"{path}: the kubeconfig is not valid YAML ({type(error).__name__})") from error


def _merge(read: Iterable[tuple[Path, Mapping[str, Any]]]) -> dict[str, dict[str, Entry]]:
    merged: dict[str, dict[str, Entry]] = {kind: {} for kind in _LISTS}
    for path, data in read:
        for kind in _LISTS:
            for name, entry in _entries(path, kind, data.get(kind)).items():
                merged[kind].setdefault(name, entry)
    return merged


def _entries(path: Path, kind: str, listed: Any) -> dict[str, Entry]:
    if not isinstance(listed, list | None):
        raise KubeconfigError(f"{path}: {kind} must be a list, not {_type(listed)}")
    singular = kind[:-1]
    found: dict[str, Entry] = {}
    for index, item in enumerate(listed or ()):
        at = f"{path}: {kind}[{index}]"
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise KubeconfigError(f"{at} must have a name (a text) and a {singular}")
        fields = item.get(singular) or {}
        if not isinstance(fields, dict):
            raise KubeconfigError(f"{at}.{singular} must be a mapping, not {_type(fields)}")
        if item["name"] in found:
            raise KubeconfigError(f'{at}: there are two {kind} called "{item["name"]}"; remove one')
        found[item["name"]] = Entry(singular, item["name"], fields, path)
    return found


def _current(path: Path, data: Mapping[str, Any]) -> str:
    current = data.get("current-context") or ""
    if not isinstance(current, str):
        raise KubeconfigError(f"{path}: current-context must be a text, not {_type(current)}")
    return current


def _named(context: Entry, kind: str, merged: Mapping[str, Mapping[str, Entry]]) -> Entry:
    name = context.text(kind)
    found = merged[f"{kind}s"].get(name)
    if found is None:
        known = ", ".join(sorted(merged[f"{kind}s"])) or "none"
        named = f'names the {kind} "{name}", which does not exist' if name else f"names no {kind}"
        raise KubeconfigError(f"the {context} {named}; known are: {known}")
    return found


def _user(context: Entry, merged: Mapping[str, Mapping[str, Entry]]) -> Entry | None:
    return _named(context, "user", merged) if context.text("user") else None


def _in_cluster(environ: Mapping[str, str], folder: Path) -> Selection:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT") or "443"
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    ca = folder / "ca.crt"
    namespace = environ.get("POD_NAMESPACE") or ""
    try:
        namespace = namespace or (folder / "namespace").read_text().strip()
    except OSError:
        pass  # client-go too goes on with `default`
    return Selection(
        "in-cluster",
        namespace or "default",
        Entry("cluster", "in-cluster", {"server": server, "certificate-authority": str(ca)}, ca),
        Entry("user", "service account", {"tokenFile": str(folder / "token")}, folder / "token"),
    )


def _listed(files: Iterable[Path]) -> str:
    return ", ".join(str(path) for path in files)


def _type(value: object) -> str:
    names = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a mapping",
    }
    return "nothing" if value is None else names.get(type(value), type(value).__name__)
