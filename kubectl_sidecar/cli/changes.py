"""Changes that are printed and not made: for `-o`, data alone on stdout and everything for people on stderr; else the diff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kubectl_sidecar.cli.console import Console
from kubectl_sidecar.cli.exits import Exit

if TYPE_CHECKING:
    from kubectl_sidecar.sources.manifests import Manifest


def show_changes(
    prepared: Sequence[Any], form: str | None, screen: Console, *, beside: Sequence[Manifest] = ()
) -> list[int]:
    """Prints the changes of these plans in a form of output.source_change, or as diffs; what is refused is left out, with the
    reasons. With `beside`, the whole input of files, whole objects come out all, and what is refused is as it was. Returns an exit
    code for each plan: changes to make, none, or refused."""
    ready = [p for p in prepared if p.verdict.decision != "refuse"]
    if form is not None:
        from kubectl_sidecar.output.source_change import rendered

        text = rendered(ready, form, beside=beside)  # type: ignore[arg-type]  # the flag's choices are the forms
        for each in prepared:
            _tell(_words(each, screen), screen)
        screen.out.write(text)
        if beside and form in ("yaml", "json") and len(ready) < len(prepared):
            refused = [p.target.ref for p in prepared if p not in ready]
            screen.say(f"Refused, and printed as it was: {', '.join(refused)}")
    else:
        for each in prepared:
            _diff(each, screen)
    if any(_code(p) == Exit.FINDINGS for p in ready):
        screen.say("Dry run: nothing was written.")
    return [_code(p) for p in prepared]


def _code(prepared: Any) -> int:
    if prepared.verdict.decision == "refuse":
        return Exit.REFUSED
    if prepared.verdict.decision != "nothing":
        return Exit.FINDINGS
    # a helper was there, and was left alone: that is a refusal, not a success
    return Exit.REFUSED if any(s.finding.is_classic for s in prepared.plan.skipped) else Exit.COMPLETE


def _words(prepared: Any, screen: Console) -> Iterable[str]:
    from kubectl_sidecar.output.plan import judgement
    from kubectl_sidecar.output.source_change import owner_hint

    yield prepared.target.title
    yield from judgement(prepared, screen.paint_err)
    if not prepared.facts.from_files and not prepared.plan.is_empty:
        yield from owner_hint(prepared)
    yield ""


def _tell(lines: Iterable[str], screen: Console) -> None:
    for line in lines:
        screen.say(line)


def _diff(prepared: Any, screen: Console) -> None:
    from kubectl_sidecar.output.diff import painted
    from kubectl_sidecar.output.plan import judgement, order, plan_diff

    if prepared.verdict.decision == "nothing":
        screen.print([f"{prepared.target.qualified}: nothing to do"])
        screen.prose(f"  {reason}" for reason in prepared.verdict.reasons)
        return
    screen.print(painted(plan_diff(prepared), screen.paint))
    screen.prose(order(prepared.plan, screen.paint))
    screen.prose(judgement(prepared, screen.paint))
