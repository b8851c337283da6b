"""A real cluster behind the port: kubeconfig, credentials, TLS and requests. `connect` is the only door to it.

Credentials fail closed: what is configured is obtained before the first request, or connect() raises and none is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubectl_sidecar.sources.clock import SystemClock
from kubectl_sidecar.sources.cluster import Clock
from kubectl_sidecar.sources.kube.cluster import KubeCluster
from kubectl_sidecar.sources.kube.credentials import Login, impersonation
from kubectl_sidecar.sources.kube.endpoint import endpoint_of
from kubectl_sidecar.sources.kube.kubeconfig import SERVICE_ACCOUNT, select
from kubectl_sidecar.sources.kube.transport import Transport

__all__ = ["KubeCluster", "connect"]


def connect(
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    namespace: str | None = None,
    impersonate_user: str | None = None,
    impersonate_groups: Sequence[str] = (),
    request_timeout: float | None = None,
    interactive: bool = False,
    clock: Clock | None = None,
    environ: Mapping[str, str] = os.environ,
    service_account: Path = SERVICE_ACCOUNT,
) -> KubeCluster:
    """The cluster that kubectl would talk to with the same flags; its credentials are obtained at once, no request is sent.

    `request_timeout` is in seconds, for one whole request; None or 0 means no limit. With `interactive` an exec plugin gets
    the terminal (stdin, stderr), else what it writes is kept for the error. `environ` and `service_account` are the process's
    surroundings (KUBECONFIG, HTTPS_PROXY …). Raises KubeconfigError, CredentialsError."""
    clock = clock or SystemClock()
    chosen = select(kubeconfig=kubeconfig, context=context, environ=environ, service_account=service_account)
    endpoint = endpoint_of(chosen.cluster, environ)
    impersonate = impersonation(chosen.user, as_user=impersonate_user, as_groups=impersonate_groups)
    login = Login(chosen.user, endpoint, interactive=interactive, clock=clock, environ=environ)
    transport = Transport(
        endpoint, login, context=chosen.context, impersonate=impersonate, request_timeout=request_timeout, clock=clock
    )
    return KubeCluster(
        transport, login, context=chosen.context, namespace=namespace or chosen.namespace, server=endpoint.server
    )
