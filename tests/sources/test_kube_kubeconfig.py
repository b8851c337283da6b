"""Which cluster, user and namespace are chosen: the same as kubectl, or a sentence that says what is wrong."""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kubectl_sidecar.errors import KubeconfigError
from kubectl_sidecar.sources.kube import connect
from kubectl_sidecar.sources.kube.endpoint import endpoint_of, tls_context
from kubectl_sidecar.sources.kube.kubeconfig import Entry, Selection, select
from tests.sources.http_server import HttpServer
from tests.sources.kube_help import FakeClock, config, connected, write


def chosen(*files: str, context: str | None = None, **environ: str) -> Selection:
    return select(kubeconfig=None, context=context, environ={"KUBECONFIG": os.pathsep.join(files), **environ})


def two_files(folder: Path) -> tuple[str, str]:
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    first = {
        "clusters": [{"name": "c", "cluster": {"server": "http://first", "certificate-authority": "ca.crt"}}],
        "users": [{"name": "u", "user": {"tokenFile": "token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    }
    second = {
        "current-context": "y",
        "clusters": [{"name": "c", "cluster": {"server": "http://second", "tls-server-name": "z"}}],
        "users": [{"name": "v", "user": {"tokenFile": "token"}}],
        "contexts": [
            {"name": "x", "context": {"cluster": "c", "user": "v", "namespace": "n"}},
            {"name": "y", "context": {"cluster": "c", "user": "v", "namespace": "n"}},
        ],
    }
    return write(folder / "a" / "config", first), write(folder / "b" / "config", second)


def test_first_file_that_has_a_name_wins_whole_entries_at_a_time(tmp_path: Path) -> None:
    found = chosen(*two_files(tmp_path), context="x")
    assert (found.cluster.fields, found.namespace) == (
        {"server": "http://first", "certificate-authority": "ca.crt"},
        "default",
    )


def test_first_file_with_a_current_context_wins(tmp_path: Path) -> None:
    first, second = two_files(tmp_path)
    third = write(tmp_path / "third", {"current-context": "x"})
    assert chosen(first, second, third).context == "y"


def test_relative_paths_start_at_their_own_file(tmp_path: Path) -> None:
    found = chosen(*two_files(tmp_path), context="y")
    assert found.user is not None
    assert found.cluster.path("certificate-authority") == tmp_path / "a" / "ca.crt"
    assert found.user.path("tokenFile") == tmp_path / "b" / "token"


def test_files_that_do_not_exist_are_left_out_of_a_list(tmp_path: Path) -> None:
    first, second = two_files(tmp_path)
    assert chosen(str(tmp_path / "nowhere"), first, "", second).context == "y"


def test_yaml_with_a_namespace(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(
        "current-context: prod\n"
        "clusters:\n- name: c\n  cluster: {server: 'https://h'}\n"
        "contexts:\n- name: prod\n  context:\n    cluster: c\n    namespace: shop\n"
    )
    found = chosen(str(file))
    assert (found.context, found.namespace, found.user) == ("prod", "shop", None)


def test_home_is_used_where_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", config("http://h"))
    assert select(kubeconfig=None, context=None, environ={"HOME": str(tmp_path), "KUBECONFIG": ""}).context == "here"


FAULTS: Mapping[str, tuple[str, str]] = {
    "empty file": ("", "there is no cluster in it"),
    "a list": ("- a\n", "is not a kubeconfig: it holds a list"),
    "a manifest": ("kind: Pod\napiVersion: v1\n", "is not a kubeconfig: its kind is 'Pod'"),
    "broken YAML": ("clusters:\n- name: [\n  x: }\n", "config:3: the kubeconfig is not valid YAML"),
    "not text": ("\x00\x01", "is not valid YAML"),
    "clusters is a mapping": ("clusters: {a: b}", "clusters must be a list, not a mapping"),
    "cluster without name": ("clusters: [{cluster: {}}]", "clusters[0] must have a name"),
    "two of one name": ("users: [{name: a}, {name: a}]", 'there are two users called "a"'),
    "no current context": ("contexts: [{name: b}, {name: a}]", "no current context is set; choose one with --context (known are a, b)"),
    "unknown current context": (
        "current-context: z\ncontexts: [{name: b}, {name: a}]",
        'there is no context "z"',
    ),
    "missing cluster": (
        "current-context: a\nclusters: [{name: k}]\ncontexts: [{name: a, context: {cluster: z}}]",
        'names the cluster "z", which does not exist; known are: k',
    ),
    "no cluster named": ("current-context: a\ncontexts: [{name: a}]", "names no cluster"),
    "missing user": (
        "current-context: a\nclusters: [{name: k}]\ncontexts: [{name: a, context: {cluster: k, user: u}}]",
        'names the user "u", which does not exist',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_fault(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(KubeconfigError) as caught:
        chosen(str(file))
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_unknown_context_lists_the_known_ones(tmp_path: Path) -> None:
    file = write(tmp_path / "config", config("http://h"))
    with pytest.raises(KubeconfigError, match=r'there is no context "nope" in .*config; known are here'):
        chosen(file, context="nope")


def test_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="nowhere does not exist"):
        select(kubeconfig=str(tmp_path / "nowhere"), context=None, environ={})


def test_no_kubeconfig_at_all(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=r"there is no kubeconfig at .*/\.kube/config\. Log in with"):
        select(kubeconfig=None, context=None, environ={"HOME": str(tmp_path)})


CLUSTERS: Mapping[str, tuple[dict[str, Any], str]] = {
    "no server": ({}, "has no server"),
    "server of another scheme": ({"server": "ftp://h"}, "not an address"),
    "bad port": ({"server": "https://h:99999"}, "not an address"),
    "number as server": ({"server": 5}, "server must be a text, not a number"),
    "authority and insecure": (
        {"server": "https://h", "certificate-authority-data": "YQ==", "insecure-skip-tls-verify": True},
        "keep one of them",
    ),
    "insecure as text": ({"server": "https://h", "insecure-skip-tls-verify": "true"}, "must be true or false"),
    "authority not base64": ({"server": "https://h", "certificate-authority-data": "*"}, "is not base64"),
    "authority missing": ({"server": "https://h", "certificate-authority": "no.crt"}, "no.crt, cannot be read: No such file"),
    "proxy of another scheme": ({"server": "https://h", "proxy-url": "gopher://p"}, "its proxy is not"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "said"), CLUSTERS.values(), ids=CLUSTERS.keys())
def test_faulty_cluster(fields: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError) as caught:
        endpoint_of(Entry("cluster", "c", fields, tmp_path / "config"), {})
    assert said in str(caught.value)


# As Go's httpproxy package decides; the environment, the server, the proxy that is used.
PROXIES: Mapping[str, tuple[dict[str, str], str, str]] = {
    "none": ({}, "https://h", ""),
    "https": ({"HTTPS_PROXY": "http://p:1"}, "https://h", "http://p:1"),
    "lower case": ({"https_proxy": "p:1"}, "https://h", "http://p:1"),
    "of the other scheme": ({"HTTP_PROXY": "http://p"}, "https://h", ""),
    "loopback": ({"HTTPS_PROXY": "http://p"}, "https://127.0.0.1:6443", ""),
    "localhost": ({"HTTPS_PROXY": "http://p"}, "https://localhost", ""),
    "all": ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, "https://h", ""),
    "domain": ({"HTTPS_PROXY": "http://p", "NO_PROXY": "x, b.c"}, "https://a.b.c", ""),
    "domain itself": ({"HTTPS_PROXY": "http://p", "NO_PROXY": "b.c"}, "https://b.c", ""),
    "dot means only below": ({"HTTPS_PROXY": "http://p", "NO_PROXY": ".b.c"}, "https://b.c", "http://p"),
    "not a suffix of letters": ({"HTTPS_PROXY": "http://p", "NO_PROXY": "b.c"}, "https://ab.c", "http://p"),
    "network": ({"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3", ""),
    "port": ({"HTTPS_PROXY": "http://p", "no_proxy": "h:6443"}, "https://h:6443", ""),
    "other port": ({"HTTPS_PROXY": "http://p", "no_proxy": "h:6443"}, "https://h", "http://p"),
}


@pytest.mark.parametrize(("environ", "server", "proxy"), PROXIES.values(), ids=PROXIES.keys())
def test_proxy_of_the_environment(environ: dict[str, str], server: str, proxy: str, tmp_path: Path) -> None:
    assert endpoint_of(Entry("cluster", "c", {"server": server}, tmp_path / "f"), environ).proxy == proxy


def test_proxy_url_knows_no_exceptions(tmp_path: Path) -> None:
    entry = Entry("cluster", "c", {"server": "https://h", "proxy-url": "http://mine"}, tmp_path / "f")
    assert endpoint_of(entry, {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}).proxy == "http://mine"


def test_in_cluster(server: HttpServer, tmp_path: Path) -> None:
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("pod-token\n")
    (account / "ca.crt").write_text("ca")
    (account / "namespace").write_text("shop")
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    found = select(kubeconfig=None, context=None, environ=environ, service_account=account)
    assert (found.context, found.namespace) == ("in-cluster", "shop")
    assert found.cluster.fields["server"] == "https://[fd00::1]:6443"
    assert found.cluster.path("certificate-authority") == account / "ca.crt"
    assert found.user is not None
    assert found.user.path("tokenFile") == account / "token"
    with pytest.raises(KubeconfigError, match="certificate-authority is not a PEM certificate"):
        connect(environ=environ, service_account=account, clock=FakeClock())


def test_a_kubeconfig_goes_before_the_service_account(tmp_path: Path) -> None:
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("pod-token")
    file = write(tmp_path / "config", config("http://h"))
    environ = {"KUBECONFIG": file, "KUBERNETES_SERVICE_HOST": "h"}
    assert select(kubeconfig=None, context=None, environ=environ, service_account=account).context == "here"


def test_values_for_people(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url + "/", namespace=None)
    assert (cluster.context, cluster.namespace, cluster.server, cluster.requests) == ("here", "default", server.url, 0)
    assert connected(tmp_path, server.url, namespace="mine").namespace == "mine"


def hello(context: ssl.SSLContext) -> bytes:
    """The first message of a handshake."""
    sent = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent).do_handshake()
    return sent.read()


def test_a_connection_changes_nothing_of_what_all_connections_share(tmp_path: Path) -> None:
    """urllib3 sets the protocols above TLS anew for each connection, which breaks the handshake of another thread now and then."""
    entry = Entry("cluster", "c", {"server": "https://h", "insecure-skip-tls-verify": True}, tmp_path)
    context = tls_context(endpoint_of(entry, {}), None)
    assert b"\x08http/1.1" in hello(context)
    context.set_alpn_protocols(["h2"])
    assert b"\x08http/1.1" in hello(context)
