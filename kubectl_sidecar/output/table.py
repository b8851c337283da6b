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
    shown = rows if no_header else [header, *rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    pads = [f"%-{width}s" for width in widths[:-1]] + ["%s"]
    line = "   ".join(pads)
    if not no_header:
        yield (line % tuple(header)).rstrip()
    if style is None:
        for row in rows:
            yield (line % tuple(row)).rstrip()
        return
    for number, row in enumerate(rows):
        cells = (style(number, column, pads[column] % cell) for column, cell in enumerate(row))
        yield "   ".join(cells).rstrip()
