"""What went wrong, as one of our errors: every exception of the network and every answer of a server is mapped here, once.
The messages of an API server are passed on as they are; all others are sentences that name the server and what to do."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import urllib3.exceptions as http

from kubectl_sidecar.errors import (
    ApiError,
    BadAnswer,
    ClusterError,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    ServerFailure,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers in lower case; a header that came several times has several values."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        return (self.headers.get(name) or ("",))[0]

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> bool:
        return self.header("content-type").partition(";")[0].strip().lower() in ("application/json", "")


_CLASSES: Mapping[int, type[ApiError]] = {
    400: Invalid, 401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 410: Expired, 422: Invalid, 429: TooManyRequests,
}  # fmt: skip
_PLAIN: Mapping[int, str] = {
    404: "the server could not find the requested resource",  # what kubectl says for the API server's text/plain 404
    429: "the server has received too many requests and has asked us to try again later",
}


def refusal(answer: Answer, *, server: str, remedy: str, writing: bool) -> ClusterError:
    """The error of an answer that is not 2xx. `remedy` is for a 401; `writing` says that something may have been changed."""
    status, found = answer.status, _status_object(answer)
    unsure = f". {UNSURE}" if writing and status in (500, 502, 504) and (found is None or status == 504) else ""
    if status == 401:
        return Unauthorized(
            f"the server {server} did not accept the credentials: {remedy}", status=401, reason="Unauthorized"
        )
    kind = ServerFailure if status >= 500 else _CLASSES.get(status, ApiError)
    if found is None:
        if status >= 500:
            return ServerFailure(
                f"the server {server} answered {_named(answer)}; try again later{unsure}", status=status
            )
        if status in _PLAIN and not _html(answer) and not answer.body.lstrip().startswith(b"{"):
            return kind(_PLAIN[status], status=status, reason="NotFound" if status == 404 else "TooManyRequests")
        return not_kubernetes(answer, server=server)
    details = found.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    pairs = tuple(
        (str(cause.get("field") or ""), str(cause.get("message") or ""))
        for cause in (causes if isinstance(causes, list) else ())
        if isinstance(cause, dict)
    )
    message = str(found.get("message") or "") or f"the server {server} answered {_named(answer)}"
    return kind(message + unsure, status=status, reason=str(found.get("reason") or ""), causes=pairs)


def not_kubernetes(answer: Answer, *, server: str, why: str = "") -> BadAnswer:
    """The error of an answer that no API server gives: a login page, a proxy's page, a redirect, cut or foreign JSON."""
    if 300 <= answer.status < 400:
        target = urlsplit(answer.header("location"))
        where = f"{target.scheme}://{target.hostname}" if target.hostname else "another page"
        why = f"it sends us on to {where}"
    elif _html(answer):
        title = re.search(rb"<title[^>]*>\s*([^<]{1,80}?)\s*</title>", answer.body[:4096], re.IGNORECASE)
        name = "".join(c for c in title[1].decode(errors="replace") if c.isprintable()) if title else ""
        why = "it is a web page" + (f' titled "{name}"' if name else "")
    elif not why and (text := answer.body[:100].decode(errors="replace").strip()).isprintable() and text[:1].isalpha():
        why = f'it says "{text}"'  # such as "Client sent an HTTP request to an HTTPS server."
    why = why or f"it is {answer.header('content-type') or 'of no declared type'} and no Status of Kubernetes"
    return BadAnswer(
        f"the answer of {server} ({_named(answer)}) is not one of Kubernetes: {why}. Is a login page, a proxy or a wrong "
        "address between us? Check the network and the cluster's server in the kubeconfig"
    )


UNSURE = "Whether the change was made is not known: look at the object before trying again"


def unreachable(error: Exception, *, server: str, context: str, timeout: float | None, writing: bool) -> ClusterError:
    """The error of a request that got no whole answer; `timeout` in seconds."""
    why, perhaps_received = _why(error, server, context, timeout)
    unsure = f". {UNSURE}" if writing and perhaps_received else ""
    return Unreachable(why + unsure)


def _why(error: Exception, server: str, context: str, timeout: float | None) -> tuple[str, bool]:
    """The sentence, and whether the server may have received the request."""
    host = urlsplit(server).hostname
    chain = tuple(_chain(error))
    within = f" within {timeout:g} s" if timeout else ""
    for found in chain:
        if isinstance(found, ssl.SSLCertVerificationError):
            return _untrusted(found, server, context), False
        if isinstance(found, http.LocationValueError):
            return f'{server} is not an address: correct the server of context "{context}" in the kubeconfig', False
        if isinstance(found, http.ProxyError):
            return (
                f"the proxy in front of {server} does not let us through ({_last(chain)}); check proxy-url or HTTPS_PROXY",
                False,
            )
        if isinstance(found, http.NameResolutionError):
            return (
                f'the name "{host}" of the server {server} is not known here: check the network or VPN, and the server of '
                f'context "{context}" in the kubeconfig'
            ), False
        if isinstance(found, ConnectionRefusedError):
            return (
                f"nothing answers at {server} (connection refused): is the cluster running, and is context "
                f'"{context}" the one that is meant?'
            ), False
        if isinstance(found, http.ConnectTimeoutError) and not isinstance(found, http.NewConnectionError):
            return f"no connection to {server}{within}: check the network or VPN", False
        if isinstance(found, http.ReadTimeoutError | TimeoutError):
            return f"no answer from {server}{within}; --request-timeout sets how long to wait", True
    for found in chain:
        if isinstance(found, ssl.SSLError | http.SSLError):
            text = str(found)
            if "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text or "RECORD_LAYER_FAILURE" in text:
                return (
                    f"the server {server} does not speak TLS; is its address in the kubeconfig right (http or https)?",
                    False,
                )
            return f"no secure connection to {server}: {_last(chain)}", False
        if isinstance(found, http.NewConnectionError):
            return f"no connection to {server}: {_last(chain)}; check the network or VPN", False
    return f"the connection to {server} broke before the whole answer was there ({_last(chain)}); try again", True


def _untrusted(error: ssl.SSLCertVerificationError, server: str, context: str) -> str:
    said = error.verify_message or str(error)
    mismatch = "mismatch" in said.lower() or "not valid for" in said.lower()
    remedy = (
        f'use a name that the certificate has, or set tls-server-name for the cluster of context "{context}"'
        if mismatch
        else f'the certificate-authority of the cluster of context "{context}" in the kubeconfig must be the one that signed it'
    )
    return f"the certificate of {server} cannot be trusted: {said.rstrip('.')}; {remedy}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    while queue:
        found = queue.pop(0)
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        queue += [getattr(found, "original_error", None), found.__cause__, found.__context__]
        queue += [argument for argument in found.args if isinstance(argument, BaseException)]


def _last(chain: tuple[BaseException, ...]) -> str:
    """The deepest cause's own words, without the representations of objects that urllib3 puts around them."""
    for found in reversed(chain):
        if isinstance(found, OSError) and found.strerror:
            return found.strerror
    text = re.sub(r"<[^>]*>:?\s*|\w+\(.*?\):\s*", "", str(chain[-1])).strip(" ()'\",")
    return text or type(chain[-1]).__name__


def _status_object(answer: Answer) -> dict[str, object] | None:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("kind") == "Status" else None


def _html(answer: Answer) -> bool:
    return "html" in answer.header("content-type").lower() or answer.body.lstrip()[:1] == b"<"


def _named(answer: Answer) -> str:
    from http import HTTPStatus

    try:
        return f"{answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        return str(answer.status)


_WARNING = re.compile(r'\s*299\s+\S+\s+"((?:[^"\\]|\\.)*)"(?:\s+"[^"]*")?\s*(?:,|$)')


def warnings_of(answer: Answer) -> tuple[str, ...]:
    """The texts of the Warning headers (RFC 7234, 5.5), each once, in their order."""
    found: dict[str, None] = {}
    for value in answer.headers.get("warning", ()):
        at = 0
        while match := _WARNING.match(value, at):
            found[re.sub(r"\\(.)", r"\1", match[1])] = None
            at = match.end()
            if at >= len(value):
                break
    return tuple(found)
