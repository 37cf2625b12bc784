"""Tests of sim.exchange.feed_port that need no client."""

import asyncio
import socket

from host.wire import mold_udp64 as mold
from sim.exchange.feed import PERFECT, MessageStore
from sim.exchange.feed_port import FeedPort, feed_socket


def test_a_feed_goes_on_after_more_than_it_keeps_came_at_once() -> None:
    async def body() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.settimeout(20)
            store = MessageStore("S", keep=5)
            port = FeedPort(store, [listener.getsockname()], [PERFECT], seed=1)
            for number in range(1, 51):
                store.append([b"%d" % number])
            port.flush()
            packet = mold.decode(listener.recv(2000))
            assert packet.sequence == store.first > 1
            assert packet.messages[-1] == b"50"
            store.append([b"51"])
            port.flush()
            assert mold.decode(listener.recv(2000)) == mold.Packet("S", 51, (b"51",))
            port.close()

    asyncio.run(body())


def test_a_multicast_group_is_reached_on_this_machine_only() -> None:
    with feed_socket(("239.1.2.3", 30_001)) as out:
        assert out.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL) == 0
        here = out.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)
        assert here == socket.inet_aton("127.0.0.1")
