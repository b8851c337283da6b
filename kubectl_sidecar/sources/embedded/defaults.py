"""Defaulting: what the API server fills in before it stores an object, for the kinds that have a Pod template, Services and
Namespaces. Each function changes the object that it is given; the values are those that Kubernetes 1.35 answered."""

from __future__ import annotations

from typing import Any

from kubectl_sidecar.core.kinds import of_object

Object = dict[str, Any]

_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for what in ("not-ready", "unreachable")
]


def set_defaults(obj: Object) -> None:
    """Fills in what is absent. Of no effect on a kind that is not known here."""
    kind = of_object(obj)
    if obj.get("kind") == "Namespace":
        metadata = obj["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata.get("name", "")}
        _fill(obj, spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"})
    spec = obj.setdefault("spec", {}) if kind else obj.get("spec")
    if not isinstance(spec, dict):
        return
    if kind:
        _defaults_of_kind(kind.name, obj, spec)
        pod_spec: Any = obj
        for key in kind.pod_spec:
            pod_spec = pod_spec.get(key) if isinstance(pod_spec, dict) else None
        if isinstance(pod_spec, dict):
            pod_spec_defaults(pod_spec)
    elif obj.get("kind") == "Service":
        _service_defaults(spec)


def _defaults_of_kind(kind: str, obj: Object, spec: Object) -> None:
    match kind:
        case "Deployment":
            _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
            _strategy(spec.setdefault("strategy", {}), maxUnavailable="25%", maxSurge="25%")
        case "StatefulSet":
            _fill(spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10)
            _fill(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
            _strategy(spec.setdefault("updateStrategy", {}), partition=0)
        case "DaemonSet":
            _fill(spec, revisionHistoryLimit=10)
            _strategy(spec.setdefault("updateStrategy", {}), maxUnavailable=1, maxSurge=0)
        case "ReplicaSet":
            _fill(spec, replicas=1)
        case "ReplicationController":
            _fill(spec, replicas=1)
            labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
            if labels:
                _fill(spec, selector=dict(labels))
                _fill(obj.setdefault("metadata", {}), labels=dict(labels))
        case "Job":
            _job_defaults(obj, spec)
        case "CronJob":
            _fill(
                spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1
            )
        case "Pod":
            _fill(spec, priority=0, enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority")
            _fill(spec, tolerations=[dict(toleration) for toleration in _TOLERATIONS])
            _fill(obj, status={"phase": "Pending", "qosClass": _qos_class(spec)})


def _qos_class(spec: Object) -> str:
    """https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/: native sidecars and plain init containers count too."""
    resources = [c.get("resources") or {} for key in ("initContainers", "containers") for c in spec.get(key) or ()]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    sure = all(
        (limits := r.get("limits") or {}).keys() >= {"cpu", "memory"}
        and all((r.get("requests") or {}).get(what, limits[what]) == limits[what] for what in ("cpu", "memory"))
        for r in resources
    )
    return "Guaranteed" if sure else "Burstable"


def _job_defaults(obj: Object, spec: Object) -> None:
    _fill(spec, parallelism=1, completions=1, backoffLimit=6, manualSelector=False, completionMode="NonIndexed")
    _fill(spec, suspend=False, podReplacementPolicy="TerminatingOrFailed")
    metadata = obj.setdefault("metadata", {})
    uid = metadata.get("uid")
    if spec["manualSelector"] or not uid or spec.get("selector"):
        return
    own = {"controller-uid": uid, "job-name": metadata.get("name", "")}
    labels = {f"batch.kubernetes.io/{key}": value for key, value in own.items()} | own
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    for holder in (metadata, spec.setdefault("template", {}).setdefault("metadata", {})):
        holder["labels"] = {**(holder.get("labels") or {}), **labels}


def _strategy(strategy: Object, **rolling: Any) -> None:
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), **rolling)


def pod_spec_defaults(spec: Object) -> None:
    """Fills in what a Pod spec leaves out."""
    _fill(spec, restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst")
    _fill(spec, securityContext={}, schedulerName="default-scheduler")
    if spec.get("serviceAccountName"):
        _fill(spec, serviceAccount=spec["serviceAccountName"])
    for volume in spec.get("volumes") or ():
        if isinstance(volume, dict):
            _volume_defaults(volume)
    for key in ("initContainers", "containers"):
        for container in spec.get(key) or ():
            if isinstance(container, dict):
                _container_defaults(container)


def _volume_defaults(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for source in ("configMap", "secret", "projected", "downwardAPI"):
        if isinstance(volume.get(source), dict):
            _fill(volume[source], defaultMode=420)
    if isinstance(volume.get("hostPath"), dict):
        _fill(volume["hostPath"], type="")


def _container_defaults(container: Object) -> None:
    image = str(container.get("image") or "")
    tag = image.rpartition("/")[2].partition(":")[2]
    policy = "IfNotPresent" if "@" in image or tag not in ("", "latest") else "Always"
    _fill(container, resources={}, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    _fill(container, imagePullPolicy=policy)
    for port in container.get("ports") or ():
        if isinstance(port, dict):
            _fill(port, protocol="TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(probe := container.get(name), dict):
            _fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            _handler_defaults(probe)
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _handler_defaults(hook)


def _handler_defaults(handler: Object) -> None:
    if isinstance(http := handler.get("httpGet"), dict):
        _fill(http, path="/", scheme="HTTP")
    if isinstance(grpc := handler.get("grpc"), dict):
        _fill(grpc, service="")


def _service_defaults(spec: Object) -> None:
    for port in spec.get("ports") or ():
        if isinstance(port, dict):
            _fill(port, protocol="TCP")
            _fill(port, targetPort=port.get("port"))
    _fill(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    _fill(spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")


def _fill(obj: Object, **values: Any) -> None:
    for key, value in values.items():
        if obj.get(key) is None:
            obj[key] = value
