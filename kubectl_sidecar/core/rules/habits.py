"""Pages of what manifests do today to get an order."""

from __future__ import annotations

from kubectl_sidecar.core.plan import Rule

_JOBS = "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-in-jobs"

PAGES = (
    Rule(
        "kubexit", "risk", "containers are wrapped in kubexit",
        "kubexit orders containers by files and by the Pod's status, where it looks at regular containers only.",
        "The app waits in vain for a helper that is an init container now; at the end the helper is made to exit and is started again.",
        "KUBEXIT_ variables, a volume called graveyard.",
        "Take kubexit out of all containers in the same change.",
        "https://github.com/karlkfi/kubexit",
    ),
    Rule(
        "quit-endpoint", "risk", "the app tells the helper to exit",
        "Its command or preStop hook calls an endpoint that ends the helper.",
        "At the end of a command it is only needless: the helper exits and is started once more. In a preStop hook "
        "the app loses its helper while it drains.",
        "quitquitquit, /-/quit or /shutdown in the app.",
        "Remove the call; mind that it may decide the command's exit status.",
        _JOBS,
    ),
    Rule(
        "sentinel-file", "risk", "the helper ends when the app makes a file, or has ended",
        "App and helper share a file that says that the work is done, or that the Pod's end has begun. Or they share the process namespace, and the "
        "helper waits until no process of the app is left (pgrep, kill -0) to do its last work.",
        "A helper that ends is started again, finds the file and ends again; what it did after the file came, such as an upload, happens again or is "
        "cut off. At the Pod's end it is not started again: the app drains without it. A process of the app is not there yet when the helper "
        "starts, so that wait is over at once; and when it is gone, the helper is told to stop.",
        "touch in the app's command or preStop hook, a loop with test -f, pgrep or kill -0 in the helper.",
        "Take both halves out and do the last work on SIGTERM.",
        _JOBS,
    ),
    Rule(
        "shared-pid-kill", "risk", "the app kills the helper's processes",
        "With one process namespace the app ends its helper at its own end.",
        "At the end of a command it is only needless: the helper is started again while the app ends. In a preStop hook the app loses its helper "
        "while it drains.",
        "pkill, killall or kill in the app, shareProcessNamespace: true.",
        "Take the kill out; keep the shared namespace if anything else uses it.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/",
    ),
    Rule(
        "exit-wrapper", "risk", "the app is wrapped to wait for its proxy and to end it",
        "A wrapper waits for the proxy, starts the app and ends the proxy afterwards.",
        "It is needless with a native sidecar that has a startupProbe; ended, the proxy is started again.",
        "The first word of the app's command, or the wrapper's variables.",
        "Tell the wrapper to do nothing, then take it out.",
        "https://github.com/redboxllc/scuttle and https://github.com/linkerd/linkerd-await",
    ),
    Rule(
        "wait-loop", "risk", "the app waits for the helper itself",
        "A loop in a command waits for the helper's port on localhost.",
        "With a startupProbe it is needless; without one it is what makes the app wait.",
        "until, wait-for-it or dockerize in the command.",
        "Take it out only when the helper has a startupProbe for that port.",
        "https://kubernetes.io/docs/concepts/workloads/pods/probes/",
    ),
    Rule(
        "backup-hook", "risk", "a backup runs a hook in the helper",
        "An annotation of the Pod tells Velero to run a command in this container before or after a backup.",
        "Velero up to 1.18.1 looks for it among regular containers only. The backup goes on without its hook, so data may not be whole.",
        "velero backup describe --details shows hooks attempted and failed.",
        "Let the hook run in the app's container, or upgrade Velero before the migration. Make a test backup afterwards.",
        "https://velero.io/docs/main/backup-hooks/",
    ),
    Rule(
        "init-copy", "risk", "an init container is a one-time copy of the helper",
        "The same image runs once before the app, and again beside it.",
        "A native sidecar with a startupProbe does both.",
        "The same image in initContainers and in containers.",
        "Take the copy out when the sidecar's startupProbe passes only after the first round.",
        "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/",
    ),
)  # fmt: skip
