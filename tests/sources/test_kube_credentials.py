"""What the server gets to see of who we are, read from its wire; and that it gets to see nothing at all where the configured
credentials cannot be obtained: there is no request without them."""

import base64
import json
import os
import pty
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubectl_sidecar.errors import CredentialsError, KubeconfigError, Unauthorized
from kubectl_sidecar.sources.kube import KubeCluster, exec_plugin
from kubectl_sidecar.sources.kube.endpoint import endpoint_of
from kubectl_sidecar.sources.kube.kubeconfig import select
from tests.cluster.certificates import Authority
from tests.sources.http_server import Answer, HttpServer, Seen, of_json, status_answer
from tests.sources.kube_help import FakeClock, config, connected, write

VERSION = of_json({"gitVersion": "v1.35.4"})
UNAUTHORIZED = status_answer(401, "Unauthorized", "Unauthorized")


def plugin(folder: Path, output: object, *, code: int = 0, stderr: str = "", **fields: Any) -> dict[str, Any]:
    """A user entry with an exec plugin: a shell script beside the kubeconfig that prints `output`, and keeps what it got."""
    text = output if isinstance(output, str) else json.dumps(output)
    script = folder / "plugin"
    script.write_text(
        f"#!/bin/sh\nprintf '%s' \"$KUBERNETES_EXEC_INFO\" > {shlex.quote(str(folder))}/info\necho x >> {shlex.quote(str(folder))}/runs\n"
        f"cat > {shlex.quote(str(folder))}/stdin\nprintf '%b' {shlex.quote(stderr)} >&2\n"
        f"[ -e {shlex.quote(str(folder))}/next ] && cat {shlex.quote(str(folder))}/next || printf '%s' {shlex.quote(text)}\nexit {code}\n"
    )
    script.chmod(0o700)
    spec = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "Never"}
    return {"exec": {**spec, **fields}}


def credential(token: object = "", **status: Any) -> dict[str, Any]:
    given = {"token": token, **status} if token else status
    return {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": given}


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().split())


def asked(cluster: KubeCluster, server: HttpServer) -> dict[str, list[str]]:
    """The headers of a request that this cluster sends."""
    server.behaviour = lambda _: VERSION
    assert cluster.version() == "v1.35.4"
    request = server.seen[-1]
    return {name: request.values(name) for name, _ in request.headers}


# What is sent


def test_no_user_is_anonymous(server: HttpServer, tmp_path: Path) -> None:
    assert "Authorization" not in asked(connected(tmp_path, server.url), server)


def test_token(server: HttpServer, tmp_path: Path) -> None:
    assert asked(connected(tmp_path, server.url, {"token": "t0"}), server)["Authorization"] == ["Bearer t0"]


def test_token_file_goes_before_a_token_and_is_read_again(server: HttpServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old\n")
    clock = FakeClock()
    cluster = connected(tmp_path, server.url, {"tokenFile": "token", "token": "other"}, clock=clock)
    assert asked(cluster, server)["Authorization"] == ["Bearer old"]
    (tmp_path / "token").write_text("new\n")
    assert asked(cluster, server)["Authorization"] == ["Bearer old"]
    clock.seconds += 61
    assert asked(cluster, server)["Authorization"] == ["Bearer new"]


def test_password(server: HttpServer, tmp_path: Path) -> None:
    sent = asked(connected(tmp_path, server.url, {"username": "jane", "password": "s:ö"}), server)
    assert sent["Authorization"] == ["Basic " + base64.b64encode("jane:s:ö".encode()).decode()]


def test_exec_plugin(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url, plugin(tmp_path, credential("from-plugin")))
    assert asked(cluster, server)["Authorization"] == ["Bearer from-plugin"]
    assert json.loads((tmp_path / "info").read_text()) == {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": {"interactive": False},
    }
    assert (tmp_path / "stdin").read_bytes() == b""
    asked(cluster, server)
    assert runs(tmp_path) == 1


def test_exec_plugin_is_told_of_the_cluster_where_it_asks(server: HttpServer, tmp_path: Path) -> None:
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    user = plugin(tmp_path, credential("t"), provideClusterInfo=True, env=[{"name": "A", "value": "b"}], args=["one"])
    connected(tmp_path, server.url, user, cluster={"tls-server-name": "n", "extensions": [extension]})
    told = json.loads((tmp_path / "info").read_text())["spec"]["cluster"]
    assert told == {"server": server.url, "tls-server-name": "n", "config": {"audience": "x"}}


def test_token_goes_before_a_plugin(server: HttpServer, tmp_path: Path) -> None:
    user = {**plugin(tmp_path, "broken", code=1), "token": "t"}
    assert asked(connected(tmp_path, server.url, user), server)["Authorization"] == ["Bearer t"]


def test_client_certificate(secure_server: HttpServer, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("jane", "/CN=jane", use="client")
    files = {"client-certificate": str(certificate), "client-key": str(key)}
    encoded = {f"{name}-data": base64.b64encode(Path(file).read_bytes()).decode() for name, file in files.items()}
    issued = credential(clientCertificateData=certificate.read_text(), clientKeyData=key.read_text())
    for user in (files, encoded, plugin(tmp_path, issued)):
        cluster = connected(tmp_path, secure_server.url, user, cluster={"certificate-authority": str(authority.ca)})
        asked(cluster, secure_server)
        cluster.close()
        assert (secure_server.seen[-1].peer or {})["subject"] == ((("commonName", "jane"),),)


IMPERSONATION: Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, list[str]]]] = {
    "of the kubeconfig": (
        {"as": "bob", "as-uid": "7", "as-groups": ["g1", "g2"], "as-user-extra": {"acme.com/Scope x": ["a", "b"]}},
        {},
        {
            "Impersonate-User": ["bob"],
            "Impersonate-Uid": ["7"],
            "Impersonate-Group": ["g1", "g2"],
            "Impersonate-Extra-acme.com%2Fscope%20x": ["a", "b"],
        },
    ),
    "of flags": (
        {},
        {"impersonate_user": "zoë", "impersonate_groups": ("a", "b")},
        {"Impersonate-User": ["zoë".encode().decode("latin-1")], "Impersonate-Group": ["a", "b"]},
    ),
    "a flag replaces its own field": (
        {"as": "bob", "as-groups": ["g1"]},
        {"impersonate_user": "zed"},
        {"Impersonate-User": ["zed"], "Impersonate-Group": ["g1"]},
    ),
}


@pytest.mark.parametrize(("fields", "flags", "headers"), IMPERSONATION.values(), ids=IMPERSONATION.keys())
def test_impersonation(
    fields: dict[str, Any], flags: dict[str, Any], headers: dict[str, list[str]], server: HttpServer, tmp_path: Path
) -> None:
    sent = asked(connected(tmp_path, server.url, {"token": "t", **fields}, **flags), server)
    assert {name: values for name, values in sent.items() if name.startswith("Impersonate")} == headers
    assert sent["Authorization"] == ["Bearer t"]


# What is refused: an error, and no request at all

EXEC_V1 = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "empty token": ({"token": ""}, "its token is empty"),
    "blank token": ({"token": " \n"}, "its token is empty"),
    "token with a line break": ({"token": "a\nX-Evil: b"}, "characters that no token can have"),
    "missing token file": ({"tokenFile": "no-such-file"}, "no-such-file cannot be read: No such file"),
    "empty token file": ({"tokenFile": "/dev/null"}, "is empty"),
    "empty name of a token file": ({"tokenFile": ""}, "its tokenFile is empty"),
    "auth-provider": ({"auth-provider": {"name": "gcp"}}, "auth-provider gcp, which is not supported"),
    "auth-provider beside a token": ({"auth-provider": {"name": "oidc"}, "token": "t"}, "auth-provider oidc"),
    "unknown field": ({"client-smartcard": "x"}, "does not know (client-smartcard)"),
    "misspelt field": ({"tokenfile": "x"}, "does not know (tokenfile)"),
    "token and password": ({"token": "t", "username": "u", "password": "p"}, "both a token and a password"),
    "user name alone": ({"username": "u"}, "both a username and a password"),
    "missing certificate file": (
        {"client-certificate": "no.crt", "client-key": "no.key"}, "no.crt, cannot be read: No such file"),
    "certificate without key": ({"client-certificate-data": "YQ=="}, "both a client-certificate and a client-key"),
    "certificate not base64": ({"client-certificate-data": "*", "client-key-data": "*"}, "is not base64"),
    "empty certificate": ({"client-certificate": "", "token": "t"}, "its client-certificate is empty"),
    "exec without command": ({"exec": EXEC_V1}, "names no command"),
    "empty exec": ({"exec": {}}, "names no command"),
    "exec of an old version": (
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "x"}}, "v1alpha1"),
    "exec that is not installed": (
        {"exec": {**EXEC_V1, "command": "no-such-plugin", "installHint": "Get it \x1b[31mhere"}},
        "`no-such-plugin`, which cannot be run: it is not installed or not on PATH\nGet it here"),
    "exec without interactiveMode": (
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "x"}}, "interactiveMode must be"),
    "exec that must ask": ({"exec": {**EXEC_V1, "command": "x", "interactiveMode": "Always"}}, "there is no terminal"),
    "group without user": ({"token": "t", "as-groups": ["g"]}, "needs a user to act as"),
    "line break in as": ({"token": "t", "as": "a\r\nX-Evil: b"}, "cannot hold control characters"),
    "groups not a list": ({"token": "t", "as": "a", "as-groups": "g"}, "as-groups must be a list of texts"),
}  # fmt: skip


@pytest.mark.parametrize(("user", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(user: dict[str, Any], said: str, server: HttpServer, tmp_path: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        connected(tmp_path, server.url, user)
    assert said in str(caught.value)
    assert server.seen == []


def test_a_token_that_is_a_number(server: HttpServer, tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="token must be a text, not a number; put it in quotes"):
        connected(tmp_path, server.url, {"token": 12345})


def test_key_that_does_not_fit(secure_server: HttpServer, authority: Authority, tmp_path: Path) -> None:
    certificate, _ = authority.issue("a", "/CN=a", use="client")
    _, key = authority.issue("b", "/CN=b", use="client")
    user = {"client-certificate": str(certificate), "client-key": str(key)}
    with pytest.raises(CredentialsError, match="are not a PEM pair that fits together"):
        connected(tmp_path, secure_server.url, user, cluster={"certificate-authority": str(authority.ca)})
    assert secure_server.seen == []


def test_credentials_never_travel_readable(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"http://cluster\.example is not https"):
        connected(tmp_path, "http://cluster.example", {"token": "t"})


PLUGINS: Mapping[str, tuple[object, dict[str, Any], str]] = {
    "fails": (
        "", {"code": 7, "stderr": "\\033[1mexpired,\\033[0m run aws sso login\\n"},
        "failed with exit code 7; it said:\nexpired, run aws sso login",
    ),
    "fails although it prints a credential": (credential("t"), {"code": 1}, "failed with exit code 1"),
    "not JSON": ("hello", {"stderr": "odd"}, "its output is not JSON; it said:\nodd"),
    "another kind": ({"kind": "Pod"}, {}, "not an ExecCredential"),
    "another version": ({**credential("t"), "apiVersion": "client.authentication.k8s.io/v1beta1"}, {}, "asks for"),
    "no status": ({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1"}, {}, "no status"),
    "empty token": (credential(" "), {}, "neither a token nor a client certificate"),
    "empty status": (credential(), {}, "neither a token nor a client certificate"),
    "certificate without key": (credential("t", clientCertificateData="x"), {}, "without key"),
    "bad time": (credential("t", expirationTimestamp="soon"), {}, "not a time"),
    "token is a number": (credential(5), {}, "something else than texts"),
}  # fmt: skip


@pytest.mark.parametrize(("output", "how", "said"), PLUGINS.values(), ids=PLUGINS.keys())
def test_plugin_that_fails(output: object, how: dict[str, Any], said: str, server: HttpServer, tmp_path: Path) -> None:
    user = plugin(tmp_path, output, args=["get-token", "--cluster=x"], **how)
    with pytest.raises(CredentialsError) as caught:
        connected(tmp_path, server.url, user)
    assert said in str(caught.value)
    assert "`./plugin get-token --cluster=x`" in str(caught.value)
    assert server.seen == []


def test_secrets_among_the_arguments_are_not_shown(server: HttpServer, tmp_path: Path) -> None:
    arguments = ["get-token", "--oidc-client-secret=s3cret", "--password", "s3cret", "-v", "--id=x"]
    with pytest.raises(CredentialsError) as caught:
        connected(tmp_path, server.url, plugin(tmp_path, "", code=1, args=arguments))
    assert "`./plugin get-token --oidc-client-secret=… --password … -v --id=x`" in str(caught.value)
    assert "s3cret" not in str(caught.value)


# Renewal


def test_expired_credential_is_renewed_before_it_is_sent(server: HttpServer, tmp_path: Path) -> None:
    clock = FakeClock()
    user = plugin(tmp_path, credential("old", expirationTimestamp="2030-01-01T00:10:00Z"))
    cluster = connected(tmp_path, server.url, user, clock=clock)
    assert asked(cluster, server)["Authorization"] == ["Bearer old"]
    (tmp_path / "next").write_text(json.dumps(credential("new")))
    clock.seconds += 600
    assert asked(cluster, server)["Authorization"] == ["Bearer new"]


def test_certificate_that_a_plugin_renewed_is_the_one_that_is_shown(
    secure_server: HttpServer, authority: Authority, tmp_path: Path
) -> None:
    def issued(name: str, expires: str) -> dict[str, Any]:
        certificate, key = authority.issue(name, f"/CN={name}", use="client")
        pair = {"clientCertificateData": certificate.read_text(), "clientKeyData": key.read_text()}
        return credential(expirationTimestamp=expires, **pair)

    clock = FakeClock()
    user = plugin(tmp_path, issued("first", "2030-01-01T00:10:00Z"))
    trusted = {"certificate-authority": str(authority.ca)}
    cluster = connected(tmp_path, secure_server.url, user, cluster=trusted, clock=clock)
    asked(cluster, secure_server)
    (tmp_path / "next").write_text(json.dumps(issued("second", "2030-01-01T01:00:00Z")))
    clock.seconds += 600
    asked(cluster, secure_server)
    cluster.close()
    shown = [(seen.peer or {})["subject"][0][0][1] for seen in secure_server.seen]
    assert shown == ["first", "second"]


def test_refused_credential_is_renewed_once_and_sent_again(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url, plugin(tmp_path, credential("old")))
    (tmp_path / "next").write_text(json.dumps(credential("new")))
    server.behaviour = lambda seen: VERSION if seen.value("Authorization") == "Bearer new" else UNAUTHORIZED
    assert cluster.version() == "v1.35.4"
    assert [seen.value("Authorization") for seen in server.seen] == ["Bearer old", "Bearer new"]


def test_still_refused_says_what_to_do(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url, plugin(tmp_path, credential("old")))
    (tmp_path / "next").write_text(json.dumps(credential("new")))
    server.answers(UNAUTHORIZED)
    with pytest.raises(Unauthorized, match=r"log in again with the tool behind `\./plugin`") as caught:
        cluster.version()
    assert caught.value.status == 401
    assert (len(server.seen), runs(tmp_path)) == (2, 2)


def test_renewal_that_fails_sends_nothing(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(
        tmp_path, server.url, plugin(tmp_path, credential("old", expirationTimestamp="2029-01-01T00:00:00Z"))
    )
    (tmp_path / "next").write_text("gone")
    with pytest.raises(CredentialsError, match="its output is not JSON"):
        cluster.version()
    assert server.seen == []


@pytest.mark.parametrize(
    ("user", "said"),
    [
        pytest.param(None, "the context has no credentials", id="anonymous"),
        pytest.param({"token": "t"}, 'the token of the user "somebody"', id="token"),
        pytest.param({"username": "u", "password": "p"}, "the password of", id="password"),
    ],
)
def test_refused_for_good(user: dict[str, Any] | None, said: str, server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url, user)
    server.answers(UNAUTHORIZED)
    with pytest.raises(Unauthorized, match=said):
        cluster.version()
    assert len(server.seen) == 1


def test_many_threads_that_are_refused_renew_once(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url, plugin(tmp_path, credential("old")))
    (tmp_path / "next").write_text(json.dumps(credential("new")))
    together = threading.Barrier(6)

    def answer(seen: Seen) -> Answer:
        if seen.value("Authorization") == "Bearer new":
            return VERSION
        together.wait(20)
        return UNAUTHORIZED

    server.behaviour = answer
    versions: list[str] = []
    threads = [threading.Thread(target=lambda: versions.append(cluster.version()), daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (versions, runs(tmp_path)) == (["v1.35.4"] * 6, 2)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A terminal as our standard input."""
    master, slave = pty.openpty()
    with open(slave) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        yield
    os.close(master)


def runs_out(folder: Path, mode: str) -> dict[str, Any]:
    """A user entry whose plugin gives a token for ten minutes, then fails until it may ask somebody."""
    user = plugin(folder, "", interactiveMode=mode)
    old, new = credential("old", expirationTimestamp="2030-01-01T00:10:00Z"), credential("asked")
    (folder / "plugin").write_text(
        f"""#!/bin/sh
cd {shlex.quote(str(folder))} && echo x >> runs
case "$KUBERNETES_EXEC_INFO" in
*'"interactive": true'*) echo '{json.dumps(new)}' ;;
*) [ "$(wc -l < runs)" = 1 ] && echo '{json.dumps(old)}' || {{ echo 'the session is over' >&2; exit 3; }} ;;
esac
"""
    )
    return user


@dataclass
class Lender:
    """A terminal that is lent, or not; `interrupted` as with ctrl-c at the prompt."""

    lends: bool = True
    interrupted: bool = False
    asked: int = 0

    def __call__(self, ask: Callable[[], None]) -> bool:
        self.asked += 1
        if self.interrupted:
            raise CredentialsError("interrupted")
        if self.lends:
            ask()
        return self.lends


def test_login_that_runs_out_asks_on_the_terminal_that_is_lent(
    keyboard: None, server: HttpServer, tmp_path: Path
) -> None:
    clock, lender = FakeClock(), Lender()
    cluster = connected(tmp_path, server.url, runs_out(tmp_path, "IfAvailable"), clock=clock)
    cluster.ask_on(lender)
    clock.seconds += 600
    assert asked(cluster, server)["Authorization"] == ["Bearer asked"]
    assert (lender.asked, runs(tmp_path), len(server.seen)) == (1, 3, 1)


@pytest.mark.parametrize(
    ("mode", "lender", "times"),
    [
        pytest.param("Never", Lender(), 0, id="a plugin that never asks"),
        pytest.param("IfAvailable", None, 0, id="nobody has a terminal"),
        pytest.param("IfAvailable", Lender(lends=False), 1, id="it cannot be lent"),
    ],
)
def test_login_that_cannot_ask_says_what_the_plugin_said(
    mode: str, lender: Lender | None, times: int, keyboard: None, server: HttpServer, tmp_path: Path
) -> None:
    clock = FakeClock()
    cluster = connected(tmp_path, server.url, runs_out(tmp_path, mode), clock=clock)
    clock.seconds += 600
    if lender is not None:
        cluster.ask_on(lender)
    with pytest.raises(CredentialsError, match="failed with exit code 3; it said:\nthe session is over"):
        cluster.version()
    assert (lender.asked if lender else 0, server.seen) == (times, [])


def test_a_plugin_that_waits_for_somebody_is_ended_where_it_could_ask(tmp_path: Path) -> None:
    user = plugin(tmp_path, "")
    (tmp_path / "plugin").write_text("#!/bin/sh\necho 'open https://login.example and enter ABC' >&2\nexec sleep 600\n")
    environ = {"PATH": "/usr/bin:/bin"}
    file = write(tmp_path / "kubeconfig", config("https://there.example", user))
    chosen = select(kubeconfig=file, context=None, environ=environ)
    assert chosen.user is not None
    with pytest.raises(CredentialsError, match=r"gave no answer within 0\.5 s; it said:\nopen https://login\.example"):
        exec_plugin.run(
            chosen.user, endpoint_of(chosen.cluster, environ), interactive=False, environ=environ, patience_seconds=0.5
        )


def test_who_declined_a_login_is_not_asked_at_once_again(keyboard: None, server: HttpServer, tmp_path: Path) -> None:
    clock, lender = FakeClock(), Lender(interrupted=True)
    cluster = connected(tmp_path, server.url, runs_out(tmp_path, "IfAvailable"), clock=clock)
    cluster.ask_on(lender)
    clock.seconds += 600
    for _ in range(8):
        with pytest.raises(CredentialsError, match="interrupted"):
            cluster.version()
    assert lender.asked == 1
    clock.seconds += 3
    lender.interrupted = False
    assert asked(cluster, server)["Authorization"] == ["Bearer asked"]


def test_no_error_and_no_repr_shows_a_secret(server: HttpServer, tmp_path: Path) -> None:
    cluster = connected(tmp_path, server.url, {"token": "s3cret"})
    server.answers(Answer(401, b"no", "text/plain"))
    with pytest.raises(Unauthorized) as caught:
        cluster.version()
    assert "s3cret" not in str(caught.value)
