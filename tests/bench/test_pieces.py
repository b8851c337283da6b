"""The benchmark's own pieces do what their names say; nothing here measures the tool."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kubectl_sidecar.core.decode import decode_page
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.workload import Workload
from tests.bench import archive
from tests.bench.measure import BenchError, Surroundings, measure
from tests.bench.relay import Link, Relay
from tests.bench.spread import Spread, Target, alternate, ratios, spread_of
from tests.bench.workloads import NAMESPACES, deployment, deployments


def test_a_spread_is_the_smallest_middle_and_largest_value() -> None:
    assert spread_of([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0, 3)


def test_ratios_are_taken_round_by_round() -> None:
    # The second round was twice as slow for both: no difference of the two programs.
    assert ratios([1.0, 2.0], [2.0, 4.0]) == Spread(0.5, 0.5, 0.5, 2)


def test_ratios_need_as_many_rounds_of_both() -> None:
    with pytest.raises(ValueError):
        ratios([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        pytest.param([0.4, 0.5, 0.6], "pass", id="every round at most the limit"),
        pytest.param([0.4, 0.5, 0.7], "pass, not in every round", id="one round over"),
        pytest.param([0.5, 0.7, 0.8], "MISS, not in every round missed", id="the median over"),
        pytest.param([0.7, 0.8, 0.9], "MISS", id="every round over"),
    ],
)
def test_a_target_is_judged_by_the_median(values: list[float], verdict: str) -> None:
    assert Target(0.6).verdict(spread_of(values)) == verdict


@pytest.mark.parametrize(
    ("values", "shown"),
    [([1.0], "1.00"), ([1.0, 2.0, 4.0], "2.00 (1.00 to 4.00)")],
    ids=["one round", "three rounds"],
)
def test_a_spread_shows_what_was_measured(values: list[float], shown: str) -> None:
    assert spread_of(values).show(lambda value: f"{value:.2f}") == shown


def test_sides_take_turns_after_a_round_that_does_not_count() -> None:
    calls: list[str] = []

    def side(name: str) -> int:
        calls.append(name)
        return len(calls)

    answers = alternate({"a": lambda: side("a"), "b": lambda: side("b")}, rounds=2)
    assert "".join(calls) in ("baabba", "abbaab")
    assert {name: len(found) for name, found in answers.items()} == {"a": 2, "b": 2}
    assert all(number > 2 for found in answers.values() for number in found)


def test_the_same_number_is_the_same_deployment() -> None:
    assert deployment(7) == deployment(7)
    assert deployment(7) == next(deployments(1, first=7))


def test_deployments_have_two_to_four_containers_with_names_of_their_own() -> None:
    names = [[c["name"] for c in d["spec"]["template"]["spec"]["containers"]] for d in deployments(200)]
    assert {len(found) for found in names} == {2, 3, 4}
    assert all(len(set(found)) == len(found) for found in names)


def test_deployments_have_names_of_their_own_in_all_namespaces() -> None:
    places = [(d["metadata"]["namespace"], d["metadata"]["name"]) for d in deployments(100)]
    assert len(set(places)) == 100
    assert {namespace for namespace, _ in places} == set(NAMESPACES)


def test_a_number_of_containers_can_be_asked_for() -> None:
    assert all(len(d["spec"]["template"]["spec"]["containers"]) == 16 for d in deployments(20, containers=16))


def test_every_deployment_is_one_that_the_tool_reads() -> None:
    page = json.dumps({"items": list(deployments(50))}).encode()
    items = list(decode_page(resolve("deployment"), page).items)
    assert len(items) == 50
    assert all(isinstance(item, Workload) for item in items)


@pytest.fixture
def where(tmp_path: Path) -> Surroundings:
    return Surroundings({"PATH": os.defpath}, tmp_path)


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def test_a_command_is_measured_with_its_children(where: Surroundings) -> None:
    busy = "import time\nwhile time.process_time() < 0.15: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {busy!r}], check=True)"
    cost = measure([python(parent)], where)
    assert cost.cpu_seconds >= 0.15
    assert cost.wall_seconds >= 0.15


def test_memory_is_of_the_command_and_not_of_who_starts_it(where: Surroundings) -> None:
    ours = bytearray(200_000_000)
    small, large = measure([python("")], where), measure([python("x = b'x' * 100_000_000")], where)
    assert len(ours) > small.peak_bytes
    assert large.peak_bytes - small.peak_bytes > 90_000_000


def test_commands_in_a_row_are_added_up(where: Surroundings) -> None:
    cost = measure([python("import time; time.sleep(0.1)")] * 2, where)
    assert cost.wall_seconds >= 0.2


def test_a_command_that_fails_is_no_measurement(where: Surroundings) -> None:
    with pytest.raises(BenchError, match="ended with 3: no rights"):
        measure([python("import sys; print('no rights', file=sys.stderr); sys.exit(3)")], where)


def test_a_link_delays_and_lets_through_no_more_than_its_bandwidth() -> None:
    link = Link(seconds=0.04, bytes_per_second=1000)
    assert link.arrival(10.0, 500) == pytest.approx(10.54)
    assert link.arrival(10.0, 500) == pytest.approx(11.04)  # the line was taken for half a second
    assert link.arrival(20.0, 0) == pytest.approx(20.04)


async def _through_relay(payload: bytes, *, seconds: float, bytes_per_second: float) -> tuple[bytes, float, float]:
    """What an echoing server sends back through the relay; seconds until connected, and from then until all was back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        ended.set()

    async def relayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await relay.serve(reader, writer)
        closed.set()

    ended, closed = asyncio.Event(), asyncio.Event()
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        relay = Relay("127.0.0.1", port, Link(seconds, bytes_per_second), Link(seconds, bytes_per_second))
        async with await asyncio.start_server(relayed, "127.0.0.1", 0) as proxy:
            begin = time.monotonic()
            reader, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname())
            writer.write(b"CONNECT kubernetes:6443 HTTP/1.1\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            connected = time.monotonic()
            writer.write(payload)
            back = await reader.readexactly(len(payload))
            end = time.monotonic()
            writer.close()
            await writer.wait_closed()
            # who leaves takes the other side with him
            await asyncio.wait_for(asyncio.gather(ended.wait(), closed.wait()), 10)
    return back, connected - begin, end - connected


def test_the_relay_carries_every_byte_at_its_time() -> None:
    payload = os.urandom(50_000)
    back, connecting, echoing = asyncio.run(_through_relay(payload, seconds=0.02, bytes_per_second=1_000_000))
    assert back == payload
    assert connecting >= 0.04  # a round trip
    assert echoing >= 0.09  # a round trip, and 50 ms for the bytes


def test_the_relay_carries_small_things_both_ways() -> None:
    back, _, _ = asyncio.run(_through_relay(b"x", seconds=0.0, bytes_per_second=1e9))
    assert back == b"x"


def test_a_name_that_is_none_is_refused_with_all_names() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "lists"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 2
    assert "there is no lists; there are help, archive," in done.stderr


def test_without_an_archive_it_says_so_and_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"^There is no nothing\.tar\.gz in dist\. Remedy: `make dist`\.$"):
        archive.unpacked(tmp_path, tmp_path / "nothing.tar.gz")


def test_an_archive_older_than_the_sources_is_not_measured(tmp_path: Path) -> None:
    old = tmp_path / "old.tar.gz"
    old.touch()
    os.utime(old, (0, 0))
    with pytest.raises(BenchError, match=r"^old\.tar\.gz is older than the sources\. Remedy: `make dist`\.$"):
        archive.unpacked(tmp_path, old)


@pytest.mark.parametrize(("megabytes", "verdict"), [(22, "pass"), (23, "MISS")])
def test_the_size_of_an_archive_is_judged(tmp_path: Path, megabytes: int, verdict: str) -> None:
    large = tmp_path / "large.tar.gz"
    with large.open("wb") as file:
        file.truncate(megabytes * 1_000_000)
    (said,) = archive.size(large)
    assert said.endswith(f"at most 22 MB: {verdict}")
