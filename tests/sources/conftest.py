"""The local server for the tests of sources/kube."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.certificates import Authority, new_authority
from tests.sources.http_server import HttpServer, http_server


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("tls") / "pki")


@pytest.fixture(scope="session")
def served(authority: Authority) -> tuple[Path, Path]:
    """Certificate and key of a server at 127.0.0.1, localhost or kubernetes."""
    return authority.issue("server", "/CN=server", use="server")


@pytest.fixture
def secure_server(authority: Authority, served: tuple[Path, Path]) -> Iterator[HttpServer]:
    """Over TLS, asking for a client certificate."""
    with http_server(certificate=served, client_ca=authority.ca) as running:
        yield running
