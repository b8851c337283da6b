"""A slow network on one machine: an HTTP proxy (CONNECT) before one server, with a round trip and a bandwidth.

kubectl and we reach it by `proxy-url`, so TLS and its server name are untouched. A proxy, and not the server's port forwarded on
loopback, because a client may behave otherwise where the server's address is loopback. The CONNECT is answered after
one round trip: that stands for TCP's handshake. Each direction of the whole link (all connections together) has the bandwidth.
TCP's slow start and losses are not imitated. Runs as `python -m tests.bench.relay`: a process of its own, whose cost is nobody's.
"""

import argparse
import asyncio
import contextlib
from dataclasses import dataclass, field

_CHUNK = 16 * 1024
_IN_FLIGHT = 64
"""Chunks of one connection and direction that are under way: 1 MB, more than the link holds in a round trip."""


@dataclass
class Link:
    """One direction: `seconds` from end to end, `bytes_per_second` through it, whoever sends."""

    seconds: float
    bytes_per_second: float
    free_at: float = field(default=0.0)

    def arrival(self, now: float, size: int) -> float:
        """When the last byte of `size` bytes is there that are ready to be sent at `now`; the line is taken until it is sent."""
        self.free_at = max(self.free_at, now) + size / self.bytes_per_second
        return self.free_at + self.seconds


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
    """Carries one direction of one connection until its end, in order, each byte at its time."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)

    async def leave() -> None:
        data = b"."
        while data:
            data = await reader.read(_CHUNK)
            at = link.arrival(loop.time(), len(data))
            await under_way.put((at, data))
            # The next chunk is taken from the sender when this one has left: that is what slows it down.
            await asyncio.sleep(at - link.seconds - loop.time())

    async def arrive() -> None:
        while True:
            at, data = await under_way.get()
            await asyncio.sleep(at - loop.time())
            if not data:
                return
            writer.write(data)
            await writer.drain()

    leaving, arriving = asyncio.create_task(leave()), asyncio.create_task(arrive())
    await asyncio.wait((leaving, arriving), return_when=asyncio.FIRST_EXCEPTION)
    for task in (leaving, arriving):  # whoever reads from one that went away stops too
        task.cancel()
    await asyncio.gather(leaving, arriving, return_exceptions=True)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@dataclass(frozen=True)
class Relay:
    """The proxy before `host`:`port`; it answers nobody who asks for another place."""

    host: str
    port: int
    up: Link
    down: Link

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            if not asked.startswith(b"CONNECT "):
                writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                writer.close()
                return
            await asyncio.sleep(self.up.seconds + self.down.seconds)
            to_server = await asyncio.open_connection(self.host, self.port)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(carry(reader, to_server[1], self.up), carry(to_server[0], writer, self.down))


async def run(relay: Relay) -> None:
    """Serves until the process is ended; the first line on stdout is the port (on 127.0.0.1)."""
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--round-trip-ms", type=float, default=80)
    parser.add_argument("--megabits", type=float, default=20, help="per second, each direction")
    words = parser.parse_args()
    seconds, speed = words.round_trip_ms / 2000, words.megabits * 1e6 / 8
    relay = Relay(words.host, words.port, Link(seconds, speed), Link(seconds, speed))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(relay))


if __name__ == "__main__":
    main()
