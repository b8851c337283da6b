"""Pages of versions."""

from __future__ import annotations

from kubectl_sidecar.core.plan import Rule

PAGES = (
    Rule(
        "server-too-old", "risk", "the API server does not know native sidecars",
        "Native sidecars are alpha in 1.28 and on by default from 1.29.",
        "An older server drops the field or refuses it: the helper becomes a plain init container that never ends, and the Pod hangs in Init.",
        "kubectl version.",
        "Upgrade the control plane to 1.29 or later, better 1.33.",
        "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/ (SidecarContainers)",
    ),
    Rule(
        "node-too-old", "risk", "a node that may run the Pod does not know native sidecars",
        "The Pod's selector, affinity and tolerations admit a node whose kubelet is older than 1.29.",
        "There the helper is run as a plain init container and the Pod hangs, or the kubelet rejects the Pod again and again.",
        "kubectl get nodes (column VERSION).",
        "Upgrade these nodes, or keep the Pod off them.",
        "https://kubernetes.io/releases/version-skew-policy/",
    ),
    Rule(
        "version-unknown", "risk", "the oldest version that the Pod may meet is not known",
        "The version of the server or of the nodes could not be read.",
        "On a node or server before 1.29 the migrated Pod hangs.",
        "kubectl version; kubectl get nodes.",
        "Let somebody look who may list nodes; for files give --kube-version.",
        "https://kubernetes.io/releases/version-skew-policy/",
    ),
    Rule(
        "version-before-ga", "risk", "native sidecars are beta in this version",
        "From 1.29 to 1.32 native sidecars work, but not everything around them.",
        "Services do not find their named ports, the scheduler does not count their hostPorts, and some start-up races are not fixed.",
        "kubectl version; kubectl get nodes.",
        "Use the newest patch release, give Services numeric targetPorts, or upgrade to 1.33.",
        "https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.33.md",
    ),
    Rule(
        "known-regression", "risk", "this version has a known fault with startupProbes of sidecars",
        "1.35.0 to 1.35.3: after a restart of the kubelet, crashed regular containers are not restarted beside a sidecar with a startupProbe. "
        "Before 1.33.6 and 1.34.2: with restartPolicy Never a startupProbe that fails once can leave the app uninitialized.",
        "The app stays down although everything looks right.",
        "kubectl get nodes; kubectl describe pod shows a terminated app that is not restarted.",
        "Use a fixed patch release, or no startupProbe on the sidecar until then.",
        "https://github.com/kubernetes/kubernetes/issues/136910 and https://github.com/kubernetes/kubernetes/pull/134801",
    ),
    Rule(
        "restart-policy-rules", "risk", "the container has restartPolicyRules",
        "Rules that restart by exit code are allowed on regular containers from 1.34, on native sidecars only from 1.36.",
        "Before 1.36 the API server answers 422. After, the sidecar is restarted whatever the rules say.",
        "kubectl explain pod.spec.initContainers.restartPolicyRules; the container in kubectl get -o yaml.",
        "Remove the rules or leave the container where it is.",
        "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/5307-container-restart-policy",
    ),
    Rule(
        "restart-policy-set", "risk", "the container's own restartPolicy lets it end",
        "It has restartPolicy Never or OnFailure, so somebody meant it to end.",
        "A native sidecar needs Always and is started again after every exit.",
        "restartPolicy of the container itself (not of the Pod) in kubectl get -o yaml.",
        "Leave it, or make it a plain init container if its work comes first.",
        "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/5307-container-restart-policy",
    ),
    Rule(
        "resize-policy", "risk", "the container has a resizePolicy",
        "Before 1.33 the API server drops the field from both lists, unless its alpha gate InPlacePodVerticalScaling is on; with that gate it "
        "refuses resizePolicy on init containers.",
        "Without the gate nothing is lost that was there before. With it the change is answered with 422: must not be set for init containers.",
        "kubectl patch --dry-run=server says so. A live object that has the field comes from a server with the gate on.",
        "Remove the resizePolicy, or upgrade to 1.33.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/",
    ),
)  # fmt: skip
