"""Taking stock: which workloads are there (scan.py for a cluster, files.py for files), what are their containers, what is wrong
with them today (rows.py)."""

from kubectl_sidecar.actions.inspect.files import scan_files
from kubectl_sidecar.actions.inspect.rows import Gap, Inventory, Row, Source, row_of, rows_of, with_injected
from kubectl_sidecar.actions.inspect.scan import FIRST_PAGE, NEXT_PAGES, Found, Missed, ScanEvent, Scope, scan

__all__ = [
    "FIRST_PAGE", "NEXT_PAGES", "Found", "Gap", "Inventory", "Missed", "Row", "ScanEvent", "Scope", "Source",
    "row_of", "rows_of", "scan", "scan_files", "with_injected",
]  # fmt: skip
