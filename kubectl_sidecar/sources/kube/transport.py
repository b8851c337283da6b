"""Requests to one server: sent through the official client's connection pool, counted, repeated where that is safe, and read
to the end. What it takes from the client is the pool alone, because its way of loading credentials fails open (see
credentials.py) and its answers are built from models that drop unknown fields.

A request that changes something is sent again only when the server said that it did not process it (401 with other
credentials at hand; 429 or 503 with Retry-After). All others may also be sent again after a broken connection."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from kubectl_sidecar import __version__
from kubectl_sidecar.errors import BadAnswer, ClusterError, KubeconfigError
from kubectl_sidecar.sources.cluster import Clock
from kubectl_sidecar.sources.kube.client import Configuration, RESTClientObject
from kubectl_sidecar.sources.kube.credentials import Credentials, Headers, Login
from kubectl_sidecar.sources.kube.endpoint import ClientCertificate, Endpoint, tls_context
from kubectl_sidecar.sources.kube.faults import Answer, not_kubernetes, refusal, unreachable

CONNECTIONS = 16
"""Kept open at once: all kinds of a list and all facts of a plan in parallel, with some to spare."""
_CONNECT_SECONDS = 30.0  # as client-go dials
_BACKOFFS = (0.2, 0.8)  # seconds before a broken request is sent again
_RETRIES, _LONGEST_WAIT, _TOTAL_WAIT = 5, 30.0, 60.0  # of Retry-After, seconds
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `path` begins with / and is escaped. `changes` is whether the server may be another one after it."""

    method: str
    path: str
    query: str = ""
    accept: str = "application/json"
    content_type: str = ""
    body: bytes | None = None
    changes: bool = False


class Transport:
    """See the module. Safe to use from several threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        login: Login,
        *,
        context: str,
        impersonate: Headers,
        request_timeout: float | None,
        clock: Clock,
    ) -> None:
        self._endpoint, self._login, self._context, self._impersonate = endpoint, login, context, impersonate
        self._timeout, self._clock = request_timeout or None, clock
        self._lock = threading.Lock()
        self._sent = 0
        first = login.current()
        self._pool: tuple[ClientCertificate | None, Any] = (first.certificate, _pool(endpoint, first.certificate))

    @property
    def requests(self) -> int:
        """How many requests were sent, repeated ones included."""
        return self._sent

    def send(self, request: Request) -> Answer:
        """The 2xx answer to a request. Raises the errors of cluster.py."""
        credentials = self._login.current()
        refreshed, waited, waits, broken = False, 0.0, 0, 0
        while True:
            try:
                answer = self._once(request, credentials)
            except _Broken as fault:
                if request.changes or broken == len(_BACKOFFS) or not fault.again:
                    raise fault.error from fault.error.__cause__
                self._wait(_BACKOFFS[broken])
                broken += 1
                continue
            if answer.ok:
                return answer
            if answer.status == 401 and not refreshed:
                refreshed = True
                other = self._login.after_refusal(credentials)
                if other is not None:
                    credentials = other
                    continue
            pause = _retry_after(answer, request)
            if pause is not None and waits < _RETRIES and waited + pause <= _TOTAL_WAIT:
                self._wait(pause)
                waited, waits = waited + pause, waits + 1
                continue
            server, remedy = self._endpoint.server, self._login.remedy
            raise refusal(answer, server=server, remedy=remedy, writing=request.changes)

    def bad_answer(self, answer: Answer, why: str) -> BadAnswer:
        """The error of a 2xx answer that is not what was asked for."""
        return not_kubernetes(answer, server=self._endpoint.server, why=why)

    def close(self) -> None:
        """Closes the connections that nobody uses now."""
        self._pool[1].clear()

    def _wait(self, seconds: float) -> None:
        self._clock.wait(seconds, threading.Event())

    def _once(self, request: Request, credentials: Credentials) -> Answer:
        with self._lock:
            self._sent += 1
            if self._pool[0] != credentials.certificate:
                self._pool = (credentials.certificate, _pool(self._endpoint, credentials.certificate))
            pool = self._pool[1]
        url = self._endpoint.server + request.path + (f"?{request.query}" if request.query else "")
        deadline = None if self._timeout is None else self._clock.monotonic() + self._timeout
        try:
            response = pool.urlopen(
                request.method,
                url,
                body=request.body,
                headers=self._headers(request, credentials),
                timeout=_timeout(self._timeout),
                preload_content=False,
                retries=False,
                redirect=False,
            )
            try:
                body = self._read(response, deadline)
            except BaseException:
                response.close()  # a connection with the rest of an answer in it must not be used again
                raise
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._broken(error, request) from error
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in response.headers.items():
            headers[name.lower()] = (*headers.get(name.lower(), ()), value)
        return Answer(response.status, headers, body)

    def _read(self, response: Any, deadline: float | None) -> bytes:
        """The whole body, unzipped. The time limit is one of the whole request, as kubectl's, not of a single read."""
        if deadline is None:
            data: bytes = response.read(decode_content=True)
            return data
        parts: list[bytes] = []
        while part := response.read1(_CHUNK, decode_content=True):
            parts.append(part)
            if self._clock.monotonic() > deadline:
                raise TimeoutError("the whole answer")
        return b"".join(parts)

    def _headers(self, request: Request, credentials: Credentials) -> urllib3.HTTPHeaderDict:
        headers = urllib3.HTTPHeaderDict({"User-Agent": f"kubectl-sidecar/{__version__}", "Accept": request.accept})
        # Also on loopback: to unzip costs us less than to read ten times as many of the server's 4 KB chunks.
        headers["Accept-Encoding"] = "gzip"
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if credentials.authorization:
            headers["Authorization"] = credentials.authorization
        for name, value in self._impersonate:
            headers.add(name, value)
        return headers

    def _broken(self, error: Exception, request: Request) -> _Broken:
        server = self._endpoint.server
        if isinstance(error, urllib3.exceptions.DecodeError):
            return _Broken(
                BadAnswer(f"the compressed answer of {server} is damaged; try again, or check the proxy between us")
            )
        mapped = unreachable(
            error, server=server, context=self._context, timeout=self._timeout, writing=request.changes
        )
        mapped.__cause__ = error
        reset = isinstance(error, urllib3.exceptions.ProtocolError | ConnectionError)
        return _Broken(mapped, again=reset and not isinstance(error, TimeoutError))


class _Broken(Exception):
    """No whole answer; `again` is whether the same request may well succeed."""

    def __init__(self, error: ClusterError, *, again: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.again = again


def _timeout(seconds: float | None) -> urllib3.Timeout:
    if seconds is None:
        return urllib3.Timeout(connect=_CONNECT_SECONDS, read=None)
    return urllib3.Timeout(total=seconds, connect=min(seconds, _CONNECT_SECONDS))


def _retry_after(answer: Answer, request: Request) -> float | None:
    """The seconds to wait before the same request is sent again, None for not at all."""
    text = answer.header("retry-after").strip()
    again = answer.status == 429 or (answer.status == 503 if request.changes else answer.status >= 500)
    if not again or not text.isdigit() or len(text) > 6:
        return None
    return min(float(text), _LONGEST_WAIT)


def _pool(endpoint: Endpoint, certificate: ClientCertificate | None) -> Any:
    """The official client's pool for this server (a urllib3 PoolManager or ProxyManager)."""
    configuration = Configuration()
    configuration.host = endpoint.server
    configuration.verify_ssl = not endpoint.insecure
    configuration.tls_server_name = endpoint.server_name or None
    configuration.proxy = _proxy(endpoint.proxy)
    configuration.no_proxy = ""  # it is decided already, see endpoint.py
    configuration.connection_pool_maxsize = CONNECTIONS
    configuration.socket_options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    if endpoint.proxy and (user := urlsplit(endpoint.proxy)).username is not None and user.scheme.startswith("http"):
        login = f"{unquote(user.username or '')}:{unquote(user.password or '')}"
        configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=login)
    pool = RESTClientObject(configuration).pool_manager
    if endpoint.secure:
        # Made once: left to urllib3, each connection would read the certificates again.
        pool.connection_pool_kw["ssl_context"] = tls_context(endpoint, certificate)
        if endpoint.insecure:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return pool


def _proxy(address: str) -> str | None:
    if address.startswith("socks"):
        from importlib.util import find_spec

        if find_spec("socks") is None:
            raise KubeconfigError("a socks5 proxy needs the Python package PySocks: install it, or use an http proxy")
    return address or None
