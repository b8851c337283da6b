"""What a migration would break, one function per risk, one module per theme. `RISKS` is the whole list; a function's key is
the id of what it emits, and rules.py has a page for each. A new risk is one function, one page and one row of a test's table.

blocker: the API server would refuse, or the Pod would not start or not do its work. caution: something behaves otherwise than
today and a person must know. note: worth a line. A fact that is not known never makes a risk disappear: it is named as unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kubectl_sidecar.core.plan import Risk, Severity
from kubectl_sidecar.core.recipes.globs import without_user_info
from kubectl_sidecar.core.risks import (
    hacks,
    jobs,
    live,
    order,
    ownership,
    ports,
    resources_,
    rollout,
    start,
    stop,
    versions,
)
from kubectl_sidecar.core.risks.context import Context, RiskFunction
from kubectl_sidecar.core.risks.gaps import unknowns

__all__ = ["RISKS", "Context", "judge", "unknowns"]

RISKS: Mapping[str, RiskFunction] = {
    "immutable-kind": ownership.immutable_kind,
    "no-main-left": ownership.no_main_left,
    "injected": ownership.injected,
    "already-in-init-containers": ownership.already_in_init_containers,
    "not-by-hand": ownership.not_by_hand,
    "may-be-main": ownership.may_be_main,
    "server-too-old": versions.server_too_old,
    "node-too-old": versions.node_too_old,
    "version-unknown": versions.version_unknown,
    "version-before-ga": versions.version_before_ga,
    "known-regression": versions.known_regression,
    "restart-policy-rules": versions.restart_policy_rules,
    "restart-policy-set": versions.restart_policy_set,
    "resize-policy": versions.resize_policy,
    "one-shot-helper": start.one_shot_helper,
    "probe-needs-app": start.probe_needs_app,
    "post-start-needs-app": start.post_start_needs_app,
    "post-start-waits": start.post_start_waits,
    "command-waits-for-app": start.command_waits_for_app,
    "exits-without-app": start.exits_without_app,
    "liveness-needs-app": start.liveness_needs_app,
    "sub-path-file": start.sub_path_file,
    "startup-probe-slow": start.startup_probe_slow,
    "placed-before-writer": order.placed_before_writer,
    "placed-before-need": order.placed_before_need,
    "placed-after-need": order.placed_after_need,
    "placed-early": order.placed_early,
    "helper-cannot-start": live.helper_cannot_start,
    "helper-crashes": live.helper_crashes,
    "mesh-injected": live.mesh_injected,
    "inbound-outlives-app": stop.inbound_outlives_app,
    "grace-period": stop.grace_period,
    "ignores-sigterm": stop.ignores_sigterm,
    "pre-stop-ends-helper": stop.pre_stop_ends_helper,
    "pre-stop-revokes": stop.pre_stop_revokes,
    "pre-stop-waits-for-app": stop.pre_stop_waits_for_app,
    "pre-stop-delays": stop.pre_stop_delays,
    "job-failure-unseen": jobs.job_failure_unseen,
    "job-backoff-limit": jobs.job_backoff_limit,
    "pod-failure-policy": jobs.pod_failure_policy,
    "needless-deadline": jobs.needless_deadline,
    "named-target-port": ports.named_target_port,
    "same-port-name": ports.same_port_name,
    "network-policy-port": ports.network_policy_port,
    "host-port": ports.host_port,
    "more-resources": resources_.more_resources,
    "quota-exceeded": resources_.quota_exceeded,
    "limit-range": resources_.limit_range,
    "pod-level-resources": resources_.pod_level_resources,
    "vpa": resources_.vpa,
    "hpa": resources_.hpa,
    "pdb": resources_.pdb,
    "rollout-on-delete": rollout.rollout_on_delete,
    "rollout-partition": rollout.rollout_partition,
    "rollout-paused": rollout.rollout_paused,
    "only-new-pods": rollout.only_new_pods,
    "single-replica-gap": rollout.single_replica_gap,
    "rwo-volume": rollout.rwo_volume,
    "progress-deadline": rollout.progress_deadline,
    "kubexit": hacks.kubexit,
    "quit-endpoint": hacks.quit_endpoint,
    "sentinel-file": hacks.sentinel_file,
    "shared-pid-kill": hacks.shared_pid_kill,
    "exit-wrapper": hacks.exit_wrapper,
    "wait-loop": hacks.wait_loop,
    "init-copy": hacks.init_copy,
    "backup-hook": hacks.backup_hook,
    "owner": ownership.owner,
    "restart-coupling": live.restart_coupling,
    "stuck-ordinal": rollout.stuck_ordinal,
    "default-container": rollout.default_container,
    "index-shift": rollout.index_shift,
    "ksm-series": rollout.ksm_series,
}

_ORDER: Mapping[Severity, int] = {"blocker": 0, "caution": 1, "note": 2}


def _clean(risk: Risk) -> Risk:
    """Without what a quoted command may hold of a password."""
    return replace(risk, text=without_user_info(risk.text)) if "@" in risk.text else risk


def judge(context: Context) -> tuple[Risk, ...]:
    """All risks of a plan, the gravest first, each said once."""
    found = dict.fromkeys(_clean(risk) for rule in RISKS.values() for risk in rule(context))
    return tuple(sorted(found, key=lambda risk: _ORDER[risk.severity]))
