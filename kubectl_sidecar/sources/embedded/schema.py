"""Strict decoding: which fields an object may have, and of what type, as the API server's decoder checks them before all
validation. One table of the structs that hold or surround a Pod template (from the OpenAPI document of Kubernetes 1.35);
what it does not name (`*`) is taken as it comes. Texts are those of apimachinery's strict decoder and of Go's json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

_TABLE = """
Deployment: * status; DeploymentSpec spec; ObjectMeta metadata; string apiVersion kind
StatefulSet: * status; ObjectMeta metadata; StatefulSetSpec spec; string apiVersion kind
DaemonSet: * status; DaemonSetSpec spec; ObjectMeta metadata; string apiVersion kind
ReplicaSet: * status; ObjectMeta metadata; ReplicaSetSpec spec; string apiVersion kind
ReplicationController: * status; ObjectMeta metadata; ReplicationControllerSpec spec; string apiVersion kind
CronJob: * status; CronJobSpec spec; ObjectMeta metadata; string apiVersion kind
Job: * status; JobSpec spec; ObjectMeta metadata; string apiVersion kind
Pod: * status; ObjectMeta metadata; PodSpec spec; string apiVersion kind
Service: * status; ObjectMeta metadata; ServiceSpec spec; string apiVersion kind
ObjectMeta: * creationTimestamp deletionTimestamp; [*] managedFields ownerReferences; [string] finalizers; int64
  deletionGracePeriodSeconds generation; string generateName name namespace resourceVersion selfLink uid; {string}
  annotations labels
LabelSelector: [*] matchExpressions; {string} matchLabels
DeploymentSpec: DeploymentStrategy strategy; LabelSelector selector; PodTemplateSpec template; bool paused; int32
  minReadySeconds progressDeadlineSeconds replicas revisionHistoryLimit
DeploymentStrategy: RollingUpdateDeployment rollingUpdate; string type
RollingUpdateDeployment: * maxSurge maxUnavailable
StatefulSetSpec: * ordinals persistentVolumeClaimRetentionPolicy; LabelSelector selector; PodTemplateSpec template;
  StatefulSetUpdateStrategy updateStrategy; [*] volumeClaimTemplates; int32 minReadySeconds replicas
  revisionHistoryLimit; string podManagementPolicy serviceName
StatefulSetUpdateStrategy: RollingUpdateStatefulSetStrategy rollingUpdate; string type
RollingUpdateStatefulSetStrategy: * maxUnavailable; int32 partition
DaemonSetSpec: DaemonSetUpdateStrategy updateStrategy; LabelSelector selector; PodTemplateSpec template; int32
  minReadySeconds revisionHistoryLimit
DaemonSetUpdateStrategy: RollingUpdateDaemonSet rollingUpdate; string type
RollingUpdateDaemonSet: * maxSurge maxUnavailable
ReplicaSetSpec: LabelSelector selector; PodTemplateSpec template; int32 minReadySeconds replicas
ReplicationControllerSpec: PodTemplateSpec template; int32 minReadySeconds replicas; {string} selector
CronJobSpec: JobTemplateSpec jobTemplate; bool suspend; int32 failedJobsHistoryLimit successfulJobsHistoryLimit; int64
  startingDeadlineSeconds; string concurrencyPolicy schedule timeZone
JobTemplateSpec: JobSpec spec; ObjectMeta metadata
JobSpec: * podFailurePolicy successPolicy; LabelSelector selector; PodTemplateSpec template; bool manualSelector
  suspend; int32 backoffLimit backoffLimitPerIndex completions maxFailedIndexes parallelism ttlSecondsAfterFinished;
  int64 activeDeadlineSeconds; string completionMode managedBy podReplacementPolicy
PodTemplateSpec: ObjectMeta metadata; PodSpec spec
PodSpec: * affinity dnsConfig os overhead securityContext workloadRef; ResourceRequirements resources; [*]
  ephemeralContainers hostAliases imagePullSecrets readinessGates resourceClaims schedulingGates tolerations
  topologySpreadConstraints; [Container] containers initContainers; [Volume] volumes; bool
  automountServiceAccountToken enableServiceLinks hostIPC hostNetwork hostPID hostUsers setHostnameAsFQDN
  shareProcessNamespace; int32 priority; int64 activeDeadlineSeconds terminationGracePeriodSeconds; string dnsPolicy
  hostname hostnameOverride nodeName preemptionPolicy priorityClassName restartPolicy runtimeClassName schedulerName
  serviceAccount serviceAccountName subdomain; {string} nodeSelector
Container: * securityContext; Lifecycle lifecycle; Probe livenessProbe readinessProbe startupProbe;
  ResourceRequirements resources; [*] resizePolicy restartPolicyRules volumeDevices; [ContainerPort] ports;
  [EnvFromSource] envFrom; [EnvVar] env; [VolumeMount] volumeMounts; [string] args command; bool stdin stdinOnce tty;
  string image imagePullPolicy name restartPolicy terminationMessagePath terminationMessagePolicy workingDir
EnvVar: * valueFrom; string name value
EnvFromSource: * configMapRef secretRef; string prefix
ContainerPort: int32 containerPort hostPort; string hostIP name protocol
VolumeMount: bool readOnly; string mountPath mountPropagation name recursiveReadOnly subPath subPathExpr
Probe: ExecAction exec; GRPCAction grpc; HTTPGetAction httpGet; TCPSocketAction tcpSocket; int32 failureThreshold
  initialDelaySeconds periodSeconds successThreshold timeoutSeconds; int64 terminationGracePeriodSeconds
ExecAction: [string] command
HTTPGetAction: * port; [HTTPHeader] httpHeaders; string host path scheme
HTTPHeader: string name value
TCPSocketAction: * port; string host
GRPCAction: int32 port; string service
Lifecycle: LifecycleHandler postStart preStop; string stopSignal
LifecycleHandler: ExecAction exec; HTTPGetAction httpGet; SleepAction sleep; TCPSocketAction tcpSocket
SleepAction: int64 seconds
ResourceRequirements: * limits requests; [*] claims
Volume: * awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI ephemeral fc flexVolume
  flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs persistentVolumeClaim photonPersistentDisk
  portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume; EmptyDirVolumeSource emptyDir; string
  name
EmptyDirVolumeSource: * sizeLimit; string medium
ServiceSpec: * sessionAffinityConfig; [ServicePort] ports; [string] clusterIPs externalIPs ipFamilies
  loadBalancerSourceRanges; bool allocateLoadBalancerNodePorts publishNotReadyAddresses; int32 healthCheckNodePort;
  string clusterIP externalName externalTrafficPolicy internalTrafficPolicy ipFamilyPolicy loadBalancerClass
  loadBalancerIP sessionAffinity trafficDistribution type; {string} selector
ServicePort: * targetPort; int32 nodePort port; string appProtocol name protocol
"""
# A line is `Struct: type field field…; type field…`; an indented line goes on with the one above it.

_INTEGERS = ("int32", "int64")


class Mistyped(Exception):
    """A value has a type that Go's decoder refuses; the message is Go's."""


@cache
def _structs() -> Mapping[str, Mapping[str, str]]:
    structs: dict[str, dict[str, str]] = {}
    for line in _TABLE.replace("\n  ", " ").strip().splitlines():
        struct, _, groups = line.partition(": ")
        fields = structs[struct] = {}
        for group in groups.split("; "):
            kind, *names = group.split()
            fields.update(dict.fromkeys(names, kind))
    return structs


def unknown_fields(obj: Mapping[str, Any], *, native_sidecars_known: bool = True) -> list[str]:
    """The paths of fields that the struct of the object's kind does not have, in the order of the object.
    `native_sidecars_known=False` is a server before 1.28, whose containers have no restartPolicy. Raises Mistyped."""
    kind = str(obj.get("kind"))
    return list(_walk(kind, obj, "", "", native_sidecars_known)) if kind in _structs() else []


def _walk(struct: str, obj: Mapping[str, Any], path: str, plain: str, known: bool) -> Iterator[str]:
    fields = _structs()[struct]
    for name, value in obj.items():
        here, bare = (f"{path}.{name}", f"{plain}.{name}") if path else (name, name)
        kind = fields.get(name)
        if kind is None or (struct == "Container" and name.startswith("restartPolicy") and not known):
            yield here
        elif value is not None:
            yield from _value(kind, value, here, bare, f"{struct}.{bare}", known)


def _value(kind: str, value: Any, path: str, plain: str, go_field: str, known: bool) -> Iterator[str]:
    if kind == "*":
        return
    if kind.startswith("["):
        _expect(value, list, go_field, "[]" + _go(kind[1:-1]))
        for index, item in enumerate(value):
            if item is not None:
                yield from _value(kind[1:-1], item, f"{path}[{index}]", plain, go_field, known)
    elif kind.startswith("{"):
        _expect(value, dict, go_field, "map[string]string")
        for item in value.values():
            if item is not None:
                _expect(item, str, go_field, "string")
    elif kind in _INTEGERS:
        _expect(value, int, go_field, kind)
    elif kind in ("string", "bool"):
        _expect(value, str if kind == "string" else bool, go_field, kind)
    else:
        _expect(value, dict, go_field, _go(kind))
        yield from _walk(kind, value, path, plain, known)


def _go(kind: str) -> str:
    return kind if kind in ("string", "bool", *_INTEGERS) else f"v1.{kind}"


def _expect(value: Any, wanted: type, go_field: str, go_type: str) -> None:
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return
    names = {str: "string", bool: "bool", dict: "object", list: "array"}
    found = names.get(type(value), f"number {value}" if wanted is int else "number")
    raise Mistyped(f"json: cannot unmarshal {found} into Go struct field {go_field} of type {go_type}")
