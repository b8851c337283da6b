"""Risks of the move itself: whether it can be made at all, and by whom."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.owners import what_happens_next
from kubectl_sidecar.core.plan import Risk
from kubectl_sidecar.core.risks.context import Context


def immutable_kind(context: Context) -> Iterator[Risk]:
    kind = context.workload.kind
    if context.relocations and not kind.patchable and not context.facts.from_files:
        yield Risk("immutable-kind", "blocker", "", kind.way_out)


def no_main_left(context: Context) -> Iterator[Risk]:
    if not context.relocations:
        return
    left = [c.name for c in context.after.main_list]
    helpers = {
        f.name for f in context.findings if f.list == "containers" and f.role == "sidecar" and f.confidence == "certain"
    }
    if not left or helpers.issuperset(left):
        only = (
            f"only {', '.join(left)} would, which is a helper itself"
            if left
            else "the API server refuses a Pod without one"
        )
        yield Risk(
            "no-main-left",
            "blocker",
            ", ".join(context.moved),
            f"no container that does the Pod's work would be left in containers: {only}",
            "Say which one is the main: --container NAME=main.",
        )


def injected(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        if r.finding.injected:
            yield Risk(
                "injected",
                "blocker",
                r.finding.name,
                "it was injected: its injector puts it back, or in twice",
                "Use the injector's own switch for native sidecars.",
            )


def already_in_init_containers(context: Context) -> Iterator[Risk]:
    names = {c.name for c in context.before.init_list}
    for r in context.relocations:
        if r.finding.name in names:
            yield Risk(
                "already-in-init-containers",
                "blocker",
                r.finding.name,
                "an init container has the same name already: the API server refuses the second one",
                "Remove one of the two.",
            )


def not_by_hand(context: Context) -> Iterator[Risk]:
    for r in context.relocations:
        recipe = r.finding.recipe
        if recipe is not None and recipe.movable != "yes":
            yield Risk(
                "not-by-hand",
                "blocker" if recipe.movable == "never" else "caution",
                r.finding.name,
                recipe.reason or f"{recipe.title} is not to be moved by hand",
                "Change what it is made from." if recipe.movable == "operator" else "Leave it where it is.",
            )


def may_be_main(context: Context) -> Iterator[Risk]:
    """What was moved on somebody's word against what is seen. With a known family only what is strong counts."""
    for r in context.relocations:
        grave = ("decisive", "high") if r.finding.recipe else ("decisive", "high", "medium")
        strong = [e for e in r.finding.against if e.speaks_for in ("main", "peer") and e.weight in grave]
        if strong and (r.finding.confidence != "certain" or r.finding.override == "sidecar"):
            yield Risk(
                "may-be-main",
                "caution",
                r.finding.name,
                f"it may be a main container itself ({strong[0].text}): "
                "as a native sidecar it no longer decides whether the Pod's work is done, and it stops last",
                f"Leave it, if you are not sure: --container {r.finding.name}=leave.",
                strong[0].path,
            )


def owner(context: Context) -> Iterator[Risk]:
    """In files the marks of an owner mean nothing: there the file is the source."""
    sentences = what_happens_next(context.owner, context.workload)
    if sentences and context.relocations and not context.facts.from_files:
        yield Risk(
            "owner",
            "note" if context.owner.kind == "kubectl-apply" else "caution",
            "",
            f"{context.owner.label} writes it ({context.owner.evidence}): {'; '.join(sentences)}",
            "Make the same change in the source.",
            "metadata",
        )
