"""Load on the reference server: requests a second, latency, memory, and 200 visitors who talk at once.

Run ``python benchmarks/reference_load.py`` on an otherwise idle machine. The server is a process of its own, the client
is one process with a few connections; nothing leaves the loopback interface. ``--quick`` takes a tenth of the time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/v1/livechat"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one measurement showed; times in milliseconds."""

    name: str
    requests: int
    per_second: float
    median: float
    worst_of_hundred: float
    refused: int


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """A server process: its address and its process id."""
    start = "from conformance.cli.serve import command; command()"
    arguments = [sys.executable, "-c", start, "--port", "0", "--seed-demo", "--quiet"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        if found is None:
            raise SystemExit("The server did not start.")
        try:
            yield found.group(), process.pid
        finally:
            process.terminate()


def resident_megabytes(process: int) -> float:
    """The resident memory of a process (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024  # type: ignore[union-attr]


def open_rooms(url: str, count: int, prefix: str) -> list[tuple[str, str]]:
    """Tokens and room ids of new visitors."""
    pairs = []
    with httpx.Client(base_url=url, timeout=30) as client:
        for number in range(count):
            token = f"{prefix}-{number}"
            client.post(f"{API}/visitor", json={"visitor": {"token": token, "name": token}}).raise_for_status()
            room = client.get(f"{API}/room", params={"token": token}).json()["room"]
            pairs.append((token, room["_id"]))
    return pairs


class Wire:
    """One kept connection that sends prepared requests: the client must cost little, or it measures itself."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def open(self) -> None:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send one request and return status and body of its answer."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
        if content:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        self.writer.write(head.encode() + b"\r\n" + content)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(answer[9:12]), await self.reader.readexactly(length)


async def measure(name: str, url: str, total: int, pairs: list[tuple[str, str]]) -> Figures:
    """Let each of a few connections send its share of one kind of request."""
    host, port = re.fullmatch(r"http://(.+):(\d+)", url).groups()  # type: ignore[union-attr]
    times: list[float] = []
    refused = 0

    async def work(token: str, rid: str) -> None:
        nonlocal refused
        wire = Wire(host, int(port))
        await wire.open()
        for number in range(total // len(pairs)):
            body = {"token": token, "rid": rid, "msg": f"message {number}, of about ordinary length for a chat"}
            begun = time.perf_counter()
            if name == "message":
                status, _ = await wire.ask("POST", f"{API}/message", body)
            elif name == "history":
                status, _ = await wire.ask("GET", f"{API}/messages.history/{rid}?token={token}")
            else:
                status, _ = await wire.ask("GET", f"{API}/config")
            times.append(time.perf_counter() - begun)
            refused += status != 200
        wire.writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(work(token, rid) for token, rid in pairs))
    spent = time.perf_counter() - begun
    times.sort()
    return Figures(
        name,
        len(times),
        len(times) / spent,
        times[len(times) // 2] * 1000,
        times[int(len(times) * 0.99)] * 1000,
        refused,
    )


async def crowd(url: str, visitors: int, seconds: float) -> str:
    """Let visitors talk at once, then read every history; say what was lost or mixed."""
    host, port = re.fullmatch(r"http://(.+):(\d+)", url).groups()  # type: ignore[union-attr]
    pairs = await asyncio.to_thread(open_rooms, url, visitors, "crowd")
    end = time.monotonic() + seconds
    said: dict[str, list[str]] = {token: [] for token, _ in pairs}
    errors = 0

    async def talk(token: str, rid: str) -> None:
        nonlocal errors
        wire = Wire(host, int(port))
        await wire.open()
        while time.monotonic() < end:
            text = f"{token} line {len(said[token])}"
            status, _ = await wire.ask("POST", f"{API}/message", {"token": token, "rid": rid, "msg": text})
            if status == 200:
                said[token].append(text)
            errors += status >= 500
        wire.writer.close()

    await asyncio.gather(*(talk(token, rid) for token, rid in pairs))
    wire = Wire(host, int(port))
    await wire.open()
    wrong = 0
    for token, rid in pairs:
        _, raw = await wire.ask("GET", f"{API}/messages.history/{rid}?token={token}&limit=0")
        messages = reversed(json.loads(raw)["messages"])
        wrong += [message["msg"] for message in messages if message.get("token")] != said[token]
    accepted = sum(map(len, said.values()))
    counted = f"{accepted} messages accepted, {errors} errors, {wrong} histories wrong"
    return f"{visitors} visitors for {seconds:.0f} s: {counted}"


@dataclass(frozen=True, slots=True)
class Load:
    """All that was measured; memory in MB after so many messages, the crowd as a sentence."""

    figures: tuple[Figures, ...]
    messages: int
    memory: float
    crowd: str


def bench(share: float) -> Load:
    """Measure with this share of the requests and of the time."""
    with server() as (url, process):
        pairs = open_rooms(url, 4, "bench")
        figures = tuple(
            uvloop.run(measure(name, url, int(total * share), pairs))
            for name, total in (("config", 20_000), ("message", 20_000), ("history", 10_000))
        )
        uvloop.run(measure("message", url, int(80_000 * share), pairs))
        memory = resident_megabytes(process)
        return Load(figures, int(100_000 * share), memory, uvloop.run(crowd(url, 200, 30 * share)))


def lines(load: Load) -> list[str]:
    """The figures as sentences."""
    return [
        *(
            f"{each.name}: {each.per_second:.0f} requests/s, median {each.median:.2f} ms, "
            f"99 % below {each.worst_of_hundred:.2f} ms, {each.refused} refused of {each.requests}"
            for each in load.figures
        ),
        f"memory after {load.messages} messages: {load.memory:.0f} MB",
        load.crowd,
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests and of the time")
    for line in lines(bench(0.1 if parser.parse_args().quick else 1.0)):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
