"""kubectl's kind of table: plain columns, three blanks between, nothing wrapped or cut, so that awk and cut work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

Cell = str
CellStyle = Callable[[int, int, str], str]
"""(row, column, padded text) -> text, for colour; rows count from 0 below the header."""


def table(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], *, no_header: bool = False, style: CellStyle | None = None
) -> Iterator[str]:
    """The table's lines. The last column is not padded; an empty cell is shown as it is."""
    widths = [0 if no_header else len(title) for title in header]
    for row in rows:
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], len(cell))
    last = len(header) - 1

    def padded(column: int, cell: str) -> str:
        return cell if column == last else cell.ljust(widths[column])

    if not no_header:
        yield "   ".join(padded(column, title) for column, title in enumerate(header)).rstrip()
    for number, row in enumerate(rows):
        cells = (padded(column, cell) for column, cell in enumerate(row))
        styled = (style(number, column, cell) if style else cell for column, cell in enumerate(cells))
        yield "   ".join(styled).rstrip()
