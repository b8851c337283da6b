"""A line (or two) that says what went wrong, where the user looks anyway; not there while nothing did."""

from __future__ import annotations

from textual.widgets import Static

from kubectl_sidecar.tui.text import contents


class Banner(Static):
    """An error or a gap as a sentence. `say("")` takes it away."""

    DEFAULT_CSS = """
    Banner { display: none; height: auto; max-height: 6; padding: 0 1; }
    Banner.-there { display: block; }
    """

    def say(self, *lines: str, severity: str = "error") -> None:
        said = [line for line in lines if line]
        self.set_class(bool(said), "-there")
        self.set_class(severity == "error", "-error")
        self.update(contents(said))
