"""Who we are to the server. The law of this module: **credentials fail closed**. What the kubeconfig configures is obtained and
sent, or nothing is sent at all; a field that is not understood is refused, because it may be the one that matters.

A login that runs out later is renewed in silence first. Only where that fails, and its plugin may ask a person, the terminal
is asked for: whoever draws on it hands it over meanwhile (`ask_on`).

Only a context that names no user, or a user entry without any field, is anonymous. The precedence is client-go's: a token
file before a token before an exec plugin; a client certificate goes along with any of them."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from kubectl_sidecar.errors import CredentialsError
from kubectl_sidecar.sources.cluster import Clock
from kubectl_sidecar.sources.kube import exec_plugin
from kubectl_sidecar.sources.kube.endpoint import ClientCertificate, Endpoint, pem
from kubectl_sidecar.sources.kube.kubeconfig import Entry

_SECRETS = frozenset({
    "client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile", "exec",
    "username", "password",
})  # fmt: skip
_KNOWN = _SECRETS | {"as", "as-uid", "as-groups", "as-user-extra", "extensions"}
_TOKEN_FILE_SECONDS = 60.0  # client-go reads a token file again after a minute (transport/token_source.go)
_PATIENCE_SECONDS = 10.0
"""How long a plugin may think in silence where it could ask instead: it may wait for somebody to read what it says."""
_SETTLE_SECONDS = 2.0
"""How long a failed renewal stands, so that the requests that waited for it do not ask the same person again, one by one."""
Headers = tuple[tuple[str, str], ...]
Terminal = Callable[[Callable[[], None]], bool]
"""Calls what it is given, which may raise, while the terminal is free to be talked on; false where that cannot be."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who we are: the value of the Authorization header ("" for none), a client certificate."""

    authorization: str = field(default="", repr=False)
    certificate: ClientCertificate | None = None
    expires: datetime | None = None


class Login:
    """The login of one user entry, obtained when made, renewed when needed; may be used by several threads."""

    def __init__(
        self, user: Entry | None, endpoint: Endpoint, *, interactive: bool, clock: Clock, environ: Mapping[str, str]
    ) -> None:
        self._user, self._endpoint, self._clock, self._environ = user, endpoint, clock, environ
        self._lock = threading.Lock()
        self._terminal: Terminal | None = None
        self._failed: tuple[float, str] | None = None
        if user is not None:
            _check(user, endpoint)
        self._current = self._obtain(interactive=interactive)
        self._read_at = clock.monotonic()

    def current(self) -> Credentials:
        """The credentials to send now, renewed if they are past their time. Raises CredentialsError."""
        with self._lock:
            expires = self._current.expires
            aged = self._clock.monotonic() - self._read_at >= _TOKEN_FILE_SECONDS
            if (expires is not None and expires <= self._clock.now()) or (aged and self._has("tokenFile")):
                self._renew()
            return self._current

    def after_refusal(self, refused: Credentials) -> Credentials | None:
        """Other credentials than the refused ones, or None where there can be none. Raises CredentialsError."""
        with self._lock:
            if self._current is refused and (self._from_plugin() or self._has("tokenFile")):
                self._renew()
            same = (
                self._current.authorization == refused.authorization
                and self._current.certificate == refused.certificate
            )
            return None if same else self._current

    def ask_on(self, terminal: Terminal) -> None:
        """From now on a plugin that has to ask a person gets the terminal from `terminal`; until then it fails."""
        self._terminal = terminal

    @property
    def remedy(self) -> str:
        """What a person can do when the server refuses these credentials."""
        if self._user is None or not (_SECRETS & set(self._user.fields)):
            return "the context has no credentials: log in with your provider's tool, or choose another with --context"
        if self._from_plugin():
            command = exec_plugin.command_of(self._user)
            return f"log in again with the tool behind `{command}`; `kubectl auth whoami` shows whether it worked"
        what = next((words for key, words in _WORDS.items() if self._has(key)), "credentials")
        return f"the {what} of the {self._user} may have expired: log in again; `kubectl auth whoami` shows whether it worked"

    def _has(self, key: str) -> bool:
        return self._user is not None and self._user.fields.get(key) is not None

    def _from_plugin(self) -> bool:
        return self._has("exec") and not self._has("token") and not self._has("tokenFile")

    def _renew(self) -> None:
        if self._failed is not None and self._clock.monotonic() - self._failed[0] < _SETTLE_SECONDS:
            raise CredentialsError(self._failed[1])
        try:
            self._current = self._obtain_or_ask()
        except CredentialsError as error:
            self._failed = (self._clock.monotonic(), str(error))
            raise
        self._failed, self._read_at = None, self._clock.monotonic()

    def _obtain_or_ask(self) -> Credentials:
        user, terminal = self._user, self._terminal
        if terminal is None or user is None or not self._from_plugin() or not exec_plugin.may_ask(user):
            return self._obtain(interactive=False)
        try:
            return self._obtain(interactive=False, patience_seconds=_PATIENCE_SECONDS)
        except CredentialsError:
            found: list[Credentials] = []
            if not terminal(lambda: found.append(self._obtain(interactive=True))):
                raise
            return found[0]

    def _obtain(self, *, interactive: bool, patience_seconds: float | None = None) -> Credentials:
        user = self._user
        if user is None:
            return Credentials()
        certificate = _certificate(user)
        if self._has("tokenFile"):
            return Credentials(_bearer(_token_in(user), user), certificate)
        if self._has("token"):
            return Credentials(_bearer(user.text("token"), user), certificate)
        if self._has("exec"):
            issued = exec_plugin.run(
                user,
                self._endpoint,
                interactive=interactive,
                environ=self._environ,
                patience_seconds=patience_seconds,
            )
            if issued.certificate:
                certificate = ClientCertificate(
                    issued.certificate.encode(), issued.key.encode(), f"{user} (from its plugin)"
                )
            return Credentials(_bearer(issued.token, user) if issued.token else "", certificate, issued.expires)
        if self._has("username"):
            basic = base64.b64encode(f"{user.text('username')}:{user.text('password')}".encode()).decode()
            return Credentials(f"Basic {basic}", certificate)
        return Credentials("", certificate)


_WORDS = {"tokenFile": "token", "token": "token", "username": "password", "client-certificate": "client certificate",
          "client-certificate-data": "client certificate"}  # fmt: skip


def _check(user: Entry, endpoint: Endpoint) -> None:
    """Refuses what cannot be honoured."""
    given = {key for key, value in user.fields.items() if value is not None}
    if "auth-provider" in given:
        provider = user.fields["auth-provider"]
        name = provider.get("name") if isinstance(provider, Mapping) else None
        raise CredentialsError(
            f"the {user} logs in with the auth-provider {name or 'without name'}, which is not supported (kubectl removed most "
            "of them in 1.26); log in with your provider's exec plugin instead"
        )
    if unknown := sorted(given - _KNOWN):
        raise CredentialsError(
            f"the {user} has fields that this program does not know ({', '.join(unknown)}); as they may be credentials, "
            "nothing was sent"
        )
    if given & {"token", "tokenFile"} and given & {"username", "password"}:
        raise CredentialsError(f"the {user} has both a token and a password; keep one of them, as kubectl too demands")
    if ("username" in given) != ("password" in given) or ("username" in given and not user.text("username")):
        raise CredentialsError(f"the {user} must have both a username and a password, or neither")
    if given & _SECRETS and not endpoint.secure and not endpoint.loopback:
        raise CredentialsError(
            f"the server {endpoint.server} is not https, so everybody on the way could read the credentials of the {user}; "
            "nothing was sent. Use an https address"
        )


def _certificate(user: Entry) -> ClientCertificate | None:
    certificate = pem(user, "client-certificate", fault=CredentialsError)
    key = pem(user, "client-key", fault=CredentialsError)
    for name in ("client-certificate", "client-key"):
        if any(user.fields.get(n) == "" for n in (name, f"{name}-data")) and not any(
            user.fields.get(n) for n in (name, f"{name}-data")
        ):
            raise CredentialsError(f"the {user}: its {name} is empty")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise CredentialsError(f"the {user} must have both a client-certificate and a client-key, or neither")
    return ClientCertificate(certificate, key, str(user))


def _token_in(user: Entry) -> str:
    path: Path | None = user.path("tokenFile")
    if path is None:
        raise CredentialsError(f"the {user}: its tokenFile is empty")
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise CredentialsError(f"the {user}: its token file {path} cannot be read: {why}") from error
    if not token:
        raise CredentialsError(f"the {user}: its token file {path} is empty")
    return token


def _bearer(token: str, user: Entry) -> str:
    token = token.strip()
    if not token:
        raise CredentialsError(f"the {user}: its token is empty; log in again")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError(f"the {user}: its token holds characters that no token can have; log in again")
    return f"Bearer {token}"


def impersonation(user: Entry | None, *, as_user: str | None, as_groups: Sequence[str]) -> Headers:
    """The Impersonate headers; a flag replaces the same field of the kubeconfig and leaves the others, as in kubectl.
    Raises CredentialsError."""
    entry = user or Entry("user", "", {}, Path())
    name = as_user or entry.text("as")
    groups = tuple(as_groups) or _texts(entry, "as-groups", entry.fields.get("as-groups"))
    extra = entry.fields.get("as-user-extra") or {}
    if not isinstance(extra, Mapping):
        raise CredentialsError(f"the {entry}: as-user-extra must be a mapping of lists")
    uid = entry.text("as-uid")
    if not name:
        if groups or extra or uid:
            raise CredentialsError("a group, uid or extra to act as needs a user to act as: give --as too")
        return ()
    headers = [("Impersonate-User", name)]
    headers += [("Impersonate-Uid", uid)] if uid else []
    headers += [("Impersonate-Group", group) for group in groups]
    for key, values in extra.items():
        escaped = quote(str(key).lower(), safe="!#$&'*+-.^_`|~")
        headers += [(f"Impersonate-Extra-{escaped}", value) for value in _texts(entry, f"as-user-extra.{key}", values)]
    for header, value in headers:
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise CredentialsError(f"{header}: a name to act as cannot hold control characters")
    return tuple(
        (header, value.encode().decode("latin-1")) for header, value in headers
    )  # UTF-8 on the wire, as kubectl


def _texts(entry: Entry, key: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list | None) or not all(isinstance(value, str) for value in values or ()):
        raise CredentialsError(f"the {entry}: {key} must be a list of texts")
    return tuple(values or ())
