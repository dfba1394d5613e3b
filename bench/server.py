"""The bench's Microsoft behind a port, in a process of its own.

`python -m bench.server --incidents 3000 --hours 20` prints its address and serves until its standard input ends.
GET /_bench/stats counts the requests of each directory to Graph; /_bench/slow?tenant=…&seconds=… lets one wait,
/_bench/throttled?tenant=… answers it with 429 only.
"""

import argparse
import asyncio
import gzip
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.cloud import Cloud
from bench.items import shelf

HEAD = "HTTP/1.1 {} Bench\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n"
ROOT = Path(__file__).resolve().parent.parent


class Connection(asyncio.Protocol):
    """HTTP/1.1 as far as the bench's clients speak it: one request after another, with a length or without a body."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, rest = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if len(rest) < int(headers.get("content-length", 0)):
            return
        self.received = b""
        status, body, delay = self.cloud.answer(first.split(" ")[1], headers)
        asyncio.get_running_loop().call_later(delay, self.send, HEAD.format(status, len(body)).encode() + body)

    def send(self, response: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(response)


async def serve(cloud: Cloud) -> None:
    loop = asyncio.get_running_loop()
    running = await loop.create_server(lambda: Connection(cloud), "127.0.0.1", 0, backlog=1000)
    print(f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


class Running:
    """A server that answers at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, verb: str) -> dict[str, int]:
        """Order something; the answer is how many requests each directory has sent."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_bench/{verb}"), timeout=30) as answer:
            found: dict[str, int] = json.loads(gzip.decompress(answer.read()))
        return found


@contextmanager
def started(incidents: int = 0, *, hours: float = 20, delay: float = 0) -> Iterator[Running]:
    options = [f"--incidents={incidents}", f"--hours={hours}", f"--delay={delay}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server", *options], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    with process:
        assert process.stdout and process.stdin
        yield Running(process.stdout.readline().strip())
        process.stdin.close()
        process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("--incidents", type=int, default=0, help="how many each directory has")
    parser.add_argument("--hours", type=float, default=20, help="over which they are spread, up to an hour ago")
    parser.add_argument("--delay", type=float, default=0, help="seconds until an answer is sent")
    options = parser.parse_args()
    end = datetime.now(UTC) - timedelta(hours=1)
    held = shelf(options.incidents, end - timedelta(hours=options.hours), end)
    asyncio.run(serve(Cloud(held, options.delay)))


if __name__ == "__main__":
    main()
