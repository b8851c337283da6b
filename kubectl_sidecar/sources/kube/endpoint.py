"""Where the server is and how its identity is checked: the cluster entry of a kubeconfig as values, TLS and proxy included.

A field that secures the connection is honoured or refused, never ignored. Client keys reach OpenSSL through a file in a folder that
only this user can enter (mkdtemp), and that is gone before the first request."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from kubectl_sidecar.errors import ClusterError, CredentialsError, KubeconfigError
from kubectl_sidecar.sources.kube.kubeconfig import Entry


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate (chain) and its key, both PEM."""

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    origin: str
    """Where it is from, for people."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`server` without a slash at its end; `proxy` is "" for a direct connection; `authority` (PEM) None means the system's."""

    server: str
    authority: bytes | None
    insecure: bool
    server_name: str
    proxy: str
    entry: Entry

    @property
    def secure(self) -> bool:
        return self.server.startswith("https://")

    @property
    def loopback(self) -> bool:
        return is_loopback(urlsplit(self.server).hostname or "")


def endpoint_of(cluster: Entry, environ: Mapping[str, str]) -> Endpoint:
    """The endpoint that a cluster entry describes. Raises KubeconfigError."""
    server, authority, insecure = (
        cluster.text("server"),
        pem(cluster, "certificate-authority"),
        cluster.truth("insecure-skip-tls-verify"),
    )
    if not server:
        raise KubeconfigError(f"the {cluster} has no server")
    if authority and insecure:
        raise KubeconfigError(
            f"the {cluster} has both a certificate-authority and insecure-skip-tls-verify; keep one of them"
        )
    if "://" not in server:
        server = f"{'https' if authority or insecure else 'http'}://{server}"
    try:
        split = urlsplit(server)
        valid = split.scheme in ("http", "https") and bool(split.hostname) and (split.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or split.query or split.fragment or split.username is not None:
        raise KubeconfigError(f"the {cluster}: its server is not an address like https://host:6443")
    proxy = cluster.text("proxy-url") or _proxy_of(server, environ)
    _check_proxy(cluster, proxy)
    return Endpoint(server.rstrip("/"), authority, insecure, cluster.text("tls-server-name"), proxy, cluster)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def pem(entry: Entry, key: str, *, fault: type[ClusterError] = KubeconfigError) -> bytes | None:
    """What `key`-data (base64) or the file named by `key` holds; None where neither is set. Raises `fault`."""
    data, path = entry.text(f"{key}-data"), entry.path(key)
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise fault(f"the {entry}: {key}-data is not base64") from error
    if path is None:
        return None
    try:
        found = path.read_bytes()
    except OSError as error:
        raise fault(f"the {entry}: the file of {key}, {path}, cannot be read: {error.strerror or error}") from error
    if not found.strip():
        raise fault(f"the {entry}: the file of {key}, {path}, is empty")
    return found


class _Settled(ssl.SSLContext):
    """A context whose protocols above TLS (ALPN) are settled: HTTP/1.1. urllib3 sets them anew for each connection, and OpenSSL frees
    the old list while another thread may be copying it into its own handshake (SSL_CTX_set_alpn_protos and SSL_new, for which
    Python lets go of its lock): with 16 threads one handshake of 20,000 was broken so. A server refuses it with `decode error`."""

    def __new__(cls, *_: object) -> _Settled:
        context = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        ssl.SSLContext.set_alpn_protocols(context, ["http/1.1"])
        return context

    def set_alpn_protocols(self, alpn_protocols: object) -> None:
        """Does nothing."""


def tls_context(endpoint: Endpoint, client: ClientCertificate | None) -> ssl.SSLContext:
    """How connections are checked. As Go does, and other than Python's own default since 3.13, an authority whose certificate
    lacks an extension is accepted, and one in the file may be the server's own. Raises KubeconfigError, CredentialsError."""
    context = _Settled()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if endpoint.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif endpoint.authority is not None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(cadata=endpoint.authority.decode("ascii"))
        except (ssl.SSLError, ValueError) as error:
            raise KubeconfigError(
                f"the {endpoint.entry}: its certificate-authority is not a PEM certificate"
            ) from error
    else:
        context.load_default_certs()
    if client is not None:
        _load_client(context, client)
    return context


def _load_client(context: ssl.SSLContext, client: ClientCertificate) -> None:
    def no_password() -> str:
        raise CredentialsError(
            f"the client key of the {client.origin} is encrypted; kubectl cannot use such a key either"
        )

    with tempfile.TemporaryDirectory(prefix="kubectl-sidecar-") as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_bytes(client.certificate)
        key.write_bytes(client.key)
        try:
            context.load_cert_chain(certificate, key, password=no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise CredentialsError(
                f"the client certificate and key of the {client.origin} are not a PEM pair that fits together"
            ) from error


# Proxies, as Go's golang.org/x/net/http/httpproxy reads the environment; proxy-url of a cluster goes before and knows no NO_PROXY.


def _proxy_of(server: str, environ: Mapping[str, str]) -> str:
    split = urlsplit(server)
    host, port = split.hostname or "", split.port or (443 if split.scheme == "https" else 80)
    name = f"{split.scheme}_proxy"
    proxy = environ.get(name.upper()) or environ.get(name) or ""
    if (
        not proxy
        or is_loopback(host)
        or _bypassed(host, port, environ.get("NO_PROXY") or environ.get("no_proxy") or "")
    ):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _bypassed(host: str, port: int, rules: str) -> bool:
    return any(_fits(rule.strip().lower(), host.lower(), port) for rule in rules.split(",") if rule.strip())


def _fits(rule: str, host: str, port: int) -> bool:
    if rule == "*":
        return True
    name, colon, of_port = rule.rpartition(":")
    if colon and of_port.isdigit() and (":" not in name or name.startswith("[")):
        if int(of_port) != port:
            return False
        rule = name
    rule = rule.strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        rule = rule.removeprefix("*")
        return host.endswith(rule) if rule.startswith(".") else host == rule or host.endswith(f".{rule}")
    try:
        return address in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return False


def _check_proxy(cluster: Entry, proxy: str) -> None:
    scheme = urlsplit(proxy).scheme if proxy else "http"
    if scheme not in ("http", "https", "socks5", "socks5h"):
        raise KubeconfigError(f"the {cluster}: its proxy is not an http, https or socks5 address")
