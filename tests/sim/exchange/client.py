"""A small client of an exchange, written from the specifications and sharing no code with ours."""

import asyncio
import struct
from typing import Any

__all__ = ["FeedListener", "OrderClient", "enter_bytes"]

_WAIT = 20.0  # longest wait for anything [s]


def enter_bytes(user_ref: int, side: bytes, shares: int, symbol: str, price: int) -> bytes:
    """Return an OUCH 5.0 day order, displayed, without options."""
    head = struct.pack(">cIcI8sQ", b"O", user_ref, side, shares, symbol.ljust(8).encode(), price)
    return head + b"0YPNN" + b" " * 14 + b"\0\0"


class OrderClient:
    """SoupBinTCP on TCP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.messages: list[bytes] = []
        self.beats = 0

    @classmethod
    async def connect(cls, address: tuple[str, int]) -> "OrderClient":
        """Connect, without a logon."""
        return cls(*await asyncio.open_connection(*address))

    async def log_on(self, user: str, password: str, session: str = "", sequence: int = 1) -> bytes:
        """Log on and return the first packet that comes back: its type and payload."""
        body = user.ljust(6) + password.ljust(10) + session.rjust(10) + str(sequence).rjust(20)
        self.put(b"L", body.encode())
        return await self.packet()

    def put(self, kind: bytes, body: bytes = b"") -> None:
        """Send a packet."""
        self.writer.write(struct.pack(">H", len(body) + 1) + kind + body)

    async def packet(self) -> bytes:
        """Return the next packet; empty when the connection has ended."""
        try:
            async with asyncio.timeout(_WAIT):
                size = struct.unpack(">H", await self.reader.readexactly(2))[0]
                return await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def message(self) -> bytes:
        """Return the next sequenced message; heartbeats are counted."""
        while packet := await self.packet():
            if packet[:1] == b"S":
                self.messages.append(packet[1:])
                return packet[1:]
            assert packet == b"H", packet
            self.beats += 1
        raise AssertionError("the connection has ended")

    async def ask(self, data: bytes, answers: int) -> list[bytes]:
        """Send a request and return so many messages."""
        self.put(b"U", data)
        return [await self.message() for _ in range(answers)]

    def close(self) -> None:
        """End the connection at once."""
        self.writer.transport.abort()


class FeedListener(asyncio.DatagramProtocol):
    """Take both lines and ask for what neither brought."""

    def __init__(self) -> None:
        self.held: dict[int, bytes] = {}  # messages by number
        self.packets = 0
        self.next_told = 1  # the exchange's next number, as far as we know
        self.ended = False
        self.transports: list[Any] = []

    async def listen(self) -> tuple[str, int]:
        """Open a line and return where it listens."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.transports.append(transport)
        address: tuple[str, int] = transport.get_extra_info("sockname")[:2]
        return address

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one packet."""
        self.packets += 1
        first, count = struct.unpack(">QH", data[10:20])
        if count == 0xFFFF:
            self.ended, count = True, 0
        at = 20
        for number in range(first, first + count):
            size = struct.unpack(">H", data[at : at + 2])[0]
            assert (
                self.held.setdefault(number, data[at + 2 : at + 2 + size])
                == (data[at + 2 : at + 2 + size])
            )
            at += 2 + size
        self.next_told = max(self.next_told, first + count)

    def is_over(self) -> bool:
        """Say whether the exchange has ended the session."""
        return self.ended

    def missing(self) -> list[int]:
        """Return the numbers that neither line has brought."""
        return [n for n in range(1, self.next_told) if n not in self.held]

    async def recover(self, address: tuple[str, int], session: str) -> int:
        """Ask for what is missing until nothing is; return how many requests that took."""
        asked = 0
        async with asyncio.timeout(_WAIT):
            while lost := self.missing():
                run = 1
                while lost[0] + run in lost:
                    run += 1
                request = session.ljust(10).encode() + struct.pack(">QH", lost[0], run)
                self.transports[0].sendto(request, address)
                asked += 1
                await asyncio.sleep(0.002)
        return asked

    def messages(self) -> list[bytes]:
        """Return all messages so far, in order, with none missing."""
        assert not self.missing()
        return [self.held[number] for number in range(1, self.next_told)]

    def close(self) -> None:
        """Stop listening."""
        for transport in self.transports:
            transport.close()
