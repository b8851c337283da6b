"""A mutating admission webhook for the Pods of one namespace: a real HTTPS server that the API server really calls.

It answers each review of a new Pod with the JSON Patch that the test wants, dry runs included. The server needs a moment until
it knows of a new webhook, so tests wait until they see its work.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.cluster.control_plane import ControlPlane

Operation = dict[str, Any]
Mutation = Callable[[dict[str, Any]], list[Operation]]
"""From a Pod to the operations (RFC 6902) that change it."""


def stripping(pod: dict[str, Any]) -> list[Operation]:
    """What a webhook built on types of before 1.28 does: it writes the Pod back without the field that it does not know."""
    return [
        {"op": "remove", "path": f"/spec/initContainers/{number}/restartPolicy"}
        for number, entry in enumerate(pod["spec"].get("initContainers") or ())
        if "restartPolicy" in entry
    ]


def injecting(container: dict[str, Any]) -> Mutation:
    """What injectors of classic sidecars do: Pods that have no regular container of that name get one."""

    def mutate(pod: dict[str, Any]) -> list[Operation]:
        there = any(entry["name"] == container["name"] for entry in pod["spec"]["containers"])
        return [] if there else [{"op": "add", "path": "/spec/containers/-", "value": container}]

    return mutate


@contextmanager
def mutating_webhook(
    cluster: ControlPlane, namespace: str, mutation: Mutation, *, side_effects: str = "None"
) -> Iterator[str]:
    """Changes the new Pods of the namespace until the block ends; gives the configuration's name."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            patch = json.dumps(mutation(review["request"]["object"]))
            response = {"uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch"}
            response["patch"] = base64.b64encode(patch.encode()).decode()
            answer = {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*cluster.authority.issue(f"webhook-{namespace}", "/CN=localhost", use="server"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    name = f"mutating-{namespace}"
    webhook = {
        "name": "mutating.sidecar.example", "admissionReviewVersions": ["v1"], "sideEffects": side_effects, "timeoutSeconds": 5,
        "clientConfig": {
            "url": f"https://127.0.0.1:{server.server_address[1]}/",
            "caBundle": base64.b64encode(cluster.ca.read_bytes()).decode(),
        },
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
    }  # fmt: skip
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name}, "webhooks": [webhook],
    }  # fmt: skip
    try:
        cluster.kubectl("create", "-f", "-", input=json.dumps(configuration))
        yield name
    finally:
        cluster.kubectl("delete", "mutatingwebhookconfiguration", name, "--ignore-not-found", check=False)
        server.shutdown()
        thread.join(10)
        server.server_close()
