"""A program on a pseudo-terminal, whatever it is: what it has written so far, collected in a thread."""

from __future__ import annotations

import os
import subprocess
import threading
from dataclasses import dataclass, field


@dataclass
class Drawn:
    """The program, the terminal's own end, and what came out of it. `reader` ends when nobody has the terminal open any more."""

    process: subprocess.Popen[bytes]
    master: int
    drawn: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the last of those that had it open is gone
                return
            if not data:
                return
            self.drawn += data

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())
