"""What a migration makes of a Pod's start: which containers now wait for each other, and which images are pulled first.

The kubelet pulls the image of a container when its turn comes, and the turn of all regular containers comes after all init
containers (pkg/kubelet/kuberuntime/kuberuntime_manager.go, SyncPod). So an app's image is pulled only once every native sidecar
has started: a slow registry of a helper is from then on a slow start of the app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_sidecar.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Startup:
    """`serial` are the moved helpers in the order in which they start, one after the other, before `apps`. `images` are those
    that are pulled before the first app's image and were not before the migration."""

    serial: tuple[str, ...]
    apps: tuple[str, ...]
    images: tuple[str, ...]


def startup(plan: Plan) -> Startup:
    """The start of the plan's Pod; nothing in `serial` where nothing moves."""
    moved = {r.finding.name for r in plan.relocations}
    order = [name for step in plan.timeline_after.start for name in step.containers]
    apps = plan.timeline_after.start[-1].containers if plan.timeline_after.start else ()
    serial = tuple(name for name in order if name in moved)
    if not serial or not apps:
        return Startup(serial, apps, ())
    spec = plan.workload.spec
    images = {c.name: c.image or "" for c in (*spec.init_list, *spec.main_list)}
    today = [name for step in plan.timeline_before.start for name in step.containers]
    known = {images.get(name) for name in (*_up_to(apps[0], today), apps[0])}
    first = dict.fromkeys(images.get(name, "") for name in _up_to(apps[0], order))
    return Startup(serial, apps, tuple(image for image in first if image and image not in known))


def _up_to(name: str, names: Sequence[str]) -> Sequence[str]:
    return names[: names.index(name)] if name in names else names
