"""Pages of the end: order, hooks, the grace period."""

from __future__ import annotations

from kubectl_sidecar.core.plan import Rule

_ORDER = "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_termination_order.go"
_HOOKS = "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-and-pod-lifecycle"

PAGES = (
    Rule(
        "inbound-outlives-app", "risk", "the proxy in front accepts requests after the app has stopped",
        "The helper takes the requests of users, and from now on stops after the app.",
        "Until the Pod is out of all endpoints, new requests reach the proxy and find no app behind it: 502. Before, the connection was refused. "
        "Proxies that only the app uses, or that guard nothing but metrics, are not meant.",
        "Errors 502 during rollouts.",
        "Give the app a preStop sleep of a few seconds, so that the endpoints drain before it stops.",
        "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow",
    ),
    Rule(
        "grace-period", "risk", "the grace period is short for stops in a row",
        "terminationGracePeriodSeconds covers all of it: the app's preStop hook and stop, then each sidecar's, one after the other. Told when the "
        "sum is more than the Pod has: sleeps of hooks, drain times that options name, 5 s for an app that drains and for what empties buffers, "
        "2 s for everything else.",
        "What still waits when the time is over gets SIGTERM together with 2 s: buffers are not flushed. Who needs no more than 2 s loses nothing.",
        "Exit code 137 of sidecars; lost last lines.",
        "Raise terminationGracePeriodSeconds to the app's longest stop plus the stops of all sidecars.",
        _ORDER,
    ),
    Rule(
        "ignores-sigterm", "risk", "its first process does not react to SIGTERM",
        "A shell that runs a loop or several commands, tail or sleep as process 1 get no signal that they did not ask for.",
        "It lasts until it is killed at the end of the grace period: a Job is complete that much later, and sidecars listed before it get 2 s only. "
        "If it is the app, all its helpers get 2 s only.",
        "Exit code 137 and a Pod that takes its whole grace period to go.",
        "Start the program with exec, or set a trap in the shell.",
        _ORDER,
    ),
    Rule(
        "pre-stop-ends-helper", "risk", "its preStop hook makes it exit too early",
        "The hook sends a signal, asks an endpoint to quit or makes the file that its own command waits for. All preStop hooks run when the "
        "Pod's end begins, not at the sidecar's turn.",
        "The helper is gone while the app still drains, and is not started again. The stop race stays as it is today.",
        "The helper's log ends before the app's.",
        "Remove the hook; SIGTERM comes when the app has ended.",
        _HOOKS,
    ),
    Rule(
        "pre-stop-revokes", "risk", "its preStop hook revokes credentials too early",
        "All preStop hooks run when the Pod's end begins, while the app still works.",
        "The app's last calls are refused.",
        "Permission errors in the app's last log lines.",
        "Let the helper revoke on SIGTERM, or let the credentials expire.",
        _HOOKS,
    ),
    Rule(
        "pre-stop-waits-for-app", "risk", "its preStop hook waits for the app",
        "The hook loops until the app is gone, which was how helpers got an order.",
        "It is needless: SIGTERM comes only then. When it does not see the app's end, it uses up the grace period.",
        "A loop with netstat, pgrep or curl in the hook.",
        "Remove the hook.",
        _HOOKS,
    ),
    Rule(
        "pre-stop-delays", "risk", "its preStop sleep delays the end of the Job",
        "Hooks also run when the Job's own containers have ended.",
        "The Job is complete that much later.",
        "The time between the end of the app and the end of the Job.",
        "Remove the sleep, unless something drains through the helper.",
        _HOOKS,
    ),
)  # fmt: skip
