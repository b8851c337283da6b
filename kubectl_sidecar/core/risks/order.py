"""Risks of a place: what a helper needs of those before it, and what those after it need. The default place has none of them;
a place that the user chose is judged by the same rules."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.plan import Risk
from kubectl_sidecar.core.pod.placement import writer_before
from kubectl_sidecar.core.pod.reach import command_text, need, served
from kubectl_sidecar.core.pod.resources import is_native
from kubectl_sidecar.core.pod.scripts import waited_for
from kubectl_sidecar.core.risks.context import Context


def placed_before_writer(context: Context) -> Iterator[Risk]:
    order = [c.name for c in context.after.init_list]
    for r in context.relocations:
        writer = writer_before(r.container, context.before)
        if not writer or order.index(r.finding.name) > order.index(writer):
            continue
        needs = any(c.name == writer and need(c, r.container) is not None for c in context.before.init_list)
        yield Risk(
            "placed-before-writer",
            "caution" if needs else "blocker",
            r.finding.name,
            f"it starts before {writer}, which may write what it reads, and needs it itself: it finds nothing there at first"
            if needs
            else f"it starts before {writer}, which writes a volume that it reads: it would find nothing there, and "
            f"{writer} runs only when it is up",
            "Look whether it starts without these files."
            if needs
            else f"Place it later: --place {r.finding.name}=after:{writer}.",
        )


def placed_after_need(context: Context) -> Iterator[Risk]:
    """The default place is after whoever may write what the helper reads; who needs the helper then asks in vain, as today."""
    order = context.after.init_list
    for at, container in enumerate(order):
        for init in order[:at] if container.name in context.moved else ():
            port = None if is_native(init) else need(init, container)
            if port is None:
                continue
            waits = bool(waited_for(command_text(init)) & served(container))
            yield Risk(
                "placed-after-need",
                "blocker" if waits else "caution",
                container.name,
                f"it starts after {init.name}, which "
                + (
                    f"waits for its port (localhost:{port}): that wait never ends, and the Pod hangs there, as it does today"
                    if waits
                    else f"points at localhost:{port}, which it serves: nobody is there then, as today"
                ),
                f"Place it earlier, if it starts without what {init.name} writes: --place {container.name}=before:{init.name}.",
            )


def placed_before_need(context: Context) -> Iterator[Risk]:
    for i, container in enumerate(context.sidecars):
        for later in context.sidecars[i + 1 :]:
            port = need(container, later)
            if port is not None and (container.name in context.moved or later.name in context.moved):
                yield Risk(
                    "placed-before-need",
                    "caution",
                    container.name,
                    f"it points at localhost:{port}, which {later.name} serves, and starts before it and stops after it",
                    f"Place it later: --place {container.name}=after:{later.name}."
                    if container.name in context.moved
                    else f"Place {later.name} earlier: --place {later.name}=before:{container.name}.",
                )


def placed_early(context: Context) -> Iterator[Risk]:
    """Seen on a real kubelet: a Pod deleted while a plain init container runs tells earlier sidecars to stop at once."""
    order = context.after.init_list
    for index, container in enumerate(order):
        plain = [c.name for c in order[index + 1 :] if not is_native(c)]
        if container.name in context.moved and plain:
            yield Risk(
                "placed-early",
                "note",
                container.name,
                f"it runs while {', '.join(plain)} still works: its livenessProbe counts then, and a Pod deleted meanwhile stops both at once",
                "",
            )
