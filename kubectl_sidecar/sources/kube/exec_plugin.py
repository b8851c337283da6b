"""Credentials from an exec plugin (aws, gke-gcloud-auth-plugin, kubelogin …), by the rules of client-go
(plugin/pkg/client/auth/exec). A plugin that fails, or gives nothing, is an error that shows the command and what it said:
the official client only logs that and goes on without credentials, and lets the plugin read our standard input."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubectl_sidecar.errors import CredentialsError
from kubectl_sidecar.sources.kube.endpoint import Endpoint
from kubectl_sidecar.sources.kube.kubeconfig import Entry

_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


@dataclass(frozen=True, slots=True)
class Issued:
    """What a plugin gave: a token, a certificate with its key (PEM texts), or both."""

    token: str = field(repr=False)
    certificate: str = field(repr=False)
    key: str = field(repr=False)
    expires: datetime | None


_SECRET = re.compile(r"-[\w-]*(secret|password|passwd|token|key)[\w-]*", re.IGNORECASE)


def command_of(user: Entry) -> str:
    """The plugin's command line for people, without its environment and without the values of flags that are secrets (kubelogin
    has --oidc-client-secret=…); "" where the user has no plugin."""
    spec = user.fields.get("exec")
    if not isinstance(spec, Mapping):
        return ""
    shown, hide = [str(spec.get("command"))], False
    for argument in spec.get("args") or ():
        flag, equals, _ = str(argument).partition("=")
        secret = _SECRET.fullmatch(flag) is not None
        shown.append("…" if hide and not flag.startswith("-") else f"{flag}=…" if secret and equals else str(argument))
        hide = secret and not equals
    return " ".join(shown)


def may_ask(user: Entry) -> bool:
    """Whether the plugin of `user` may talk to a person, and there is a terminal to do so."""
    spec = user.fields.get("exec")
    mode = spec.get("interactiveMode") if isinstance(spec, Mapping) else "Never"
    return mode != "Never" and sys.stdin is not None and sys.stdin.isatty()


def run(
    user: Entry,
    endpoint: Endpoint,
    *,
    interactive: bool,
    environ: Mapping[str, str],
    patience_seconds: float | None = None,
) -> Issued:
    """Asks the plugin of `user`. With `interactive` it may use the terminal; else it reads nothing and what it writes to stderr
    is kept for the error. It is ended after `patience_seconds`. Raises CredentialsError."""
    import subprocess

    spec = user.fields["exec"]
    version, arguments, plugin_environ = _checked(user, spec)
    talks = _talks(user, spec, version, interactive=interactive)
    info = {"kind": "ExecCredential", "apiVersion": version, "spec": {"interactive": talks}}
    if spec.get("provideClusterInfo"):
        info["spec"]["cluster"] = _cluster_info(endpoint)  # type: ignore[index]
    plugin_environ = {**environ, **plugin_environ, "KUBERNETES_EXEC_INFO": json.dumps(info)}
    try:
        done = subprocess.run(
            arguments,
            stdin=None if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if interactive else subprocess.PIPE,
            env=plugin_environ,
            check=False,
            timeout=patience_seconds,
        )
    except subprocess.TimeoutExpired as error:
        what = f"gave no answer within {patience_seconds:g} s"
        raise CredentialsError(_failed(user, what, error.stderr)) from error
    except OSError as error:
        hint = _clean(str(spec.get("installHint") or ""))
        why = (
            "it is not installed or not on PATH"
            if isinstance(error, FileNotFoundError)
            else error.strerror or str(error)
        )
        raise CredentialsError(
            f"the {user} logs in with `{command_of(user)}`, which cannot be run: {why}" + (f"\n{hint}" if hint else "")
        ) from error
    if done.returncode:
        raise CredentialsError(_failed(user, f"failed with exit code {done.returncode}", done.stderr))
    return _answer(user, version, done.stdout, done.stderr)


def _checked(user: Entry, spec: Any) -> tuple[str, list[str], dict[str, str]]:
    if not isinstance(spec, Mapping) or not isinstance(spec.get("command"), str) or not spec["command"]:
        raise CredentialsError(f"the {user}: its exec names no command")
    version, command, arguments = spec.get("apiVersion"), spec["command"], spec.get("args") or []
    if version not in _VERSIONS:
        raise CredentialsError(
            f"the {user}: its exec has the apiVersion {version!r}, and kubectl knows {' and '.join(_VERSIONS)}; "
            "update the tool that wrote it and log in again"
        )
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise CredentialsError(f"the {user}: exec.args must be a list of texts")
    variables = spec.get("env") or []
    if not isinstance(variables, list) or not all(
        isinstance(v, Mapping) and isinstance(v.get("name"), str) and isinstance(v.get("value") or "", str)
        for v in variables
    ):
        raise CredentialsError(f"the {user}: exec.env must be a list of names and values (texts)")
    if re.search(r"[/\\]", command) and not Path(command).is_absolute():
        command = os.fspath(user.file.parent / command)
    return str(version), [command, *arguments], {v["name"]: v.get("value") or "" for v in variables}


def _talks(user: Entry, spec: Mapping[str, Any], version: str, *, interactive: bool) -> bool:
    mode = spec.get("interactiveMode") or ("" if version == _VERSIONS[0] else "IfAvailable")
    if mode not in ("Never", "IfAvailable", "Always"):
        raise CredentialsError(f"the {user}: exec.interactiveMode must be Never, IfAvailable or Always")
    talks = mode != "Never" and interactive and sys.stdin is not None and sys.stdin.isatty()
    if mode == "Always" and not talks:
        raise CredentialsError(
            f"the {user} logs in with `{command_of(user)}`, which must ask you something, and there is no terminal to ask on; "
            "run `kubectl auth whoami` on a terminal first"
        )
    return talks


def _cluster_info(endpoint: Endpoint) -> dict[str, Any]:
    cluster: dict[str, Any] = {"server": endpoint.server}
    if endpoint.server_name:
        cluster["tls-server-name"] = endpoint.server_name
    if endpoint.insecure:
        cluster["insecure-skip-tls-verify"] = True
    if endpoint.authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(endpoint.authority).decode()
    if proxy := endpoint.entry.text("proxy-url"):
        cluster["proxy-url"] = proxy
    extensions = endpoint.entry.fields.get("extensions")
    for extension in extensions if isinstance(extensions, list) else ():
        if isinstance(extension, Mapping) and extension.get("name") == "client.authentication.k8s.io/exec":
            cluster["config"] = extension.get("extension")
    return cluster


def _answer(user: Entry, version: str, stdout: bytes, stderr: bytes | None) -> Issued:
    def bad(why: str) -> CredentialsError:
        return CredentialsError(_failed(user, f"gave no credentials: {why}", stderr))

    try:
        answer = json.loads(stdout)
    except ValueError as error:
        raise bad("its output is not JSON") from error
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise bad("its output is not an ExecCredential")
    if answer.get("apiVersion") != version:
        raise bad(f"its output is of {answer.get('apiVersion')!r}, and the kubeconfig asks for {version}")
    status = answer.get("status")
    if not isinstance(status, dict):
        raise bad("its output has no status")
    values = [status.get(key) or "" for key in ("token", "clientCertificateData", "clientKeyData")]
    if not all(isinstance(value, str) for value in values):
        raise bad("its status holds something else than texts")
    token, certificate, key = values
    if bool(certificate) != bool(key):
        raise bad("its status has a client certificate without key, or a key without certificate")
    if not token.strip() and not certificate:
        raise bad("its status has neither a token nor a client certificate")
    expires = status.get("expirationTimestamp")
    try:
        when = None if expires is None else _time(expires)
    except (TypeError, ValueError) as error:
        raise bad("its expirationTimestamp is not a time") from error
    return Issued(token.strip(), certificate, key, when)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _failed(user: Entry, what: str, stderr: bytes | None) -> str:
    said = _clean((stderr or b"").decode(errors="replace"))
    tail = "\n".join(said.splitlines()[-20:])
    return f"the {user} logs in with `{command_of(user)}`, which {what}" + (f"; it said:\n{tail}" if tail else "")


def _clean(text: str) -> str:
    """Without escape sequences and control characters, which could redraw the terminal."""
    without = re.sub(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])", "", text)
    return "".join(c for c in without if c in "\n\t" or c.isprintable()).strip()
