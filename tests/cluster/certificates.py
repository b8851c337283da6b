"""A certificate authority for one test cluster, made with the openssl command.

The one authority signs the API server's, etcd's and the clients' certificates, and all of it lives in one private folder that
goes away with the cluster. The extensions are written out, so the machine's own openssl.cnf has no say.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = IP:127.0.0.1, DNS:localhost, DNS:kubernetes, DNS:kubernetes.default.svc
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Authority:
    """Signs certificates with the key that lies next to its own certificate `ca`."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    def issue(self, name: str, subject: str, *, use: str) -> tuple[Path, Path]:
        """Certificate and key (PEM files called `name`) of `subject` ("/O=group/CN=user"); use: "server" or "client"."""
        certificate, key, request = (self.folder / f"{name}.{ending}" for ending in ("crt", "key", "csr"))
        openssl("req", "-new", *NEW_KEY, "-keyout", key, "-out", request, "-subj", subject, *self._config)
        signer = ("-CA", self.ca, "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-days", "2")
        openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-out",
            certificate,
            *signer,
            "-extfile",
            self._config[1],
            "-extensions",
            use,
        )
        return certificate, key

    @property
    def _config(self) -> tuple[str, Path]:
        return "-config", self.folder / "openssl.cnf"


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def new_authority(folder: Path) -> Authority:
    """An authority in a new folder that only this user may enter."""
    folder.mkdir(mode=0o700)
    (folder / "openssl.cnf").write_text(CONFIG)
    authority = Authority(folder)
    openssl(
        *("req", "-x509", *NEW_KEY, "-keyout", folder / "ca.key", "-out", authority.ca, "-days", "2"),
        *("-subj", "/CN=kubectl-sidecar-tests", "-extensions", "ca", "-config", folder / "openssl.cnf"),
    )
    return authority


def openssl(*arguments: str | Path) -> None:
    """Runs openssl; what it has against it becomes the error's text."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
