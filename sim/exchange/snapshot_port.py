"""The TCP side for those who come late: all books at one moment."""

import asyncio

from host.wire import soup_bin_tcp as soup
from host.wire.fields import WireError
from sim.exchange.order_port import OrderPort

__all__ = ["SnapshotConnection"]


class SnapshotConnection(asyncio.Protocol):
    """One TCP connection: a logon, the snapshot, the end.

    Parameters
    ----------
    port : OrderPort
        Knows the exchange and who may log on. A logon without a user is for everybody.
    """

    def __init__(self, port: OrderPort) -> None:
        self._port = port
        self._reader = soup.PacketReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a logon; not for ever."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._port.timeout_s, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._deadline.cancel()
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer a logon."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        try:
            for packet in self._reader.feed(data):
                if packet.kind is soup.Kind.LOGIN_REQUEST:
                    transport.write(self._answer(soup.decode_login(packet.payload)))
                    transport.close()
                    return
        except WireError:
            self._port.problems["malformed"] += 1
            transport.abort()

    def _answer(self, login: soup.LoginRequest) -> bytes:
        exchange = self._port.exchange
        if login.user and self._port.find(login) is None:
            return soup.encode(soup.Kind.LOGIN_REJECTED, b"A")
        if login.session not in ("", exchange.feed.session):
            return soup.encode(soup.Kind.LOGIN_REJECTED, b"S")
        packets = [soup.encode_accepted(soup.LoginAccepted(exchange.feed.session, 1))]
        packets += [soup.encode(soup.Kind.SEQUENCED, each) for each in exchange.snapshot()]
        packets.append(soup.encode(soup.Kind.END_OF_SESSION))
        return b"".join(packets)
