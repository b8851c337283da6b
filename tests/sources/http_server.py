"""An HTTP server on loopback that keeps every request as it came, and answers, or misbehaves, as a test says.

What a test looks at is what was on the wire: the header lines in their order and spelling, not what a client meant to send.
"""

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: Mapping[str, Any] | None = None
    """The client's certificate, as ssl gives it."""
    port: int = 0
    """The client's: one for each connection."""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def values(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        found = self.values(name)
        assert len(found) <= 1, f"{name} was sent {len(found)} times"
        return found[0] if found else None


@dataclass(frozen=True)
class Answer:
    """`fault`: `cut` ends the connection in mid-body, `reset` resets it before any answer, `hang` sends no answer until the
    server is stopped, `drip` sends the head and then a byte every 20 ms."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    fault: Literal["", "cut", "reset", "hang", "drip"] = ""
    chunked: bool = False
    zipped: bool = False


def of_json(value: object, status: int = 200, *headers: tuple[str, str]) -> Answer:
    return Answer(status, json.dumps(value).encode(), headers=headers)


def status_answer(code: int, reason: str, message: str, *headers: tuple[str, str], **more: Any) -> Answer:
    """A refusal as an API server words it."""
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return of_json({**status, **more}, code, *headers)


Behaviour = Callable[[Seen], Answer]


@dataclass
class HttpServer:
    """`behaviour` answers each request; change it at any time. `seen` grows, and `asked` is set, before the answer is sent."""

    url: str
    behaviour: Behaviour
    seen: list[Seen] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    def answers(self, *answers: Answer) -> None:
        """The answers in their order; the last one again and again."""
        left = list(answers)
        self.behaviour = lambda _: left.pop(0) if len(left) > 1 else left[0]


def _handler(server: HttpServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing on stderr."""

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
            request = Seen(self.command, self.path, tuple(self.headers.items()), body, peer, self.client_address[1])
            server.seen.append(request)
            server.asked.set()
            self._answer(server.behaviour(request))

        do_GET = do_POST = do_PATCH = _handle

        def do_CONNECT(self) -> None:
            """As a proxy: to wherever is asked for."""
            server.seen.append(Seen(self.command, self.path, tuple(self.headers.items()), b""))
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port))) as target:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pipe, args=(target, self.connection), daemon=True)
                back.start()
                _pipe(self.connection, target)
                back.join(5)
            self.close_connection = True

        def _answer(self, answer: Answer) -> None:
            if answer.fault == "hang":
                server.stopping.wait()
            if answer.fault in ("reset", "hang"):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                return
            body = gzip.compress(answer.body) if answer.zipped else answer.body
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            if answer.zipped:
                self.send_header("Content-Encoding", "gzip")
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self._send_body(answer, body)

        def _send_body(self, answer: Answer, body: bytes) -> None:
            if answer.fault == "drip":
                for byte in body:
                    if server.stopping.wait(0.02):
                        break
                    self.wfile.write(bytes([byte]))
            sent = body[: len(body) // 2] if answer.fault == "cut" else body
            if answer.chunked:
                for at in range(0, len(sent), 7):
                    part = sent[at : at + 7]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                if answer.fault != "cut":
                    self.wfile.write(b"0\r\n\r\n")
            elif answer.fault != "drip":
                self.wfile.write(sent)
            if answer.fault:
                self.close_connection = True

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, ssl.SSLError, BrokenPipeError):
                self.close_connection = True  # the client went away, as some tests want it to

    return Handler


def _pipe(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of the two is gone


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS is begun in the connection's own thread, so that one slow client does not stop the others."""
        if self.tls is not None:
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError):
                return  # a client that does not trust us
        try:
            super().finish_request(request, client_address)
        finally:
            if self.tls is not None:
                request.close()


@contextmanager
def http_server(*, certificate: tuple[Path, Path] | None = None, client_ca: Path | None = None) -> Iterator[HttpServer]:
    """Runs a server until the block ends; over TLS with `certificate` (PEM files: certificate, key), then asking clients for
    a certificate that `client_ca` signed."""
    with _Server(("127.0.0.1", 0), BaseHTTPRequestHandler) as running:
        scheme = "http"
        if certificate is not None:
            scheme, running.tls = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            running.tls.load_cert_chain(*certificate)
            if client_ca is not None:
                running.tls.verify_mode = ssl.CERT_OPTIONAL
                running.tls.load_verify_locations(client_ca)
        server = HttpServer(f"{scheme}://127.0.0.1:{running.server_address[1]}", lambda _: Answer())
        running.RequestHandlerClass = _handler(server)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            running.shutdown()
            thread.join()
