"""The TCP side: OUCH in SoupBinTCP, one connection for each account."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from host.wire import soup_bin_tcp as soup
from host.wire.fields import WireError
from sim.exchange.exchange import Exchange

__all__ = ["OrderConnection", "OrderPort"]

_BATCH: Final = 500  # messages between looks at how much the client has read
_NOT_AUTHORIZED: Final = b"A"
_NO_SESSION: Final = b"S"


class OrderPort:
    """What all connections share.

    A logon takes over from a connection that the account may still have. A client that breaks the
    protocol, is silent or reads nothing for ``timeout_s`` loses its connection, never its
    messages: it gets them with its next logon. What a slow client has not read waits in the
    account, not in the connection.

    Parameters
    ----------
    exchange : Exchange
        Where requests go.
    heartbeat_s, timeout_s : float
        As SoupBinTCP has them [s].

    Attributes
    ----------
    connections : dict of int to OrderConnection
        By account, logged on.
    everyone : set of OrderConnection
        With those that have not logged on.
    problems : Counter
        Connections that were ended, by why.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        heartbeat_s: float = soup.HEARTBEAT_S,
        timeout_s: float = soup.TIMEOUT_S,
    ) -> None:
        self.exchange = exchange
        self.heartbeat_s = heartbeat_s
        self.timeout_s = timeout_s
        self.connections: dict[int, OrderConnection] = {}
        self.everyone: set[OrderConnection] = set()
        self.problems: Counter[str] = Counter()

    def flush(self) -> None:
        """Send each connected account what it has not been sent."""
        for connection in list(self.connections.values()):
            connection.flush()

    def beat(self) -> None:
        """Send heartbeats and end silent connections; to be called every ``heartbeat_s``."""
        for connection in list(self.everyone):
            connection.beat()

    def end_session(self) -> None:
        """Tell all that no message will follow."""
        for connection in list(self.connections.values()):
            connection.end_session()

    def close(self) -> None:
        """End all connections."""
        for connection in list(self.everyone):
            connection.end("")

    def find(self, login: soup.LoginRequest) -> int | None:
        """Return the account of a logon, or None."""
        user, password = login.user.lower(), login.password.lower()
        for number, account in self.exchange.accounts.items():
            if (account.user.lower(), account.password.lower()) == (user, password):
                return number
        return None


class OrderConnection(asyncio.Protocol):
    """One TCP connection.

    Parameters
    ----------
    port : OrderPort
        What it belongs to.
    now : callable
        Monotonic time [s].
    """

    def __init__(self, port: OrderPort, now: Callable[[], float]) -> None:
        self._port = port
        self._now = now
        self._reader = soup.PacketReader()
        self._transport: asyncio.Transport | None = None
        self._account: int | None = None
        self._sent = 0  # messages of the account, on this connection and before
        self._last = False  # no message will follow those that the account has
        self._full: float | None = None  # since when the client leaves unread what it was sent
        self._written = self._heard = now()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a logon."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._port.everyone.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._transport = None
        self._port.everyone.discard(self)
        if self._account is not None and self._port.connections.get(self._account) is self:
            del self._port.connections[self._account]
            self._port.exchange.disconnected(self._account)

    def pause_writing(self) -> None:
        """Wait until the client has read."""
        self._full = self._now()

    def resume_writing(self) -> None:
        """Go on."""
        self._full = None
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Do what the packets ask."""
        self._heard = self._now()
        try:
            for packet in self._reader.feed(data):
                if self._transport is None:
                    return
                self._do(packet)
        except WireError:
            self.end("malformed")

    def send(self, kind: soup.Kind, payload: bytes = b"") -> None:
        """Send a packet."""
        if self._transport is not None:
            self._written = self._now()
            self._transport.write(soup.encode(kind, payload))

    def flush(self) -> None:
        """Send what the account has not been sent, as far as the client reads."""
        if self._account is None:
            return
        told = self._port.exchange.accounts[self._account].told
        while self._sent < len(told) and self._full is None and self._transport is not None:
            messages = told[self._sent : self._sent + _BATCH]
            self._sent += len(messages)
            self._written = self._now()
            packets = [soup.encode(soup.Kind.SEQUENCED, message) for message in messages]
            self._transport.write(b"".join(packets))
        if self._last and self._sent == len(told):
            self._last = False
            self.send(soup.Kind.END_OF_SESSION)

    def end_session(self) -> None:
        """Send what is left to send, however long that takes, and then the end of the session."""
        self._last = True
        self.flush()

    def beat(self) -> None:
        """Send a heartbeat if nothing else was; end the connection if the client is silent."""
        now = self._now()
        if now - self._heard > self._port.timeout_s:
            self.end("silent")
        elif self._full is not None and now - self._full > self._port.timeout_s:
            self.end("does not read")
        elif self._account is not None and now - self._written >= 0.9 * self._port.heartbeat_s:
            self.send(soup.Kind.SERVER_HEARTBEAT)

    def end(self, why: str) -> None:
        """End the connection; ``why`` is counted unless it is empty."""
        if self._transport is None:
            return
        if why:
            self._port.problems[why] += 1
            self._transport.abort()
        else:
            self._transport.close()
        self.connection_lost(None)

    def _do(self, packet: soup.Packet) -> None:
        if packet.kind is soup.Kind.LOGIN_REQUEST and self._account is None:
            self._log_on(soup.decode_login(packet.payload))
        elif packet.kind is soup.Kind.UNSEQUENCED and self._account is not None:
            self._port.exchange.request(self._account, packet.payload)
        elif packet.kind is soup.Kind.LOGOUT:
            self.end("")
        elif packet.kind not in (soup.Kind.CLIENT_HEARTBEAT, soup.Kind.DEBUG):
            raise WireError(f"expected no packet {packet.kind!r} now")

    def _log_on(self, login: soup.LoginRequest) -> None:
        exchange, number = self._port.exchange, self._port.find(login)
        if number is None:
            self._refuse(_NOT_AUTHORIZED)
            return
        following = len(exchange.accounts[number].told) + 1
        first = login.sequence or following
        if login.session not in ("", exchange.feed.session) or first > following:
            self._refuse(_NO_SESSION)
            return
        before = self._port.connections.pop(number, None)
        if before is not None:  # no longer listed, so that its orders stay
            before.end("taken over")
        self._account = number
        self._port.connections[number] = self
        self._sent = first - 1
        accepted = soup.LoginAccepted(exchange.feed.session, first)
        if self._transport is not None:
            self._transport.write(soup.encode_accepted(accepted))
        self.flush()

    def _refuse(self, reason: bytes) -> None:
        self.send(soup.Kind.LOGIN_REJECTED, reason)
        self._port.problems["logon refused"] += 1
        self.end("")
