"""Fills a control plane with thousands of objects in seconds: plain HTTP over a few connections that stay open.

kubectl would take hours for it, one process or one table row at a time.
"""

import http.client
import itertools
import json
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from tests.bench.measure import BenchError
from tests.bench.workloads import NAMESPACES
from tests.cluster.control_plane import ControlPlane

_CONNECTIONS = 6


def make_namespaces(cluster: ControlPlane) -> None:
    """The namespaces of all Deployments."""
    bodies = ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in NAMESPACES)
    post(cluster, (("/api/v1/namespaces", body) for body in bodies))


def create_deployments(cluster: ControlPlane, bodies: Iterable[dict[str, Any]]) -> None:
    """Creates the Deployments in their namespaces, which are there."""
    post(cluster, ((f"/apis/apps/v1/namespaces/{b['metadata']['namespace']}/deployments", b) for b in bodies))


def post(cluster: ControlPlane, objects: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Creates objects, each a (path, body), over a few connections. Raises BenchError for the first that is refused."""
    work, lock, faults = iter(objects), threading.Lock(), list[str]()

    def send() -> None:
        try:
            with closing(connect(cluster)) as connection:
                for batch in _batches(work, lock):
                    for path, body in batch:
                        status, text = request(connection, cluster, "POST", path, json.dumps(body).encode())
                        if status != 201:
                            raise BenchError(f"POST {path}: {status} {text[:300].decode(errors='replace')}")
        except (BenchError, OSError, http.client.HTTPException) as error:
            faults.append(str(error))

    threads = [threading.Thread(target=send, daemon=True) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise BenchError(faults[0])


def _batches(
    work: Iterator[tuple[str, dict[str, Any]]], lock: threading.Lock
) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    while True:
        with lock:
            batch = list(itertools.islice(work, 20))
        if not batch:
            return
        yield batch


def connect(cluster: ControlPlane) -> http.client.HTTPSConnection:
    """A connection to the API server, opened with the first request."""
    address = urlsplit(cluster.server)
    context = ssl.create_default_context(cafile=str(cluster.ca))
    return http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=60)


def request(
    connection: http.client.HTTPSConnection, cluster: ControlPlane, method: str, path: str, body: bytes | None = None,
    *, accept: str = "application/json",
) -> tuple[int, bytes]:  # fmt: skip
    """Status and body of the answer to a request as admin."""
    headers = {"Authorization": f"Bearer {cluster.token_for('admin')}", "Accept": accept, "User-Agent": "bench"}
    connection.request(method, path, body, {**headers, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()
