"""Risks of a place: what a helper needs of those before it, and what those after it need. The default place has none of them;
a place that the user chose is judged by the same rules."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.plan import Risk
from kubectl_sidecar.core.pod.placement import writer_before
from kubectl_sidecar.core.pod.reach import need
from kubectl_sidecar.core.pod.resources import is_native
from kubectl_sidecar.core.risks.context import Context


def placed_before_writer(context: Context) -> Iterator[Risk]:
    order = [c.name for c in context.after.init_list]
    for r in context.relocations:
        writer = writer_before(r.container, context.before)
        if writer and order.index(r.finding.name) < order.index(writer):
            yield Risk(
                "placed-before-writer",
                "blocker",
                r.finding.name,
                f"it starts before {writer}, which writes a volume that it reads: it would find nothing there, and "
                f"{writer} runs only when it is up",
                f"Place it later: --place {r.finding.name}=after:{writer}.",
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
