"""The exchange on sockets."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from host.wire import soup_bin_tcp as soup
from sim.exchange.exchange import Exchange
from sim.exchange.feed import PERFECT, LineFaults
from sim.exchange.feed_port import FeedPort, RequestPort
from sim.exchange.order_port import OrderConnection, OrderPort
from sim.exchange.snapshot_port import SnapshotConnection

__all__ = ["ExchangeServer", "ServerOptions"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """Where the exchange is and how its lines behave.

    Attributes
    ----------
    host : str
        Address to listen on.
    order_port, snapshot_port, request_port : int
        TCP for orders and for snapshots, UDP for requests for lost messages; 0: any that is free.
    lines : list of (str, int)
        Where line A and line B go, unicast or multicast.
    faults : list of LineFaults
        What happens on each line.
    seed : int
        Of the lines' chance.
    heartbeat_s, timeout_s : float
        For MoldUDP64 and SoupBinTCP [s].
    """

    host: str = "127.0.0.1"
    order_port: int = 0
    snapshot_port: int = 0
    request_port: int = 0
    lines: list[tuple[str, int]] = field(default_factory=list)
    faults: list[LineFaults] = field(default_factory=lambda: [PERFECT, PERFECT])
    seed: int = 1
    heartbeat_s: float = soup.HEARTBEAT_S
    timeout_s: float = soup.TIMEOUT_S

    def __post_init__(self) -> None:
        if len(self.lines) != len(self.faults):
            raise ValueError(f"{len(self.lines)} lines need as many faults, not {len(self.faults)}")


class ExchangeServer:
    """Serve an exchange until it is stopped.

    All of it runs in one event loop: a request is done when its packet is read, its answers and
    market data leave in the same turn of the loop. Use as an asynchronous context manager.

    Parameters
    ----------
    exchange : Exchange
        What to serve; its day has not begun, or goes on.
    options : ServerOptions
        Where.

    Attributes
    ----------
    orders : OrderPort
        The TCP side.
    feed : FeedPort
        The lines; there once it is started.
    requests : RequestPort
        For lost messages.
    order_address, snapshot_address, request_address : (str, int)
        Where they are; there once it is started.
    """

    feed: FeedPort
    order_address: tuple[str, int]
    snapshot_address: tuple[str, int]
    request_address: tuple[str, int]

    def __init__(self, exchange: Exchange, options: ServerOptions) -> None:
        self.exchange = exchange
        self.options = options
        self.orders = OrderPort(
            exchange, heartbeat_s=options.heartbeat_s, timeout_s=options.timeout_s
        )
        self.requests = RequestPort(exchange.feed)
        self._flush_due = False
        self._beating: asyncio.Task[None] | None = None
        self._servers: list[asyncio.Server] = []
        self._datagrams: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> "ExchangeServer":
        """Open the sockets."""
        loop, options = asyncio.get_running_loop(), self.options
        self.order_address = await self._listen(
            lambda: OrderConnection(self.orders, loop.time), options.order_port
        )
        self.snapshot_address = await self._listen(
            lambda: SnapshotConnection(self.orders), options.snapshot_port
        )
        try:
            self._datagrams, _ = await loop.create_datagram_endpoint(
                lambda: self.requests, local_addr=(options.host, options.request_port)
            )
        except OSError:
            await self._unlisten()
            raise
        self.request_address = self._datagrams.get_extra_info("sockname")[:2]
        self.feed = FeedPort(self.exchange.feed, options.lines, options.faults, options.seed)
        self.exchange.watchers.append(self._changed)
        self._beating = loop.create_task(self._beat())
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close the sockets."""
        self.exchange.watchers.remove(self._changed)
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
        self.orders.close()
        self.feed.close()
        if self._datagrams is not None:
            self._datagrams.close()
        await self._unlisten()

    def flush(self) -> None:
        """Send what is to be sent."""
        self._flush_due = False
        self.orders.flush()
        self.feed.flush()

    def end_session(self) -> None:
        """Say that the day is over; requests for lost messages are still answered."""
        self.flush()
        self.feed.ended = True
        self.orders.end_session()
        self.feed.beat()

    async def _listen(self, make: Callable[[], asyncio.Protocol], port: int) -> tuple[str, int]:
        """Open a TCP port and return where it is; what is open is closed if it cannot be."""
        loop = asyncio.get_running_loop()
        try:
            self._servers.append(await loop.create_server(make, self.options.host, port))
        except OSError:
            await self._unlisten()
            raise
        found: tuple[str, int] = self._servers[-1].sockets[0].getsockname()[:2]
        return found

    async def _unlisten(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()

    def _changed(self, _: object) -> None:
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.options.heartbeat_s)
            self.flush()
            self.orders.beat()
            self.feed.beat()
