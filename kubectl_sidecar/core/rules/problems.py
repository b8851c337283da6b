"""Pages of the problems: what the classic form does wrong today."""

from __future__ import annotations

from kubectl_sidecar.core.plan import Rule

PAGES = (
    Rule(
        "start-race", "problem", "helper and app start in no order",
        "A helper in spec.containers is started together with the app. The kubelet starts regular containers one after the other, "
        "but waits for none of them.",
        "Until the helper works, the app is without it: first log lines are not picked up, first database calls fail, "
        "configuration is not there yet. Whether it happens differs from Pod to Pod.",
        "Compare startedAt of both containers with their first log lines: kubectl get pod NAME -o "
        "jsonpath='{.status.containerStatuses[*].state.running.startedAt}'.",
        "Make the helper a native sidecar. With a startupProbe the app waits until the helper works; without one only until it runs.",
        "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
    ),
    Rule(
        "stop-race", "problem", "helper and app are told to stop at once",
        "At a Pod's end all regular containers get SIGTERM at the same time, after their own preStop hooks.",
        "A helper that is faster than the app is missing while the app drains: last log lines are lost, last calls through a proxy fail.",
        "Delete a Pod under load and look at the last log lines and at failed calls of the app.",
        "Make the helper a native sidecar: it gets SIGTERM when every regular container has ended.",
        "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
    ),
    Rule(
        "job-never-completes", "problem", "the Job waits for its helper for ever",
        "A Job is complete when all regular containers of its Pod have ended. A helper that runs until somebody stops it never ends.",
        "The Pod stays (READY 1/2, NotReady), the Job stays active, a CronJob with concurrencyPolicy Forbid does not run again.",
        "kubectl get pods shows NotReady with one container of two ready, long after the work is done.",
        "Make the helper a native sidecar: it is stopped when the Job's own containers have ended, and counts for nothing.",
        "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-in-jobs",
    ),
    Rule(
        "job-kill-switch", "problem", "the Job ends only because the app ends its helper",
        "The app calls a quit endpoint, makes a file or kills a process when its work is done, so that the helper ends too.",
        "When the app crashes or is killed before it gets there, the helper runs on and the Job never ends.",
        "Look for quitquitquit, touch or kill at the end of the app's command.",
        "Make the helper a native sidecar, then take the call out; mind that it may decide the command's exit status.",
        "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-in-jobs",
    ),
    Rule(
        "init-needs-helper", "problem", "an init container needs a helper that starts later",
        "A plain init container points at a port on localhost that a helper in spec.containers serves.",
        "All init containers end before the first regular container starts, so the helper is not there: the init container fails or waits for ever.",
        "kubectl get pods shows Init:0/1 or Init:CrashLoopBackOff; the init container's log shows refused connections to localhost.",
        "Make the helper a native sidecar placed before that init container, with a startupProbe.",
        "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
    ),
    Rule(
        "mis-declared-sidecar", "problem", "restartPolicy: Always on a regular container",
        "From Kubernetes 1.35 a regular container may have a restartPolicy of its own. Always there does not make a sidecar: "
        "that takes an entry of initContainers.",
        "It has no start or stop order, and a Job with it never completes.",
        "Look in which list the container is.",
        "Move it to initContainers.",
        "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/5307-container-restart-policy",
    ),
)  # fmt: skip
