"""One key after the other, however fast they come. Textual hands a key to the queue of the widget that has the focus when the key
arrives; of a whole burst (a slow line, a paste) all would go to the same widget, although the first opens a screen or an input.

What always holds: a key is given to a widget only when everything that the key before it has set off is done, messages between
widgets and the focus of a new screen included. Waiting for that has an end, so that no widget can make the keyboard dead."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode

Press = events.Key | events.Paste

_LONGEST_SECONDS = 1.0
"""How long one key may hold up the next."""

_NEW_SCREEN_SECONDS = 0.001
"""How often to look whether a screen has begun to run."""

_CALM_ROUNDS = 2
"""After so many rounds in which nothing was left to do, nothing more comes of a key: a round sees what a handler has posted only
when that handler was at work before it."""


class KeysInTurn:
    """Gets each key when it arrives; `give` passes one on, and is called on the app's own queue."""

    def __init__(self, app: App[Any], give: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app, self._give = app, give
        self._waiting: deque[Press] = deque()
        self._turns: asyncio.Task[None] | None = None
        self._over = False

    async def press(self, key: Press) -> None:
        """Gives the key now when no other is under way, else later."""
        if self._turns is not None and not self._turns.done():
            self._waiting.append(key)
            return
        await self._give(key)
        if not self._over:
            self._turns = asyncio.create_task(self._take_turns())

    def stop(self) -> None:
        """The screen is left: no key counts any more, and nothing is waited for."""
        self._over = True
        self._waiting.clear()
        if self._turns is not None:
            self._turns.cancel()

    async def _take_turns(self) -> None:
        await self._settled()
        while self._waiting and self._app.call_later(self._give, self._waiting.popleft()):
            await self._settled()

    async def _settled(self) -> None:
        """Returns when nothing more comes of the last key."""
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                calm = 0
                while calm < _CALM_ROUNDS:
                    calm = calm + 1 if await self._round() else 0
        except TimeoutError:
            return

    async def _round(self) -> bool:
        """Goes the way of a message, from the focus up to the app, behind all that waits there; whether nothing waits any more."""
        way = self._way()
        for pump in way:
            reached = asyncio.Event()
            if not pump.call_later(reached.set):  # a new screen that does not run yet, and would lose a key as well
                await asyncio.sleep(_NEW_SCREEN_SECONDS)
                return False
            await reached.wait()
        return self._way() == way and not any(pump.message_queue_size for pump in way)

    def _way(self) -> list[DOMNode]:
        return (self._app.focused or self._app.screen).ancestors_with_self
