"""Pages of Jobs and CronJobs."""

from __future__ import annotations

from kubectl_sidecar.core.plan import Rule

PAGES = (
    Rule(
        "job-failure-unseen", "risk", "a failing helper no longer fails the Job",
        "Only regular containers decide whether a Job failed. Exit codes of native sidecars count for nothing.",
        "An upload or an export that fails beside the work goes unnoticed.",
        "The Job is Complete although the helper's lastState shows an error.",
        "Leave a helper whose result is part of the work where it is.",
        "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-in-jobs",
    ),
    Rule(
        "job-backoff-limit", "risk", "restarts of the helper count toward backoffLimit",
        "With restartPolicy OnFailure the Job controller adds up restarts of all containers, native sidecars included.",
        "A helper that is restarted a few times, even after exit code 0, fails the Job while its work goes well.",
        "The Job's condition: BackoffLimitExceeded.",
        "Use restartPolicy Never, or let the helper run until SIGTERM.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/job/job_controller.go",
    ),
    Rule(
        "pod-failure-policy", "risk", "a podFailurePolicy rule means something else now",
        "A rule on exit codes without containerName looks at init containers too. One that names the helper looks at its code only when the Pod "
        "has failed, and the helper's own failure fails no Pod any more.",
        "A helper that was stopped ends with 143 or 137. When the app fails, a rule may fit the helper's code "
        "instead, and fail or ignore the Job wrongly. A rule that waits for the helper's failure never fires.",
        "The Job's condition names the helper.",
        "Add containerName (the app's) to the rule; take out a rule that names the helper, or leave the helper where it is.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/job/pod_failure_policy.go",
    ),
    Rule(
        "needless-deadline", "risk", "activeDeadlineSeconds may be needless now",
        "It is often set only to end Jobs that hang on their helper.",
        "It does no harm, but ends work that takes longer than it used to.",
        "Ask who set it, and why.",
        "Remove it if it was for the helper.",
        "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
    ),
)  # fmt: skip
