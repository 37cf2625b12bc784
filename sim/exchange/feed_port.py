"""The UDP side: market data on two lines, and a server for what was lost."""

import asyncio
import ipaddress
import socket
from collections import Counter
from random import Random
from typing import cast

from host.wire import mold_udp64 as mold
from host.wire.fields import WireError
from sim.exchange.feed import Line, LineFaults, MessageStore

__all__ = ["FeedPort", "RequestPort", "feed_socket"]

Address = tuple[str, int]


def feed_socket(address: Address) -> socket.socket:
    """Return a socket to send to an address from; to a multicast group, on this machine only."""
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.setblocking(False)
    if ipaddress.ip_address(address[0]).is_multicast:
        found.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        found.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        here = socket.inet_aton("127.0.0.1")
        found.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
    return found


class FeedPort:
    """Send every message once on each line.

    Parameters
    ----------
    store : MessageStore
        What to send.
    addresses : list of (str, int)
        Where each line goes.
    faults : list of LineFaults
        What happens on each.
    seed : int
        Of all chance; each line has its own.

    Attributes
    ----------
    lines : list of Line
        With their counts.
    ended : bool
        Whether the session is over: what is sent now says so.
    """

    def __init__(
        self, store: MessageStore, addresses: list[Address], faults: list[LineFaults], seed: int
    ) -> None:
        self.lines = [Line(fault, Random(f"{seed} line {i}")) for i, fault in enumerate(faults)]
        self.ended = False
        self._store = store
        self._ways = [(feed_socket(address), address) for address in addresses]
        self._sent = store.next  # number of the next message to send
        self._quiet = True
        self._timer: asyncio.TimerHandle | None = None

    def flush(self) -> None:
        """Send what is new and still kept, and what is due."""
        self._sent = max(self._sent, self._store.first)
        packets = self._store.packets(self._sent)
        if packets:
            self._quiet = False
            self._sent = self._store.next
        self._put(packets)

    def beat(self) -> None:
        """Send a heartbeat if nothing was sent since the last call."""
        if self._quiet:
            make = mold.encode_end if self.ended else mold.encode
            self._put([make(self._store.session, self._store.next)])
        self._quiet = True

    def close(self) -> None:
        """Stop; what is under way is lost."""
        if self._timer is not None:
            self._timer.cancel()
        for out, _ in self._ways:
            out.close()

    def _put(self, packets: list[bytes]) -> None:
        now = asyncio.get_running_loop().time()
        for line in self.lines:
            for packet in packets:
                line.put(packet, now)
        self._send_due()

    def _send_due(self) -> None:
        loop = asyncio.get_running_loop()
        for line, (out, address) in zip(self.lines, self._ways, strict=True):
            for packet in line.take(loop.time()):
                try:
                    out.sendto(packet, address)
                except OSError:
                    line.refused += 1  # the machine has no room or no way: the packet is lost
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = [line.next_due for line in self.lines if line.next_due is not None]
        if due:
            self._timer = loop.call_at(min(due), self._send_due)


class RequestPort(asyncio.DatagramProtocol):
    """Answer requests for messages that were lost.

    Parameters
    ----------
    store : MessageStore
        Where they are.

    Attributes
    ----------
    answered : int
        Requests that got a packet.
    problems : Counter
        Requests that got none, by why.
    """

    def __init__(self, store: MessageStore) -> None:
        self.answered = 0
        self.problems: Counter[str] = Counter()
        self._store = store
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer one request with as many messages as fit one packet."""
        try:
            packet = self._store.answer(mold.decode_request(data))
        except WireError:
            self.problems["malformed"] += 1
            return
        if packet is None:
            self.problems["nothing to send"] += 1
        elif self._transport is not None:
            self.answered += 1
            self._transport.sendto(packet, addr)
