"""Pages of the move itself: whether it can be made, by whom, and to which place."""

from __future__ import annotations

from kubectl_sidecar.core.plan import Rule

PAGES = (
    Rule(
        "immutable-kind", "risk", "the object cannot be changed in place",
        "The Pod template of a Job, and the containers of a Pod, cannot be changed once they exist.",
        "The API server answers 422: field is immutable.",
        "kubectl patch --dry-run=server says so.",
        "Change the manifest, delete the object and create it again; for a Job of a CronJob change the CronJob.",
        "https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement",
    ),
    Rule(
        "no-main-left", "risk", "no main container would be left",
        "Every container of the Pod would be an init container, or only helpers would be left among the regular ones.",
        "The API server refuses a Pod without a regular container; with only a helper left, its end would decide the Pod's.",
        "Look at the roles: kubectl sidecar describe.",
        "Say which container is the main one: --container NAME=main.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go",
    ),
    Rule(
        "injected", "risk", "an injector puts this container in",
        "A webhook adds the container to each Pod, or a tool wrote it into the manifest and marked it.",
        "Moved by hand, it would be injected a second time or put back; both together do not work. So it never moves, also with "
        "--container NAME=sidecar; where nothing else moves, the verdict is: nothing to do.",
        "Compare the template with a live Pod; look for the injector's annotations. kubectl sidecar describe says: stays.",
        "Set the injector's switch for native sidecars; kubectl sidecar describe names it.",
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/",
    ),
    Rule(
        "already-in-init-containers", "risk", "the name is taken among the init containers",
        "Names are unique over containers and initContainers.",
        "The API server answers 422: Duplicate value.",
        "kubectl get -o yaml shows both.",
        "Remove the entry that is not used any more, often a left-over of an earlier migration.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go",
    ),
    Rule(
        "not-by-hand", "risk", "this helper is not to be moved by hand",
        "Its recipe says that an operator makes it, or that it never works as a native sidecar.",
        "The operator puts the old form back, or the Pod breaks.",
        "kubectl sidecar describe names the recipe and its reason.",
        "Change what the operator makes it from; the recipe says where.",
        "https://kubernetes.io/docs/concepts/extend-kubernetes/operator/",
    ),
    Rule(
        "may-be-main", "risk", "the container may be a main one",
        "Something speaks for this container being a main one, such as a Service's port, a volume claim or its name.",
        "A native sidecar does not decide whether a Job is done, and stops last: for a main container both are wrong.",
        "Look at the evidence against it: kubectl sidecar describe.",
        "Leave it: --container NAME=leave, or annotate the decision.",
        "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#differences-from-application-containers",
    ),
    Rule(
        "owner", "risk", "somebody else writes this object",
        "Helm, Argo CD, Flux, an operator, Terraform or kubectl apply left its mark on the object, and will write it again.",
        "The next write of the old manifest has the container's name in both lists: 422 Duplicate value. With force, the object is deleted and "
        "created again, or the old form comes back without a word.",
        "kubectl get -o yaml --show-managed-fields; annotations and labels of the object.",
        "Make the same change in the source: kubectl sidecar prints it (-o kustomize, -o yaml).",
        "https://kubernetes.io/docs/reference/using-api/server-side-apply/",
    ),
    Rule(
        "placed-before-writer", "risk", "it starts before the init container that writes what it reads",
        "A plain init container writes a volume that the helper mounts, and the helper was placed before it.",
        "The helper finds no configuration and ends or waits; the init container runs only when the helper is up: the Pod hangs.",
        "Compare the volumeMounts of both.",
        "Place the helper after that init container.",
        "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/",
    ),
    Rule(
        "placed-before-need", "risk", "it starts before the helper that it needs",
        "It points at a port on localhost that a later native sidecar serves.",
        "It starts without that one, and at the end that one is gone first, since the stop order is the reverse.",
        "Look for localhost in its command, arguments and environment.",
        "Place it after the helper that it needs.",
        "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
    ),
    Rule(
        "placed-after-need", "risk", "it starts after the init container that needs it",
        "A plain init container points at a port on localhost that the helper serves, and the helper comes after it: because that init container "
        "may write what the helper reads, or because you placed it there.",
        "The init container finds nobody there, as it does today in the classic form. If it waits until somebody is there, the Pod hangs in Init.",
        "Init:0/1 in kubectl get pods; the log of the init container.",
        "Place the helper before it, if it can start without what the init container writes. Else split the init container.",
        "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/",
    ),
    Rule(
        "placed-early", "risk", "it runs beside plain init containers",
        "The helper starts before a plain init container and runs beside it.",
        "Its livenessProbe counts from then on. A Pod that is deleted meanwhile stops the init container and the helper at once, in no order.",
        "kubectl sidecar describe shows the order before and after.",
        "Nothing, if the init container needs the helper. Else place it last.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_termination_order.go",
    ),
)  # fmt: skip
