"""Risks of Jobs and CronJobs: what a helper's end meant for the Job, and means no more."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.plan import Relocation, Risk
from kubectl_sidecar.core.problems import kill_switch
from kubectl_sidecar.core.risks.context import Context
from kubectl_sidecar.core.workload import PodFailureExitCodes

_PASSIVE = frozenset(
    {
        "log-shipper",
        "telemetry",
        "network-proxy",
        "tunnel",
        "identity",
        "data-proxy",
        "config-sync",
        "policy",
        "secrets",
    }
)


def job_failure_unseen(context: Context) -> Iterator[Risk]:
    """Exit codes of native sidecars decide nothing (KEP-753). It matters most where the helper carries work itself."""
    for r in context.relocations if context.is_job else ():
        passive = _passive(r)
        yield Risk(
            "job-failure-unseen",
            "note" if passive else "caution",
            r.finding.name,
            "when it fails, the Job no longer fails: only the exit codes of regular containers count",
            "" if passive else "Leave it where it is if its result is part of the Job's work.",
        )


def _passive(r: Relocation) -> bool:
    recipe = r.finding.recipe
    return recipe is not None and (recipe.traffic != "none" or recipe.placement.place in _PASSIVE)


def job_backoff_limit(context: Context) -> Iterator[Risk]:
    """pkg/controller/job/job_controller.go, pastBackoffLimitOnFailure: restarts of init containers count too."""
    if not context.is_job or context.after.restart_policy != "OnFailure" or not context.relocations:
        return
    limit = context.workload.job.backoff_limit if context.workload.job else None
    ended = [
        r.finding.name
        for r in context.relocations
        if kill_switch(context.workload, r.finding, r.container, context.findings)
    ]
    yield Risk(
        "job-backoff-limit",
        "caution" if ended else "note",
        ", ".join(context.moved),
        "with restartPolicy OnFailure every restart of the helper counts toward backoffLimit "
        f"({6 if limit is None else limit}), an exit with 0 too"
        + (f"; {', '.join(ended)} is told to exit by the app" if ended else ""),
        "Use restartPolicy Never, or let the helper run until SIGTERM.",
        "backoffLimit",
    )


def pod_failure_policy(context: Context) -> Iterator[Risk]:
    """pkg/controller/job/pod_failure_policy.go, matchOnExitCodes: without containerName, sidecars are looked at as well."""
    policy = context.workload.job.pod_failure_policy if context.workload.job else None
    if not context.is_job or policy is None:
        return
    for index, rule in enumerate(policy.rules or ()):
        codes = rule.on_exit_codes
        if codes is not None and codes.container_name in context.moved:
            when = (
                "It now fits each time the Pod fails of itself: the helper was stopped then (143, 137)"
                if _hits_killed(codes)
                else "It now only counts when the Pod has failed of itself: the helper's exit code fails no Pod any more"
            )
            yield Risk(
                "pod-failure-policy",
                "caution",
                str(codes.container_name),
                f"rule {index} ({rule.action}) of podFailurePolicy looks at its exit code. {when}",
                "Take the rule out, or leave the container where it is.",
                f"podFailurePolicy.rules[{index}]",
            )
        elif codes is not None and not codes.container_name and _hits_killed(codes):
            yield Risk(
                "pod-failure-policy",
                "caution",
                ", ".join(context.moved),
                f"rule {index} ({rule.action}) of podFailurePolicy names no container: it now also fits the exit "
                "code of a helper that was stopped (143, 137)",
                "Add containerName to the rule.",
                f"podFailurePolicy.rules[{index}]",
            )


def _hits_killed(codes: PodFailureExitCodes) -> bool:
    values = set(codes.values or ())
    return bool({143, 137} & values) if codes.operator == "In" else not values >= {143, 137}


def needless_deadline(context: Context) -> Iterator[Risk]:
    deadline = context.workload.job.active_deadline_seconds if context.workload.job else None
    if context.is_job and deadline and context.relocations:
        yield Risk(
            "needless-deadline",
            "note",
            "",
            f"activeDeadlineSeconds is {deadline}: if it is there to end Jobs that hang on their helper, it is "
            "needless now; it still ends what takes longer",
            "",
            "activeDeadlineSeconds",
        )
