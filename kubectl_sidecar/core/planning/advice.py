"""What a recipe knows of a helper that is about to move, or stays with its injector: sentences for a person who decides. They
judge nothing; what is dangerous is a risk."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_sidecar.core.classification.findings import Finding
from kubectl_sidecar.core.classification.injection import more
from kubectl_sidecar.core.pod.hooks import meaning_of
from kubectl_sidecar.core.recipes.globs import glob
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container, PodSpec


def advice(finding: Finding, container: Container | None, spec: PodSpec, *, said: str = "") -> tuple[str, ...]:
    """One sentence each, but for what the reason of its place has `said` already. `container` is the helper's in the
    template; None for one that stays where it is, of which only its injector's switches are of use."""
    if finding.recipe is None:
        return ()
    if finding.injected:
        return more(finding.recipe.injector) if finding.recipe.injector else ()
    return tuple(_advice(finding.recipe, container, spec, said)) if container is not None else ()


def _advice(recipe: Recipe, container: Container, spec: PodSpec, said: str) -> Iterator[str]:
    note = recipe.placement.note
    if note and note.rstrip(".") not in said:
        yield f"its place: {note}"
    for name, hook in (("postStart", container.post_start), ("preStop", container.pre_stop)):
        meaning = meaning_of(hook, recipe)
        if meaning and meaning.note:
            yield f"its {name} hook: {meaning.note}"
    if recipe.sigterm:
        yield f"on SIGTERM: {recipe.sigterm}"
    for init in spec.init_list:
        if init.restart_policy != "Always" and any(glob(p)(init.name) for p in recipe.companions):
            yield f"init container {init.name} belongs to it, as its set-up or a one-time copy: look whether it is still needed"
    yield from recipe.notes
