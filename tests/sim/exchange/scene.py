"""A served exchange with a listener on both of its lines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sim.exchange.exchange import Exchange
from sim.exchange.feed import LineFaults
from sim.exchange.server import ExchangeServer, ServerOptions
from tests.sim.exchange.client import FeedListener, OrderClient
from tests.sim.exchange.trading import exchange

__all__ = ["Scene", "played"]


class Scene:
    """A served exchange and a listener to both of its lines."""

    def __init__(self, server: ExchangeServer, listener: FeedListener) -> None:
        self.server = server
        self.listener = listener
        self.venue: Exchange = server.exchange
        self.clients: list[OrderClient] = []

    async def connect(self) -> OrderClient:
        """Connect, without a logon."""
        self.clients.append(await OrderClient.connect(self.server.order_address))
        return self.clients[-1]

    async def client(self, account: int, sequence: int = 1) -> OrderClient:
        """Log an account on."""
        client = await self.connect()
        answer = await client.log_on(f"user{account}", f"pass{account}", "", sequence)
        assert answer[:11] == b"A" + b"TEST".rjust(10)
        if sequence == 1:
            start = await client.message()
            assert (start[:1], start[9:]) == (b"S", b"S")
        return client

    async def settle(self) -> None:
        """Wait until the lines have brought the last number, if not all before it."""
        async with asyncio.timeout(20):
            while self.listener.next_told < self.venue.feed.next:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def scene(
    faults: LineFaults | None = None, *, heartbeat: float = 0.05, timeout: float = 15.0
) -> AsyncIterator[Scene]:
    listener = FeedListener()
    options = ServerOptions(
        lines=[await listener.listen(), await listener.listen()],
        faults=[faults or LineFaults()] * 2,
        heartbeat_s=heartbeat,
        timeout_s=timeout,
    )
    async with ExchangeServer(exchange(), options) as server:
        server.exchange.open()
        found = Scene(server, listener)
        try:
            yield found
        finally:
            for client in found.clients:
                client.close()
            listener.close()
            await asyncio.sleep(0)


def played(body: Callable[[Scene], Awaitable[None]], **more: Any) -> None:
    """Run a test in an event loop, against a served exchange."""

    async def run() -> None:
        async with scene(**more) as found:
            await body(found)

    asyncio.run(run())
