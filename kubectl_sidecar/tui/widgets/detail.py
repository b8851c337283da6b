"""What is known of the workload under the cursor, without asking the server again."""

from __future__ import annotations

from collections.abc import Iterator

from textual.widgets import Static

from kubectl_sidecar.actions.inspect import Row
from kubectl_sidecar.core.classification.findings import State
from kubectl_sidecar.output import words
from kubectl_sidecar.output.style import Paint, Style
from kubectl_sidecar.tui.listing import Entry
from kubectl_sidecar.tui.text import contents, paint

MEANINGS: dict[State, str] = {
    "classic": "a sidecar without start or stop order",
    "mixed": "some sidecars are native already, others have no order",
    "native": "its sidecars are native: they start first and stop last",
    "injected": "injected without order: the injector has to change it",
    "unsure": "may have a sidecar: somebody has to say",
    "none": "no sidecar was found",
    "broken": "cannot be read",
}


class Detail(Static):
    """The pane below the table."""

    DEFAULT_CSS = """
    Detail { height: 9; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    .-short Detail { display: none; }
    """

    def show(self, entry: Entry | None) -> None:
        self.update(contents(lines_of(entry.row, paint)) if entry else "")


def lines_of(row: Row, paint: Paint) -> Iterator[str]:
    """A row's containers with role, confidence, family and evidence, and its problems. The first problem of each id stands for
    all of that id, so that a short pane shows what is different."""
    style = words.STATE_STYLES[row.state]
    owner = "" if row.owner.kind == "nobody" else f" · owner {row.owner.label}"
    yield f"{paint('strong', row.ref)}  {paint(style, row.state)}: {row.fault or MEANINGS[row.state]}{owner}"
    seen: set[str] = set()
    for problem in row.problems:
        if problem.id not in seen:
            yield f" {paint('bad', '!')} {problem.id}: {problem.text}"
        seen.add(problem.id)
    width = max((len(finding.name) for finding in row.findings), default=0)
    for finding in row.findings:
        looks: Style = "bad" if finding.is_classic else "good" if finding.role == "native-sidecar" else "strong"
        yield f"   {finding.name:<{width}}  {paint(looks, f'{words.role(finding):<18}')}  {words.brief(finding)}"
