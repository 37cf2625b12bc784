"""``tickgate exchange`` as a process of its own, with a client that shares no code with it."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.sim.exchange.client import FeedListener, OrderClient, enter_bytes

PORTS = [f"--{name}-port=0" for name in ("order", "snapshot", "request")]
PROGRAM = [sys.executable, "-m", "host.cli", "exchange", *PORTS]


def address(text: str) -> tuple[str, int]:
    host, port = text.split(":")
    return host, int(port)


async def run(arguments: list[str], body: Callable[..., Any]) -> tuple[dict[str, Any], int]:
    """Run the command with a listener on both lines; interrupt it; return its JSON and status."""
    listener = FeedListener()
    a, b = [f"{host}:{port}" for host, port in [await listener.listen(), await listener.listen()]]
    process = await asyncio.create_subprocess_exec(
        *[*PROGRAM, "--line-a", a, "--line-b", b, "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            notes = [(await process.stderr.readline()).decode().split() for _ in range(4)]
            await body(listener, address(notes[0][1]), address(notes[1][-1]), notes[2][1])
            process.send_signal(signal.SIGINT)
            out, _ = await process.communicate()
    finally:
        listener.close()
        if process.returncode is None:
            process.kill()
            await process.wait()
    return json.loads(out), process.returncode or 0


def test_a_client_trades_with_the_crowd_over_bad_lines() -> None:
    async def body(
        listener: FeedListener, orders: tuple[str, int], requests: tuple[str, int], session: str
    ) -> None:
        client = await OrderClient.connect(orders)
        assert (await client.log_on("trader", "trader", session))[:1] == b"A"
        assert (await client.message())[:1] == b"S"
        while len(listener.held) < 1_000:
            await asyncio.sleep(0.01)
        answer = await client.ask(enter_bytes(1, b"B", 300, "ALFA", 1_100_000), 2)
        assert [message[:1] for message in answer] == [b"A", b"E"]
        assert await listener.recover(requests, session) > 0
        assert len(listener.messages()) >= 1_000
        client.close()

    arguments = ["--rate", "3000", "--loss", "0.1", "--reorder", "0.1", "--duplicate", "0.1"]
    summary, status = asyncio.run(run(arguments, body))
    assert status == 0
    assert summary["messages"] > 1_000
    assert summary["retransmissions"] > 0
    assert summary["accounts"]["trader"]["told"] >= 2
    assert all(line["lost"] > 0 for line in summary["lines"])


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], check=False, capture_output=True, text=True, timeout=60
    )


def test_a_day_ends_by_itself_and_shows_its_counts() -> None:
    done = command("--seconds", "0.2", "--rate", "0", "--symbol", "ONE")
    assert done.returncode == 0, done.stderr
    assert "line A" in done.stdout
    assert "messages" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--account", "nobody"], "expected USER:PASSWORD:FIRM"),
        (["--account", "a:b:FIRMS"], "a firm has 1 to 4 ASCII characters, not 'FIRMS'"),
        (["--line-a", "here"], "expected HOST:PORT"),
        (["--symbol", "NINECHARS"], "a symbol has 1 to 8 ASCII characters"),
    ],
)
def test_what_cannot_be_is_a_usage_error(arguments: list[str], text: str) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert text in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command("--order-port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "the exchange cannot open its sockets" in done.stderr
