"""A real control plane on loopback for tests: etcd, API server, controllers and scheduler, with TLS and RBAC.

It answers every 409, 422, 403 and Warning header that a user's API server would. Nothing in it is shared with another one:
ports, certificates and tokens are its own, and its tokens are random, because other users of the machine reach loopback too.
No Pod ever runs in it unless tests.node adds a node. Services have no data plane and there is no DNS.
"""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.cluster.certificates import Authority, new_authority, openssl
from tests.cluster.processes import NotUp, bound_to_us, eventually, free_ports, running, tail

Tls = Literal["VersionTLS12", "VersionTLS13"]

# Their groups. The others than admin have no rights until a test grants them some.
USERS: Mapping[str, tuple[str, ...]] = {
    "admin": ("system:masters",),
    "viewer": (),
    "shop-editor": (),
    "patcher": (),
}
CERTIFICATE_USER = "admin-certificate"
AUDIT_LOG = "audit.log"
# Who asked what of workloads: enough to tell a client's manners, and small for a whole run of all tests.
AUDIT_POLICY: Mapping[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [
        {"level": "Metadata", "resources": [{"group": "apps"}], "verbs": ["get", "patch"]},
        {"level": "Metadata", "resources": [{"group": "", "resources": ["pods"]}], "verbs": ["create"]},
        {"level": "None"},
    ],
}
TAKEN = "address already in use"


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane. `kubeconfig` has a context for each of USERS, called like the user, and one that logs in by a
    client certificate (CERTIFICATE_USER); its current context is admin."""

    assets: Path
    folder: Path
    kubeconfig: Path
    server: str
    authority: Authority
    tokens: Mapping[str, str]

    @property
    def ca(self) -> Path:
        return self.authority.ca

    def audited(self, *, namespace: str) -> list[dict[str, Any]]:
        """The requests in a namespace that AUDIT_POLICY keeps (audit.k8s.io/v1 Events), oldest first; a request is there a
        moment after its answer."""
        *whole, _ = (self.folder / AUDIT_LOG).read_text().split("\n")  # the last line may be half written
        events = (json.loads(line) for line in whole if f'"{namespace}"' in line)
        return [event for event in events if event.get("objectRef", {}).get("namespace") == namespace]

    def token_for(self, user: str) -> str:
        """The bearer token of one of USERS."""
        return self.tokens[user]

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,
        check: bool = True,
        token: str | None = None,
        context: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """kubectl as admin, or as the user of `token` (a bearer token: `token_for`) or `context`.

        With `check`, a failure is an AssertionError that shows what kubectl said.
        """
        login = [f"--token={token}"] if token else []
        login += [f"--context={context}"] if context else []
        command = [*bound_to_us(), str(self.assets / "kubectl"), f"--kubeconfig={self.kubeconfig}", *login, *arguments]
        # a folder of its own: no discovery cache, kuberc or plugin of the person who runs the tests
        environ = {"HOME": str(self.folder), "PATH": os.environ.get("PATH", os.defpath)}
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False, env=environ)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr.strip()}")
        return done

    def create(self, *objects: Mapping[str, Any], namespace: str) -> None:
        """Creates the objects; one that is there already is an error."""
        for manifest in objects:
            self.kubectl("create", "-n", namespace, "-f", "-", input=json.dumps(manifest))

    def get(self, *arguments: str, namespace: str) -> dict[str, Any]:
        """`kubectl get …` as data: one object, or a List with items."""
        answer: dict[str, Any] = json.loads(self.kubectl("get", "-n", namespace, "-o", "json", *arguments).stdout)
        return answer

    @contextmanager
    def namespace(self, prefix: str = "test") -> Iterator[str]:
        """A new namespace, ready for Pods (their service account is there); deleted, without waiting, when the block ends."""
        name = f"{prefix}-{secrets.token_hex(4)}"
        self.kubectl("create", "namespace", name)
        try:
            self._wait_for_service_account(name)
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")

    def _wait_for_service_account(self, namespace: str) -> None:
        def there() -> bool:
            return not self.kubectl("get", "-n", namespace, "serviceaccount", "default", check=False).returncode

        eventually(there, what=f"the controllers made the default service account of {namespace}")


@contextmanager
def control_plane(
    assets: Path, dir: Path, *, min_tls: Tls = "VersionTLS12", flags: Sequence[str] = ()
) -> Iterator[ControlPlane]:
    """Runs a control plane in the empty folder `dir` (about 5 s to start) until the block ends; its logs stay there.

    `flags` are for API server, controllers and scheduler alike, such as --emulated-version. A port that somebody took between
    the choice and the use makes it start again with others. Raises NotUp.
    """
    for attempt in range(4):
        folder = dir / str(attempt)
        folder.mkdir(mode=0o700)
        with ExitStack() as stack:
            try:
                cluster = _start(stack, assets, folder, min_tls=min_tls, flags=flags)
            except NotUp:
                if attempt < 3 and any(TAKEN in log.read_text(errors="replace") for log in folder.glob("*.log")):
                    continue
                raise
            yield cluster
            return


def _start(stack: ExitStack, assets: Path, folder: Path, *, min_tls: Tls, flags: Sequence[str]) -> ControlPlane:
    authority = new_authority(folder / "pki")
    client_port, peer_port, api_port = free_ports(3)
    cluster = ControlPlane(
        assets=assets,
        folder=folder,
        kubeconfig=folder / "kubeconfig",
        server=f"https://127.0.0.1:{api_port}",
        authority=authority,
        tokens={user: secrets.token_hex(16) for user in USERS},
    )
    _write_kubeconfig(cluster)
    commands = {
        "etcd": _etcd(authority, client_port, peer_port),
        "kube-apiserver": [*_api_server(cluster, client_port, api_port, min_tls), *flags],
        # Port 0: they serve nothing. On their fixed ports a second cluster's would die, and nothing would say so.
        "kube-controller-manager": [
            *(f"--kubeconfig={cluster.kubeconfig}", "--leader-elect=false", "--secure-port=0"),
            "--horizontal-pod-autoscaler-sync-period=1s",
            *(f"--service-account-private-key-file={authority.folder}/accounts.key", f"--root-ca-file={authority.ca}"),
            *flags,
        ],
        "kube-scheduler": [f"--kubeconfig={cluster.kubeconfig}", "--leader-elect=false", "--secure-port=0", *flags],
    }
    processes: dict[str, subprocess.Popen[bytes]] = {}

    def alive() -> None:
        for name, process in processes.items():
            if process.poll() is not None:
                raise NotUp(f"{name} ended with exit code {process.returncode}. {tail(folder / f'{name}.log')}")

    def ready() -> bool:
        alive()
        return not cluster.kubectl("get", "--raw", "/readyz", check=False).returncode

    try:
        for name, arguments in commands.items():
            if name == "kube-controller-manager":
                eventually(ready, what="the API server is ready", timeout=60)
            log = folder / f"{name}.log"
            processes[name] = stack.enter_context(running([assets / name, *arguments], log=log))
        cluster._wait_for_service_account("default")
    except AssertionError as late:
        raise NotUp(f"The control plane did not come up. {late}\n{tail(folder / 'kube-apiserver.log')}") from late
    alive()
    return cluster


def _etcd(authority: Authority, client_port: int, peer_port: int) -> list[str]:
    certificate, key = authority.issue("etcd", "/CN=etcd", use="server")
    client, peer = f"https://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    return [
        *("--name=test", "--data-dir=etcd", "--unsafe-no-fsync", f"--initial-cluster=test={peer}"),
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
        *("--client-cert-auth", f"--trusted-ca-file={authority.ca}", f"--cert-file={certificate}", f"--key-file={key}"),
    ]


def _api_server(cluster: ControlPlane, etcd_port: int, port: int, min_tls: Tls) -> list[str]:
    authority = cluster.authority
    accounts, tokens = authority.folder / "accounts.key", authority.folder / "tokens.csv"
    openssl("genrsa", "-out", accounts, "2048")
    tokens.write_text("".join(f'{cluster.tokens[u]},{u},{u},"{",".join(groups)}"\n' for u, groups in USERS.items()))
    (cluster.folder / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
    served, served_key = authority.issue("apiserver", "/CN=kube-apiserver", use="server")
    # what it shows to etcd and to kubelets
    client, client_key = authority.issue("apiserver-client", "/O=system:masters/CN=kube-apiserver", use="client")
    return [
        *("--bind-address=127.0.0.1", f"--secure-port={port}", f"--tls-min-version={min_tls}"),
        *(f"--tls-cert-file={served}", f"--tls-private-key-file={served_key}", "--authorization-mode=RBAC"),
        *(f"--client-ca-file={authority.ca}", f"--token-auth-file={tokens}", "--allow-privileged=true"),
        *(f"--etcd-servers=https://127.0.0.1:{etcd_port}", f"--etcd-cafile={authority.ca}"),
        *(f"--etcd-certfile={client}", f"--etcd-keyfile={client_key}"),
        *(f"--kubelet-client-certificate={client}", f"--kubelet-client-key={client_key}"),
        *(f"--audit-policy-file={cluster.folder}/audit-policy.json", f"--audit-log-path={cluster.folder}/{AUDIT_LOG}"),
        *("--kubelet-preferred-address-types=InternalIP", "--service-cluster-ip-range=10.96.0.0/16"),
        "--service-account-issuer=https://kubernetes.default.svc",
        *(f"--service-account-key-file={accounts}", f"--service-account-signing-key-file={accounts}"),
    ]


def _write_kubeconfig(cluster: ControlPlane) -> None:
    certificate, key = cluster.authority.issue("admin", f"/O=system:masters/CN={CERTIFICATE_USER}", use="client")
    logins: dict[str, dict[str, str]] = {user: {"token": token} for user, token in cluster.tokens.items()}
    logins[CERTIFICATE_USER] = {"client-certificate": str(certificate), "client-key": str(key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [{"name": "test", "cluster": {"server": cluster.server, "certificate-authority": str(cluster.ca)}}],
        "users": [{"name": name, "user": login} for name, login in logins.items()],
        "contexts": [{"name": name, "context": {"cluster": "test", "user": name}} for name in logins],
    }
    cluster.kubeconfig.touch(mode=0o600)
    cluster.kubeconfig.write_text(json.dumps(config, indent=1))
