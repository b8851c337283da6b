"""Pages of the start: deadlocks, helpers that do not stay up, gates."""

from __future__ import annotations

from kubectl_sidecar.core.plan import Rule

_KEP = "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers"

PAGES = (
    Rule(
        "one-shot-helper", "risk", "the helper ends when its work is done",
        "An option, or a script of nothing but commands that end, makes it exit by itself: a download, a copy, an upload.",
        "A native sidecar is started again after every exit, also after exit code 0. One that exits at once mostly keeps the app from ever starting; "
        "in a Job with restartPolicy OnFailure its restarts use up backoffLimit.",
        "restartCount grows, lastState says Completed; STATUS stays Running or PodInitializing and never shows CrashLoopBackOff.",
        "Leave it, make it a plain init container, or take the one-shot option away.",
        _KEP,
    ),
    Rule(
        "probe-needs-app", "risk", "its startupProbe needs the app",
        "The startupProbe asks a port, a port's name, a path or a file that comes only from the app, or from a helper that starts later. Or it asks "
        "through the helper: a proxy in front hands the path on to the app, or the query names the app's address (?target=localhost:6379). A path "
        "that a proxy may answer itself (/healthz), and an exporter that may answer although the app is down, are a caution.",
        "The app starts only when the probe has passed: neither goes on. With another container's port name the "
        "probe neither passes nor fails, for ever.",
        "kubectl get pods shows Init:0/1; kubectl describe pod shows Unhealthy events of the startupProbe.",
        "Let the probe ask the helper itself, or remove it.",
        "https://kubernetes.io/docs/concepts/workloads/pods/probes/",
    ),
    Rule(
        "post-start-needs-app", "risk", "its postStart hook needs the app",
        "The hook asks the app's port, or looks for a file that the app writes.",
        "Nothing else of the Pod starts while a sidecar's postStart runs. A loop without end: the Pod can neither start nor be deleted, and a "
        "forced deletion leaves the container running on the node. A hook that fails: the helper is started again and again, and the app never. "
        "A hook that forgives (|| true): the app starts, but what the hook was for is not done any more.",
        "Init:0/1; kubectl logs says PodInitializing although the container runs; deletion hangs in Terminating; or events FailedPostStartHook.",
        "Remove the hook, or do what it does in the helper's own start.",
        "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
    ),
    Rule(
        "post-start-waits", "risk", "its postStart hook waits for something",
        "The hook is a loop whose end cannot be told from the manifest.",
        "Nothing else of the Pod starts meanwhile, and the Pod cannot be deleted while it waits; a failing hook keeps the app from starting.",
        "Init:0/1; FailedPostStartHook events.",
        "Use a startupProbe instead, which shows in the status, or give the loop an end.",
        "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
    ),
    Rule(
        "command-waits-for-app", "risk", "its command waits for the app",
        "The helper's command loops until the app's port or file is there.",
        "In the command alone that works, because the kubelet takes the helper as started when it runs. With a startupProbe it is a deadlock.",
        "Look for until, while, wait-for-it or dockerize in its command.",
        "Never give it a startupProbe; if it has one, remove it.",
        _KEP,
    ),
    Rule(
        "exits-without-app", "risk", "it ends when the app is not up at its start",
        "An option ties the helper to the app: it ends when it does not find it. Or its command follows a file (tail -f), or names one of its own "
        "settings or certificates, in an empty volume that only the app fills; or loops as long as a process of the app is there.",
        "The app starts only after the helper was seen running. A helper that ends within the first second mostly keeps it from ever starting.",
        "Its log of a first start shows refused connections, or a file that is not there.",
        "Leave it where it is, or let it try again by itself (tail -F), or let an init container make the file.",
        _KEP,
    ),
    Rule(
        "liveness-needs-app", "risk", "its livenessProbe needs the app",
        "The livenessProbe asks something that only the app answers.",
        "The helper now runs before the app, during later init containers for as long as these take, and is killed meanwhile. When it is the last "
        "entry, the app is not restarted while it is down.",
        "Events: Killing: Init container failed liveness probe.",
        "Let the probe ask the helper itself, or raise initialDelaySeconds and failureThreshold.",
        "https://kubernetes.io/docs/concepts/workloads/pods/probes/",
    ),
    Rule(
        "sub-path-file", "risk", "it mounts a file that the app makes",
        "A volumeMount with subPath names a file in an empty volume that the app fills.",
        "The helper starts first; the kubelet then makes a directory of that name, and the app cannot make its file.",
        "ls -l in the app's mount shows a directory where a file should be.",
        "Mount the folder instead of the file.",
        "https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath",
    ),
    Rule(
        "startup-probe-slow", "risk", "its startupProbe asks too seldom",
        "Without periodSeconds a startupProbe asks every 10 s, and the first time fails when the helper is not up yet.",
        "Each start of the Pod takes about 9 s longer; rollouts and scaling take that much longer too.",
        "Compare startedAt of the helper and the app.",
        "Set periodSeconds: 1 and a failureThreshold large enough for the slowest start.",
        "https://kubernetes.io/docs/concepts/workloads/pods/probes/",
    ),
    Rule(
        "helper-cannot-start", "risk", "live Pods show that the helper cannot start",
        "Its image cannot be pulled, its command is missing or its configuration is not there.",
        "Today the app runs without it. As a native sidecar it keeps the app from starting at all.",
        "kubectl get pods shows ImagePullBackOff, RunContainerError or CreateContainerConfigError.",
        "Repair the helper first.",
        _KEP,
    ),
    Rule(
        "helper-crashes", "risk", "live Pods show that the helper does not stay up",
        "It crashes again and again, or ended by itself.",
        "One that ends within the first second mostly keeps the app from ever starting. One that ends later runs into back-off, and when it is the "
        "last entry a crashed app waits for it.",
        "kubectl get pods -o jsonpath='{.items[*].status.containerStatuses[*].restartCount}'.",
        "Make it stay up first.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_container.go",
    ),
    Rule(
        "mesh-injected", "risk", "a mesh injects its proxy among the regular containers",
        "The namespace or the Pod asks for a mesh's proxy, and it is not known to be a native sidecar.",
        "A native sidecar of yours starts before such a proxy: its first traffic does not go through the mesh, or nowhere at all. A startupProbe "
        "that needs the network then never passes.",
        "kubectl get pod -o yaml shows whether the proxy is in containers or in initContainers.",
        "Switch the mesh to native sidecars first.",
        "https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/",
    ),
    Rule(
        "restart-coupling", "risk", "the app depends on its helper from now on",
        "A native sidecar is part of the Pod's start: the app starts after it.",
        "An image that cannot be pulled or a command that fails takes the app down at every new Pod. When the only regular container crashes while "
        "the last sidecar is down, it is restarted only after that one.",
        "Init:ErrImagePull, Init:CrashLoopBackOff in kubectl get pods.",
        "Roll out helpers with the care that the app gets; watch restartCount of init containers.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_container.go",
    ),
)  # fmt: skip
