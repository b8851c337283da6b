"""Requests as the server sees them, and its answers, faults and silences as errors of ours."""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kubectl_sidecar import __version__
from kubectl_sidecar.core.kinds import ACCESS_REVIEWS, NODES, resolve
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
    Unreachable,
)
from kubectl_sidecar.sources.clock import SystemClock
from kubectl_sidecar.sources.cluster import ListQuery, Written
from kubectl_sidecar.sources.kube import KubeCluster
from tests.cluster.certificates import Authority, new_authority
from tests.sources.http_server import Answer, HttpServer, Seen, http_server, of_json, status_answer
from tests.sources.kube_help import FakeClock, connected

DEPLOYMENTS, PODS = resolve("deployment").resource, resolve("pod").resource
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "uid": "1"}}
LIST = {"apiVersion": "apps/v1", "kind": "DeploymentList", "metadata": {}, "items": [DEPLOYMENT]}
JSON_LIST = json.dumps(LIST).encode()
VERSION = of_json({"gitVersion": "v1.35.4"})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cluster(server: HttpServer, tmp_path: Path, clock: FakeClock) -> KubeCluster:
    return connected(tmp_path, server.url, {"token": "t"}, clock=clock)


def patch(cluster: KubeCluster, *, dry_run: bool = False) -> Written:
    return cluster.patch(DEPLOYMENTS, "shop", "web", [{"op": "test", "path": "/a", "value": 1}], dry_run=dry_run)


def review(cluster: KubeCluster) -> Written:
    return cluster.create(ACCESS_REVIEWS, None, {"spec": {}}, dry_run=False)


def list_all(cluster: KubeCluster) -> bytes:
    return cluster.list_page(DEPLOYMENTS, None, ListQuery())


# What is sent

REQUESTS: Mapping[str, tuple[Callable[[KubeCluster], object], Answer, str, str, dict[str, list[str]]]] = {
    "version": (KubeCluster.version, VERSION, "GET", "/version", {}),
    "list everywhere": (list_all, of_json(LIST), "GET", "/apis/apps/v1/deployments", {}),
    "list narrowed": (
        lambda c: c.list_page(PODS, "shop", ListQuery("a in (b,c),!d", "metadata.name=x", 500, "to/ken=")),
        of_json({**LIST, "kind": "PodList"}), "GET", "/api/v1/namespaces/shop/pods",
        {"labelSelector": ["a in (b,c),!d"], "fieldSelector": ["metadata.name=x"], "limit": ["500"], "continue": ["to/ken="]},
    ),
    "get": (
        lambda c: c.get(DEPLOYMENTS, "shop", "web"), of_json(DEPLOYMENT),
        "GET", "/apis/apps/v1/namespaces/shop/deployments/web", {},
    ),
    "get without namespace": (
        lambda c: c.get(NODES, "shop", "n:1"), of_json({"apiVersion": "v1", "kind": "Node"}), "GET", "/api/v1/nodes/n%3A1", {},
    ),
    "patch": (
        patch, of_json(DEPLOYMENT), "PATCH", "/apis/apps/v1/namespaces/shop/deployments/web",
        {"fieldValidation": ["Strict"], "fieldManager": ["kubectl-sidecar"]},
    ),
    "patch as dry run": (
        lambda c: patch(c, dry_run=True), of_json(DEPLOYMENT), "PATCH", "/apis/apps/v1/namespaces/shop/deployments/web",
        {"fieldValidation": ["Strict"], "fieldManager": ["kubectl-sidecar"], "dryRun": ["All"]},
    ),
    "create": (
        lambda c: c.create(DEPLOYMENTS, "shop", {"a": 1}, dry_run=True, field_manager="me"), of_json(DEPLOYMENT, 201),
        "POST", "/apis/apps/v1/namespaces/shop/deployments",
        {"fieldValidation": ["Strict"], "fieldManager": ["me"], "dryRun": ["All"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "answer", "method", "path", "query"), REQUESTS.values(), ids=REQUESTS.keys())
def test_request(
    call: Callable[[KubeCluster], object], answer: Answer, method: str, path: str, query: dict[str, list[str]],
    server: HttpServer, cluster: KubeCluster,
) -> None:  # fmt: skip
    server.answers(answer)
    call(cluster)
    [seen] = server.seen
    assert (seen.method, seen.path, seen.query) == (method, path, query)
    assert seen.value("User-Agent") == f"kubectl-sidecar/{__version__}"
    assert seen.value("Authorization") == "Bearer t"
    assert cluster.requests == 1


def test_bodies_and_their_types(server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(of_json(DEPLOYMENT))
    patch(cluster)
    cluster.create(DEPLOYMENTS, "shop", {"kind": "ö"}, dry_run=True)
    first, second = server.seen
    assert first.value("Content-Type") == "application/json-patch+json"
    assert json.loads(first.body) == [{"op": "test", "path": "/a", "value": 1}]
    assert (second.value("Content-Type"), json.loads(second.body)) == ("application/json", {"kind": "ö"})


def test_metadata_only(server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(of_json({"kind": "PartialObjectMetadataList", "items": []}))
    cluster.list_page(PODS, None, ListQuery(metadata_only=True))
    assert server.seen[0].value("Accept") == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def test_path_of_the_server_is_kept(server: HttpServer, tmp_path: Path) -> None:
    server.answers(VERSION)
    connected(tmp_path, f"{server.url}/k8s/clusters/c-1").version()
    assert server.seen[0].path == "/k8s/clusters/c-1/version"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a%2Fb"])
def test_name_that_would_ask_for_something_else(name: str, server: HttpServer, cluster: KubeCluster) -> None:
    with pytest.raises(Invalid, match="cannot be the name of a Deployment"):
        cluster.get(DEPLOYMENTS, "shop", name)
    with pytest.raises(Invalid, match="cannot be the namespace"):
        cluster.list_page(DEPLOYMENTS, name, ListQuery())
    assert server.seen == []


# What comes back


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "zipped"])
@pytest.mark.parametrize("timeout", [None, 60.0], ids=["no limit", "limit"])
def test_page_is_the_bytes_of_the_server(
    chunked: bool, zipped: bool, timeout: float | None, server: HttpServer, tmp_path: Path
) -> None:
    body = json.dumps({**LIST, "items": [DEPLOYMENT] * 50}).encode() + b"\n"
    server.answers(Answer(body=body, chunked=chunked, zipped=zipped))
    assert list_all(connected(tmp_path, server.url, request_timeout=timeout)) == body


def test_asks_for_gzip(server: HttpServer, tmp_path: Path) -> None:
    server.answers(VERSION)
    connected(tmp_path, server.url).version()
    assert [seen.value("Accept-Encoding") for seen in server.seen] == ["gzip"]


def test_warnings(server: HttpServer, cluster: KubeCluster) -> None:
    headers = (
        ("Warning", '299 - "use \\"apps/v1\\", not \\\\this", 299 - "second"'),
        ("Warning", '299 - "second"'),
        ("Warning", '199 - "not from the API server"'),
        ("Warning", '299 kube "third" "Tue, 15 Nov 1994 08:12:31 GMT"'),
    )
    server.answers(of_json(DEPLOYMENT, 200, *headers))
    assert patch(cluster).warnings == ('use "apps/v1", not \\this', "second", "third")
    assert patch(cluster).object == DEPLOYMENT


REFUSALS: Mapping[str, tuple[Answer, type[ApiError], str]] = {
    "400": (status_answer(400, "BadRequest", "bad"), Invalid, "bad"),
    "403": (status_answer(403, "Forbidden", 'User "x" cannot get'), Forbidden, 'User "x" cannot get'),
    "404": (status_answer(404, "NotFound", 'deployments.apps "web" not found'), NotFound, "not found"),
    "404 of an unknown path": (Answer(404, b"404 page not found\n", "text/plain"), NotFound, "could not find the requested resource"),
    "409": (status_answer(409, "Conflict", "modified"), Conflict, "modified"),
    "410": (status_answer(410, "Expired", "too old"), Expired, "too old"),
    "422": (status_answer(422, "Invalid", "is invalid"), Invalid, "is invalid"),
    "429": (status_answer(429, "TooManyRequests", "slow down"), TooManyRequests, "slow down"),
    "429 of a plain text": (Answer(429, b"Too many requests", "text/plain"), TooManyRequests, "too many requests"),
    "500": (status_answer(500, "InternalError", "etcd"), ServerFailure, "etcd"),
    "503 of a page": (Answer(503, b"<html>down</html>", "text/html"), ServerFailure, "503 Service Unavailable; try again later"),
    "502 without a body": (Answer(502, b"", "text/plain"), ServerFailure, "502 Bad Gateway"),
    "405": (status_answer(405, "MethodNotAllowed", "not supported"), ApiError, "not supported"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "error", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusal(answer: Answer, error: type[ApiError], said: str, server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(answer)
    with pytest.raises(ApiError) as caught:
        cluster.get(DEPLOYMENTS, "shop", "web")
    assert type(caught.value) is error
    assert said in str(caught.value)
    assert caught.value.status == answer.status
    assert len(server.seen) == 1


def test_causes(server: HttpServer, cluster: KubeCluster) -> None:
    causes = [{"reason": "FieldValueInvalid", "message": "Duplicate value", "field": "spec.x[0]"}, {"message": "other"}]
    server.answers(status_answer(422, "Invalid", "is invalid", details={"causes": causes}))
    with pytest.raises(Invalid) as caught:
        patch(cluster)
    assert caught.value.causes == (("spec.x[0]", "Duplicate value"), ("", "other"))
    assert caught.value.reason == "Invalid"


PAGE = b"<!DOCTYPE html><html><head><title>Hotel \x1b[31m WiFi</title></head></html>"
FOREIGN: Mapping[str, tuple[Answer, str]] = {
    "login page": (Answer(200, PAGE, "text/html; charset=utf-8"), 'a web page titled "Hotel [31m WiFi"'),
    "page that says it is JSON": (Answer(200, b"<html>", "application/json"), "web page"),
    "forbidden page": (Answer(403, PAGE, "text/html"), "web page"),
    "page not found": (Answer(404, PAGE, "text/html"), "web page"),
    "redirect": (Answer(302, b"", "text/html", headers=(("Location", "https://login.example/x?y"),)), "on to https://login.example"),
    "JSON that is no Status": (of_json({"error": "x"}, 403), "no Status of Kubernetes"),
    "text": (Answer(200, b"ok, sort of", "text/plain"), 'it says "ok, sort of"'),
    "bytes": (Answer(200, b"\x00\x01", "application/octet-stream"), "it is application/octet-stream"),
    "cut JSON": (Answer(200, JSON_LIST[:-5]), "not a whole JSON object"),
    "JSON that is no list": (of_json({"error": "log in"}), "it is not a list of deployments"),
    "list of another kind": (of_json({**LIST, "kind": "PodList"}), "it is not a list of deployments"),
    "a list": (of_json([1]), "not a whole JSON object"),
    "empty": (Answer(200, b""), "not a whole JSON object"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "said"), FOREIGN.values(), ids=FOREIGN.keys())
def test_answer_of_something_else(answer: Answer, said: str, server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(answer)
    with pytest.raises(BadAnswer) as caught:
        list_all(cluster)
    assert said in str(caught.value)
    assert server.url in str(caught.value)
    with pytest.raises(BadAnswer):
        cluster.get(DEPLOYMENTS, "shop", "web")
    assert len(server.seen) == 2


@pytest.mark.parametrize("answer", [Answer(200, PAGE, "text/html"), Answer(headers=(("Content-Encoding", "gzip"),))])
def test_a_write_with_an_answer_of_something_else(answer: Answer, server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(answer)
    with pytest.raises(BadAnswer, match="Whether the change was made is not known"):
        patch(cluster)
    with pytest.raises(BadAnswer) as caught:
        patch(cluster, dry_run=True)
    assert "Whether" not in str(caught.value)
    assert len(server.seen) == 2


def test_another_object_than_was_asked_for(server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(of_json({**DEPLOYMENT, "kind": "Pod"}))
    with pytest.raises(BadAnswer, match="it is not a Deployment of apps/v1"):
        cluster.get(DEPLOYMENTS, "shop", "web")


def test_damaged_gzip(server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(Answer(body=JSON_LIST, headers=(("Content-Encoding", "gzip"),)))
    with pytest.raises(BadAnswer, match="compressed answer"):
        list_all(cluster)


# Sent again, or not

SAFE: Mapping[str, Callable[[KubeCluster], object]] = {
    "list": list_all,
    "dry run": lambda c: patch(c, dry_run=True),
    "review": review,
}
REVIEW = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}


def good(seen: Seen) -> Answer:
    return of_json(LIST if seen.method == "GET" else REVIEW if "reviews" in seen.path else DEPLOYMENT)


def first(answer: Answer, times: int = 1) -> Callable[[Seen], Answer]:
    left = [answer] * times
    return lambda seen: left.pop() if left else good(seen)


@pytest.mark.parametrize("call", SAFE.values(), ids=SAFE.keys())
@pytest.mark.parametrize("fault", ["reset", "cut"])
def test_what_changes_nothing_is_sent_again_after_a_broken_connection(
    fault: Any, call: Callable[[KubeCluster], object], server: HttpServer, cluster: KubeCluster
) -> None:
    server.behaviour = first(Answer(body=JSON_LIST, fault=fault), 2)
    call(cluster)
    assert (len(server.seen), cluster.requests) == (3, 3)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize("fault", ["reset", "cut"])
@pytest.mark.parametrize("timeout", [None, 60.0], ids=["no limit", "limit"])
def test_but_not_for_ever(
    fault: Any, chunked: bool, timeout: float | None, server: HttpServer, clock: FakeClock, tmp_path: Path
) -> None:
    cluster = connected(tmp_path, server.url, clock=clock, request_timeout=timeout)
    server.answers(Answer(body=JSON_LIST, fault=fault, chunked=chunked))
    with pytest.raises(Unreachable, match="broke before the whole answer was there") as caught:
        list_all(cluster)
    assert server.url in str(caught.value)
    assert (len(server.seen), clock.waits) == (3, [0.2, 0.8])


@pytest.mark.parametrize("fault", ["reset", "cut"])
def test_a_write_is_never_sent_again_after_a_broken_connection(
    fault: Any, server: HttpServer, cluster: KubeCluster
) -> None:
    server.answers(Answer(body=JSON_LIST, fault=fault))
    with pytest.raises(Unreachable, match="Whether the change was made is not known"):
        patch(cluster)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("call", [*SAFE.values(), patch], ids=[*SAFE.keys(), "write"])
def test_retry_after_is_obeyed(
    status: int, call: Callable[[KubeCluster], object], server: HttpServer, cluster: KubeCluster, clock: FakeClock
) -> None:
    server.behaviour = first(status_answer(status, "x", "later", ("Retry-After", "7")), 2)
    call(cluster)
    assert (len(server.seen), clock.waits) == (3, [7.0, 7.0])


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [("1", [1.0] * 5), ("25", [25.0, 25.0]), ("3600", [30.0, 30.0]), ("soon", []), ("-1", []), ("", [])],
)
def test_retry_after_is_bounded(
    seconds: str, waits: list[float], server: HttpServer, cluster: KubeCluster, clock: FakeClock
) -> None:
    server.answers(status_answer(429, "TooManyRequests", "later", ("Retry-After", seconds)))
    with pytest.raises(TooManyRequests, match="later"):
        list_all(cluster)
    assert clock.waits == waits


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_write_that_may_have_been_made_is_not_sent_again(
    status: int, server: HttpServer, cluster: KubeCluster
) -> None:
    server.answers(Answer(status, b"gateway", "text/plain", headers=(("Retry-After", "1"),)))
    with pytest.raises(ServerFailure, match="Whether the change was made is not known"):
        patch(cluster)
    assert len(server.seen) == 1


# No answer


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def test_nothing_listens(tmp_path: Path) -> None:
    url = f"https://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f'nothing answers at {url} .connection refused.*context "here"'):
        connected(tmp_path, url).version()


def test_name_that_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r'the name "no-such-host\.invalid" of the server https://'):
        connected(tmp_path, "https://no-such-host.invalid").version()


def test_name_that_cannot_be_one(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match='is not an address: correct the server of context "here"'):
        connected(tmp_path, f"https://{'a' * 70}.example").version()


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_request_timeout_is_of_the_whole_request(fault: Any, server: HttpServer, tmp_path: Path) -> None:
    server.answers(Answer(body=JSON_LIST * 10, fault=fault))
    cluster = connected(tmp_path, server.url, request_timeout=0.3, clock=SystemClock())
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=f"no answer from {server.url} within 0.3 s; --request-timeout"):
        list_all(cluster)
    assert time.monotonic() - begun < 3
    assert len(server.seen) == 1


def test_a_server_that_plays_an_older_version(server: HttpServer, cluster: KubeCluster) -> None:
    server.answers(of_json({"gitVersion": "v1.35.4", "minor": "35", "emulationMajor": "1", "emulationMinor": "32"}))
    assert cluster.version() == "v1.32.0"


def test_a_connection_with_the_rest_of_an_answer_is_not_used_again(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url, request_timeout=0.3, clock=SystemClock())
    server.answers(Answer(body=JSON_LIST * 10, fault="drip"))
    with pytest.raises(Unreachable):
        list_all(cluster)
    server.answers(VERSION)
    assert cluster.version() == "v1.35.4"


def test_a_write_that_gets_no_answer_in_time(server: HttpServer, tmp_path: Path) -> None:
    server.answers(Answer(fault="hang"))
    with pytest.raises(Unreachable, match="Whether the change was made is not known"):
        patch(connected(tmp_path, server.url, request_timeout=0.2))
    assert len(server.seen) == 1


# TLS


def test_trusted(secure_server: HttpServer, authority: Authority, tmp_path: Path) -> None:
    secure_server.answers(VERSION)
    connected(tmp_path, secure_server.url, cluster={"certificate-authority": str(authority.ca)}).version()
    assert len(secure_server.seen) == 1


def test_the_certificate_itself_as_authority(
    secure_server: HttpServer, served: tuple[Path, Path], tmp_path: Path
) -> None:
    secure_server.answers(VERSION)
    connected(tmp_path, secure_server.url, cluster={"certificate-authority": str(served[0])}).version()
    assert len(secure_server.seen) == 1


def test_insecure(secure_server: HttpServer, tmp_path: Path) -> None:
    secure_server.answers(VERSION)
    connected(tmp_path, secure_server.url, {"token": "t"}, cluster={"insecure-skip-tls-verify": True}).version()
    assert secure_server.seen[0].value("Authorization") == "Bearer t"


def test_not_trusted(secure_server: HttpServer, tmp_path: Path) -> None:
    other = new_authority(tmp_path / "other")
    for cluster in ({}, {"certificate-authority": str(other.ca)}):
        with pytest.raises(
            Unreachable, match=f"the certificate of {secure_server.url} cannot be trusted: .*certificate-authority"
        ):
            connected(tmp_path, secure_server.url, {"token": "t"}, cluster=cluster).version()
    assert secure_server.seen == []


def test_tls_server_name(authority: Authority, served: tuple[Path, Path], tmp_path: Path) -> None:
    with http_server(certificate=served) as server:
        server.answers(VERSION)
        trusted = {"certificate-authority": str(authority.ca)}
        connected(tmp_path, server.url, cluster={**trusted, "tls-server-name": "kubernetes.default.svc"}).version()
        with pytest.raises(Unreachable, match=r"cannot be trusted: .*ostname mismatch.*tls-server-name"):
            connected(tmp_path, server.url, cluster={**trusted, "tls-server-name": "other.example"}).version()
        assert len(server.seen) == 1


def test_not_tls_at_all(server: HttpServer, authority: Authority, tmp_path: Path) -> None:
    url = server.url.replace("http:", "https:")
    with pytest.raises(Unreachable, match="does not speak TLS"):
        connected(tmp_path, url, {"token": "t"}, cluster={"certificate-authority": str(authority.ca)}).version()
    assert server.seen == []


# Proxies


def test_proxy_url(secure_server: HttpServer, authority: Authority, server: HttpServer, tmp_path: Path) -> None:
    secure_server.answers(VERSION)
    proxy = server.url.replace("//", "//us%40er:pass@")
    cluster = connected(
        tmp_path, secure_server.url, {"token": "t"},
        cluster={"certificate-authority": str(authority.ca), "proxy-url": proxy},
    )  # fmt: skip
    assert cluster.version() == "v1.35.4"
    cluster.close()
    [tunnel] = server.seen
    assert (tunnel.method, tunnel.target) == ("CONNECT", urlsplit(secure_server.url).netloc)
    assert tunnel.value("Proxy-Authorization") == "Basic dXNAZXI6cGFzcw=="
    assert tunnel.value("Authorization") is None
    assert secure_server.seen[0].value("Authorization") == "Bearer t"
    assert secure_server.seen[0].value("Proxy-Authorization") is None


def test_proxy_of_the_environment(server: HttpServer, tmp_path: Path) -> None:
    server.answers(VERSION)
    connected(tmp_path, "http://far.example:81", environ={"HTTP_PROXY": server.url}).version()
    assert server.seen[0].target == "http://far.example:81/version"


def test_proxy_that_is_not_there(tmp_path: Path) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=r"the proxy in front of https://far\.example does not let us through"):
        connected(tmp_path, "https://far.example", cluster={"proxy-url": proxy}).version()


# Threads


def test_many_threads_at_once_and_their_connections_are_kept(server: HttpServer, cluster: KubeCluster) -> None:
    together = threading.Barrier(12)

    def answer(_: Seen) -> Answer:
        together.wait(20)  # passes only when all twelve are on their way at the same time
        return of_json(LIST)

    server.behaviour = answer
    faults: list[ClusterError] = []

    def ask() -> None:
        try:
            list_all(cluster)
        except ClusterError as error:
            faults.append(error)

    for _ in range(2):
        threads = [threading.Thread(target=ask, daemon=True) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert faults == []
    assert cluster.requests == 24
    assert len({seen.port for seen in server.seen}) == 12
