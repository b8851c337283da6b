"""The terminal, left at once. Textual's driver waits at its end for the thread that reads keys, which looks up from its wait ten
times a second, and then once more: 0.1 to 0.2 s of every `q`. This one wakes that thread with a byte in a pipe.

What always holds: once input is disabled no thread of ours reads the terminal any more, so that a login that uses the terminal
meanwhile, and the shell afterwards, get every key; an escape that arrives together with the next key is still an escape."""

from __future__ import annotations

import codecs
import os
import re
import select
from collections.abc import Iterable, Iterator

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

_ESCAPE = re.compile(r"\x1b(?=[^][OPXN^_\\])")
"""An escape before something that continues no sequence. The parser would take both for alt and a key, which nothing here is bound
to, or lose the escape."""


class PromptDriver(LinuxDriver):
    """See the module."""

    TICK_SECONDS = 0.1
    """How often the parser may decide that an escape alone was the key esc, as in Textual's own driver."""

    _wake: tuple[int, int] | None = None
    """Both ends of the pipe, while keys are read."""

    def start_application_mode(self) -> None:
        self._wake = os.pipe()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def disable_input(self) -> None:
        if self._wake is None:
            return
        os.write(self._wake[1], b"!")
        super().disable_input()  # joins the thread
        for end in self._wake:
            os.close(end)
        self._wake = None

    def run_input_thread(self) -> None:
        assert self._wake is not None
        wake, keyboard = self._wake[0], self.fileno
        parser, decoder = XTermParser(self._debug), codecs.getincrementaldecoder("utf-8")(errors="replace")
        while True:
            ready, _, _ = select.select([wake, keyboard], [], [], self.TICK_SECONDS)
            if wake in ready:
                return
            if keyboard in ready:
                data = os.read(keyboard, 4096)
                if not data:
                    return  # the terminal is gone
                self._process_at_once(_events(parser, decoder.decode(data)))
            for event in parser.tick():
                self.process_message(event)

    def _process_at_once(self, arrived: Iterable[Message]) -> None:
        """What one read has brought has arrived at one time: none of it is an answer to what another of it opens."""
        first: Message | None = None
        for event in arrived:
            first = first or event
            event.time = first.time
            self.process_message(event)


def _events(parser: XTermParser, text: str) -> Iterator[Message]:
    """The events of what was typed. (An empty text would tell the parser that nothing comes any more.)"""
    first, *others = _ESCAPE.split(text)
    yield from parser.feed(first) if first else ()
    for part in others:
        yield events.Key("escape", "\x1b")
        yield from parser.feed(part) if part else ()
