"""Jobs and CronJobs of the simulation. A Job is done when the regular containers of its Pods are: a classic helper that does
not end keeps it active for ever, a native one is stopped by the kubelet. Restarts count against backoffLimit under
OnFailure, a sidecar's too (pkg/controller/job)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.sources.embedded.desk import (
    Desk,
    Object,
    is_active,
    is_leaving,
    is_ready,
    reference,
    without_zeros,
)

JOBS, CRON_JOBS = resolve("job").resource, resolve("cronjob").resource
_REACHED = "Reached expected number of succeeded pods"
_LIMIT = "Job has reached the specified backoff limit"


def sync_jobs(desk: Desk) -> None:
    for job in desk.cluster.objects(JOBS):
        _sync(desk, job)
    for cron_job in desk.cluster.objects(CRON_JOBS):
        _report_runs(desk, cron_job)


def _sync(desk: Desk, job: Object) -> None:
    spec, old = job["spec"], job.get("status") or {}
    finished = any(c["type"] in ("Complete", "Failed") for c in old.get("conditions") or ())
    if finished or spec.get("suspend"):
        return
    pods = desk.pods_of(job)
    phases = [(pod.get("status") or {}).get("phase") for pod in pods]
    active = [pod for pod in pods if is_active(pod)]
    succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
    wanted, limit = int(spec.get("completions", 1)), int(spec.get("backoffLimit", 6))
    conditions: list[Object] = list(old.get("conditions") or ())
    restarts = sum(map(_restarts, active)) if spec["template"]["spec"].get("restartPolicy") == "OnFailure" else 0
    if succeeded >= wanted:
        conditions = [
            _condition(desk, kind, "CompletionsReached", _REACHED) for kind in ("SuccessCriteriaMet", "Complete")
        ]
    elif conditions or failed > limit or (restarts and restarts >= max(1, limit)):
        conditions = _failing(desk, active, conditions)
    else:
        for _ in range(min(int(spec.get("parallelism", 1)), wanted - succeeded) - len(active)):
            desk.make_pod(job, spec["template"])
    active = [pod for pod in desk.pods_of(job) if is_active(pod)]
    status = without_zeros(
        {
            "conditions": conditions,
            "startTime": old.get("startTime") or desk.stamp,
            "completionTime": desk.stamp if succeeded >= wanted else None,
            "active": len(active),
            "succeeded": succeeded,
            "failed": failed,
            "terminating": sum(is_leaving(pod) for pod in desk.pods_of(job)),
            "ready": sum(map(is_ready, active)),
        },
        "terminating",
        "ready",
    )
    desk.set_status(JOBS, job, {**status, "uncountedTerminatedPods": {}})


def _failing(desk: Desk, active: list[Object], conditions: list[Object]) -> list[Object]:
    """A Job that failed: its Pods are deleted first, then it is Failed."""
    for pod in active:
        desk.delete_pod(pod)
    target = next((c for c in conditions if c["type"] == "FailureTarget"), None)
    if target is None:
        return [_condition(desk, "FailureTarget", "BackoffLimitExceeded", _LIMIT)]
    return [target, _condition(desk, "Failed", "BackoffLimitExceeded", _LIMIT)]


def _restarts(pod: Mapping[str, Any]) -> int:
    status = pod.get("status") or {}
    both = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    return sum(int(container.get("restartCount") or 0) for container in both)


def _condition(desk: Desk, kind: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": "True", "lastProbeTime": desk.stamp, "lastTransitionTime": desk.stamp,
            "reason": reason, "message": message}  # fmt: skip


def run_cron_job(desk: Desk, cron_job: Object) -> str:
    """Starts a run now, as its schedule would; returns the Job's name."""
    metadata, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    name = f"{metadata['name']}-{int(desk.now.timestamp() // 60)}"
    inner = template.get("metadata") or {}
    desk.cluster.put({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": metadata["namespace"], "labels": dict(inner.get("labels") or {}),
                     "annotations": {**(inner.get("annotations") or {}), "batch.kubernetes.io/cronjob-scheduled-timestamp": desk.stamp},
                     "ownerReferences": [reference(cron_job)]},
        "spec": template["spec"],
    })  # fmt: skip
    desk.edit(CRON_JOBS, cron_job, lambda found: found.setdefault("status", {}).update(lastScheduleTime=desk.stamp))
    return name


def _report_runs(desk: Desk, cron_job: Object) -> None:
    uid = cron_job["metadata"]["uid"]
    running = [
        {"kind": "Job", "namespace": job["metadata"]["namespace"], "name": job["metadata"]["name"],
         "uid": job["metadata"]["uid"], "apiVersion": "batch/v1"}
        for job in desk.cluster.objects(JOBS)
        if any(r["uid"] == uid for r in job["metadata"].get("ownerReferences") or ())
        and not any(c["type"] in ("Complete", "Failed") for c in (job.get("status") or {}).get("conditions") or ())
    ]  # fmt: skip
    kept = {key: value for key, value in (cron_job.get("status") or {}).items() if key != "active"}
    desk.set_status(CRON_JOBS, cron_job, {**kept, **({"active": running} if running else {})})
