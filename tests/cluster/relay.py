"""A relay in front of a real API server that keeps the requests as they came: what an audit log would have of them."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.control_plane import ControlPlane
from tests.sources.http_server import Answer, HttpServer, Seen, http_server

_HOP_BY_HOP = frozenset({"host", "connection", "content-length", "accept-encoding", "transfer-encoding"})


@contextmanager
def relay(cluster: ControlPlane) -> Iterator[HttpServer]:
    """Trusted through the cluster's own authority; passes every request on, one at a time per connection."""
    certificate = cluster.authority.issue("relay", "/CN=relay", use="server")
    trust = ssl.create_default_context(cafile=str(cluster.ca))

    def pass_on(seen: Seen) -> Answer:
        headers = {name: value for name, value in seen.headers if name.lower() not in _HOP_BY_HOP}
        request = urllib.request.Request(
            cluster.server + seen.target, data=seen.body or None, method=seen.method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
                return Answer(answer.status, answer.read(), answer.headers.get_content_type())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers.get_content_type())

    with http_server(certificate=certificate) as server:
        server.behaviour = pass_on
        yield server
