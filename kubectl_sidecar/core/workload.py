"""The typed, read-only view of a workload: only the fields that this program reads, each absent or null without harm.

Decoding is most of what listing a large cluster costs, so a page of a list is decoded lean: containers are decoded in full
only where there are two or more. One odd item never loses a page: it becomes a `Broken` with the path of its fault.
What is written back never comes from here (unknown fields would be lost) but from plain mappings; see edits.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kubectl_sidecar.core.kinds import Kind

Quantity = str | int | float


class _Base(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What all views share: frozen, camelCase on the wire, not tracked by the garbage collector (they hold no cycles)."""


class OwnerReference(_Base, frozen=True):
    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool | None = None


class ManagedFields(_Base, frozen=True):
    manager: str | None = None
    operation: str | None = None


class Metadata(_Base, frozen=True):
    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    managed_fields: tuple[ManagedFields, ...] | None = None
    deletion_timestamp: str | None = None


class EnvVar(_Base, frozen=True):
    name: str = ""
    value: str | None = None


class Port(_Base, frozen=True):
    container_port: int | None = None
    name: str | None = None
    protocol: str | None = None
    host_port: int | None = None


class VolumeMount(_Base, frozen=True):
    name: str = ""
    mount_path: str = ""
    read_only: bool | None = None
    sub_path: str | None = None
    mount_propagation: str | None = None


class HttpHeader(_Base, frozen=True):
    name: str = ""
    value: str | None = None


class HttpGet(_Base, frozen=True):
    port: int | str | None = None
    path: str | None = None
    host: str | None = None
    scheme: str | None = None
    http_headers: tuple[HttpHeader, ...] | None = None


class TcpSocket(_Base, frozen=True):
    port: int | str | None = None
    host: str | None = None


class Grpc(_Base, frozen=True):
    port: int | None = None
    service: str | None = None


class Exec(_Base, frozen=True):
    command: tuple[str, ...] | None = None


class Sleep(_Base, frozen=True):
    seconds: int | None = None


class Probe(_Base, frozen=True):
    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    grpc: Grpc | None = None
    exec: Exec | None = None
    initial_delay_seconds: int | None = None
    period_seconds: int | None = None
    failure_threshold: int | None = None
    timeout_seconds: int | None = None


class Hook(_Base, frozen=True):
    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    exec: Exec | None = None
    sleep: Sleep | None = None


class Lifecycle(_Base, frozen=True):
    post_start: Hook | None = None
    pre_stop: Hook | None = None


class Resources(_Base, frozen=True):
    requests: dict[str, Quantity | None] | None = None
    limits: dict[str, Quantity | None] | None = None


class Capabilities(_Base, frozen=True):
    add: tuple[str, ...] | None = None
    drop: tuple[str, ...] | None = None


class SecurityContext(_Base, frozen=True):
    run_as_user: int | None = None
    privileged: bool | None = None
    capabilities: Capabilities | None = None


class ResizePolicy(_Base, frozen=True):
    resource_name: str | None = None
    restart_policy: str | None = None


class Container(_Base, frozen=True):
    """One entry of spec.containers or spec.initContainers."""

    name: str = ""
    image: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    working_dir: str | None = None
    env: tuple[EnvVar, ...] | None = None
    ports: tuple[Port, ...] | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    resources: Resources | None = None
    security_context: SecurityContext | None = None
    restart_policy: str | None = None
    restart_policy_rules: tuple[dict[str, Any], ...] | None = None
    resize_policy: tuple[ResizePolicy, ...] | None = None
    image_pull_policy: str | None = None

    @property
    def pre_stop(self) -> Hook | None:
        return self.lifecycle.pre_stop if self.lifecycle else None

    @property
    def post_start(self) -> Hook | None:
        return self.lifecycle.post_start if self.lifecycle else None

    @property
    def words(self) -> tuple[str, ...]:
        """Command and arguments, one after the other."""
        return (*(self.command or ()), *(self.args or ()))


class EmptyDir(_Base, frozen=True):
    medium: str | None = None


class ClaimSource(_Base, frozen=True):
    claim_name: str | None = None


class NameSource(_Base, frozen=True):
    name: str | None = None


class SecretSource(_Base, frozen=True):
    secret_name: str | None = None


class HostPath(_Base, frozen=True):
    path: str | None = None


class Volume(_Base, frozen=True):
    name: str = ""
    empty_dir: EmptyDir | None = None
    persistent_volume_claim: ClaimSource | None = None
    config_map: NameSource | None = None
    secret: SecretSource | None = None
    host_path: HostPath | None = None


class Toleration(_Base, frozen=True):
    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None


class PodSpec(_Base, frozen=True):
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    restart_policy: str | None = None
    termination_grace_period_seconds: int | None = None
    share_process_namespace: bool | None = None
    host_network: bool | None = None
    node_name: str | None = None
    node_selector: dict[str, str | None] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    service_account_name: str | None = None
    resources: Resources | None = None
    overhead: dict[str, Quantity | None] | None = None
    affinity: dict[str, Any] | None = None
    """As on the wire: only what it requires of nodes is looked at."""

    @property
    def main_list(self) -> tuple[Container, ...]:
        return self.containers or ()

    @property
    def init_list(self) -> tuple[Container, ...]:
        return self.init_containers or ()


class PodTemplate(_Base, frozen=True):
    metadata: Metadata | None = None
    spec: PodSpec | None = None

    @property
    def labels(self) -> Mapping[str, str | None]:
        return (self.metadata.labels if self.metadata else None) or {}

    @property
    def annotations(self) -> Mapping[str, str | None]:
        return (self.metadata.annotations if self.metadata else None) or {}


class RollingUpdate(_Base, frozen=True):
    max_unavailable: int | str | None = None
    max_surge: int | str | None = None
    partition: int | None = None


class Strategy(_Base, frozen=True):
    type: str | None = None
    rolling_update: RollingUpdate | None = None


class PodFailureExitCodes(_Base, frozen=True):
    container_name: str | None = None
    operator: str | None = None
    values: tuple[int, ...] | None = None


class PodFailureRule(_Base, frozen=True):
    action: str | None = None
    on_exit_codes: PodFailureExitCodes | None = None


class PodFailurePolicy(_Base, frozen=True):
    rules: tuple[PodFailureRule, ...] | None = None


class ClaimTemplate(_Base, frozen=True):
    metadata: Metadata | None = None


class JobSpec(_Base, frozen=True):
    """The fields of a Job's spec that a migration can change the meaning of."""

    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    pod_failure_policy: PodFailurePolicy | None = None


class Workload(_Base, frozen=True):
    """One object with a Pod template (or a Pod, which is its own). `kind.template` says where the template came from."""

    kind: Kind
    api_version: str
    metadata: Metadata
    template: PodTemplate
    replicas: int | None = None
    paused: bool | None = None
    suspended: bool | None = None
    schedule: str | None = None
    strategy: Strategy | None = None
    selector: dict[str, Any] | None = None
    """As on the wire: a LabelSelector, or for a ReplicationController a plain map of labels."""
    progress_deadline_seconds: int | None = None
    min_ready_seconds: int | None = None
    pod_management_policy: str | None = None
    claim_templates: tuple[str, ...] = ()
    job: JobSpec | None = None

    @property
    def name(self) -> str:
        return self.metadata.name or self.metadata.generate_name or ""

    @property
    def namespace(self) -> str:
        return self.metadata.namespace or ""

    @property
    def spec(self) -> PodSpec:
        return self.template.spec or PodSpec()

    @property
    def annotations(self) -> Mapping[str, str | None]:
        return self.metadata.annotations or {}

    @property
    def labels(self) -> Mapping[str, str | None]:
        return self.metadata.labels or {}

    @property
    def controller(self) -> OwnerReference | None:
        """The ownerReference with controller: true, if any."""
        return next((o for o in self.metadata.owner_references or () if o.controller), None)


class Broken(_Base, frozen=True):
    """An item that could not be decoded: what it is called, as far as that could be read, and the path of its fault. `rest` is the
    workload without the fields that do not fit, where its Pod template does: in a file, `replicas: ${REPLICAS}`."""

    kind: Kind
    namespace: str
    name: str
    fault: str
    rest: Workload | None = None
