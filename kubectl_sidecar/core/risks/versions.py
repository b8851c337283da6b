"""Risks of versions: what an API server or a kubelet is too old for, or does wrong."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.facts import GENERALLY_AVAILABLE, NATIVE_SINCE, Unknown, Version, admitting, has_regression
from kubectl_sidecar.core.plan import Risk, Severity
from kubectl_sidecar.core.risks.context import Context


def server_too_old(context: Context) -> Iterator[Risk]:
    server = context.facts.server
    if not isinstance(server, Unknown) and server < NATIVE_SINCE:
        yield Risk(
            "server-too-old",
            "blocker",
            "",
            f"the API server is {server}: native sidecars are on from 1.29; before, the field is dropped or refused, "
            "and the Pod hangs in its init containers",
            "Upgrade the cluster first.",
        )


def node_too_old(context: Context) -> Iterator[Risk]:
    if isinstance(context.facts.nodes, Unknown):
        return
    old = admitting((n for n in context.facts.nodes if n.version and n.version < NATIVE_SINCE), context.after)
    if old:
        names = ", ".join(f"{n.name} ({n.raw_version[:30]})" for n in old[:3]) + (
            f" and {len(old) - 3} more" if len(old) > 3 else ""
        )
        yield Risk(
            "node-too-old",
            "blocker",
            "",
            f"the Pod may run on {names}: a kubelet before 1.29 has no native sidecars, so the Pod would hang or fail there",
            "Upgrade these nodes, or keep the Pod off them with a nodeSelector or a taint.",
        )


def version_unknown(context: Context) -> Iterator[Risk]:
    if isinstance(context.version, Unknown):
        from_files = context.facts.from_files
        yield Risk(
            "version-unknown",
            "note" if from_files else "caution",
            "",
            f"whether every node is at 1.29 or later is not known: {context.version.reason}",
            "Say it with --kube-version." if from_files else "Ask somebody who may list nodes: kubectl get nodes.",
        )


def version_before_ga(context: Context) -> Iterator[Risk]:
    version = context.version
    if not isinstance(version, Unknown) and NATIVE_SINCE <= version < GENERALLY_AVAILABLE:
        yield Risk(
            "version-before-ga",
            "caution",
            "",
            f"the oldest version that this Pod meets is {version}: native sidecars work there as a beta, with gaps closed only in 1.33 "
            "(named ports of Services, hostPorts, a start-up race in Pods with restartPolicy Never)",
            "Use the newest patch release of that minor version.",
        )


def known_regression(context: Context) -> Iterator[Risk]:
    """1.35.0 to 1.35.3: kubernetes/kubernetes#136910. Up to 1.32, 1.33.5 and 1.34.1: #134801."""
    probed = [c.name for c in context.sidecars if c.startup_probe]
    if not probed:
        return
    names = ", ".join(probed)
    kubelets = set(_kubelets(context))
    met = kubelets or (
        {context.version} if isinstance(context.version, Version) else set()
    )  # the server's speaks for them
    bad = sorted(v for v in met if has_regression(v))
    if bad:
        yield Risk(
            "known-regression",
            _sure(context, bad[0]),
            names,
            f"kubelet {bad[0]} does not restart a crashed app beside a sidecar with a startupProbe, once the kubelet itself was restarted",
            "Use 1.35.4 or later, or no startupProbe until then.",
        )
    racy = sorted(v for v in met if v < Version(1, 33, 6) or Version(1, 34) <= v < Version(1, 34, 2))
    if racy and context.after.restart_policy == "Never":
        yield Risk(
            "known-regression",
            _sure(context, racy[0]),
            names,
            f"with restartPolicy Never, a startupProbe that fails once can leave the app uninitialized for ever on kubelet {racy[0]}",
            "Use 1.33.6, 1.34.2 or later, or no startupProbe until then.",
        )


def _sure(context: Context, version: Version) -> Severity:
    """Who writes --kube-version 1.34 says nothing of the patch release."""
    return "note" if context.facts.from_files and version.patch == 0 else "caution"


def _kubelets(context: Context) -> Iterator[Version]:
    if not isinstance(context.facts.nodes, Unknown):
        for node in admitting(context.facts.nodes, context.after):
            if node.version:
                yield node.version


def restart_policy_rules(context: Context) -> Iterator[Risk]:
    for name, container in context.moved.items():
        if not container.restart_policy_rules:
            continue
        server = context.facts.server
        allowed = not isinstance(server, Unknown) and server >= Version(1, 36)
        yield Risk(
            "restart-policy-rules",
            "caution" if allowed else "blocker",
            name,
            "its restartPolicyRules restart it, or all containers, by exit code; a native sidecar is restarted after every exit"
            if allowed
            else "it has restartPolicyRules, which the API server refuses on a native sidecar before 1.36",
            "Remove the rules, or leave the container where it is.",
            "restartPolicyRules",
        )


def restart_policy_set(context: Context) -> Iterator[Risk]:
    """Never or OnFailure on a regular container (1.34 on) meant that it may end."""
    for r in context.relocations:
        if r.container.restart_policy in ("Never", "OnFailure"):
            yield Risk(
                "restart-policy-set",
                "blocker",
                r.finding.name,
                f"it has restartPolicy {r.container.restart_policy}: it may end, and a native sidecar that ends is started again for ever",
                "Leave it where it is, or make it a plain init container.",
                "restartPolicy",
            )


def resize_policy(context: Context) -> Iterator[Risk]:
    """pkg/apis/core/validation and pkg/api/pod (dropDisabledFields) of 1.32: without the gate InPlacePodVerticalScaling the field is
    dropped from both lists; a live object that has it comes from a server with the gate on, which refuses it on init containers."""
    server = context.facts.server
    if not isinstance(server, Unknown) and server >= GENERALLY_AVAILABLE:
        return
    for name, container in context.moved.items():
        if not container.resize_policy:
            continue
        sure = not isinstance(server, Unknown) and not context.facts.from_files
        text = (
            f"it has a resizePolicy, which this API server ({server}) refuses on init containers (422)"
            if sure
            else "it has a resizePolicy, which an API server before 1.33 drops from both lists, or, where its gate "
            "InPlacePodVerticalScaling is on, refuses on init containers (422)"
            + (", and the server's version is not known" if isinstance(server, Unknown) else f"; this one is {server}")
        )
        yield Risk(
            "resize-policy",
            "blocker" if sure else "caution",
            name,
            text,
            "Remove the resizePolicy (the default needs no mention).",
            "resizePolicy",
        )
