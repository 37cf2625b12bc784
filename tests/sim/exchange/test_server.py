"""Tests of sim.exchange.server, over sockets with a client of its own."""

import asyncio
import random
import struct

import pytest

from sim.exchange.feed import LineFaults
from sim.exchange.server import ServerOptions
from tests.sim.exchange.client import OrderClient, enter_bytes
from tests.sim.exchange.scene import Scene, played
from tests.sim.exchange.trading import random_request, send

BAD = LineFaults(loss=0.2, duplication=0.1, reordering=0.2, delay=0.001, jitter=0.01)


def test_two_clients_trade_and_both_lines_show_it() -> None:
    async def body(s: Scene) -> None:
        seller, buyer = await s.client(0), await s.client(1)
        (accepted,) = await seller.ask(enter_bytes(1, b"S", 100, "ALFA", 10_000), 1)
        assert accepted[:1] == b"A"
        accepted, executed = await buyer.ask(enter_bytes(1, b"B", 40, "ALFA", 10_000), 2)
        ref, shares, price, flag, match = struct.unpack(">IIQcQ", executed[9:34])
        assert (executed[:1], ref, shares, price, flag) == (b"E", 1, 40, 10_000, b"R")
        assert struct.unpack(">IIQcQ", (await seller.message())[9:34])[3:] == (b"A", match)
        await s.settle()
        shown = s.listener.messages()
        assert [m[:1] for m in shown] == [b"S", b"R", b"R", b"H", b"H", b"S", b"S", b"A", b"E"]
        assert struct.unpack(">QIQ", shown[-1][11:31]) == (1, 40, match)
        assert s.listener.packets >= 2 * 3  # each on both lines

    played(body)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_bad_lines_lose_is_recovered_message_by_message(seed: int) -> None:
    async def body(s: Scene) -> None:
        rng = random.Random(seed)
        for _ in range(60):
            for _ in range(10):
                account = rng.randrange(3)
                send(s.venue, account, random_request(rng, s.venue.accounts[account]))
            await asyncio.sleep(0)
        await s.settle()
        assert await s.listener.recover(s.server.request_address, "TEST") > 0
        assert s.listener.messages() == s.venue.feed.read(1, 10**6)
        assert len(s.listener.messages()) > 300
        for line in s.server.feed.lines:
            assert line.lost > 0
            assert line.duplicated > 0
            assert line.held > 0

    played(body, faults=BAD)


def test_a_client_that_comes_back_gets_what_it_missed_and_nothing_twice() -> None:
    async def body(s: Scene) -> None:
        maker, taker = await s.client(0), await s.client(1)
        await maker.ask(enter_bytes(1, b"S", 100, "ALFA", 10_000), 1)
        maker.close()
        for ref in (1, 2, 3):
            await taker.ask(enter_bytes(ref, b"B", 10, "ALFA", 10_000), 2)
        again = await s.client(0, sequence=3)
        missed = [await again.message() for _ in range(3)]
        assert maker.messages + missed == s.venue.accounts[0].told
        await taker.ask(enter_bytes(4, b"B", 10, "ALFA", 10_000), 2)
        assert await again.message() == s.venue.accounts[0].told[5]
        whole = await s.client(0)  # takes over, from the first message on
        assert [await whole.message() for _ in range(5)] == s.venue.accounts[0].told[1:]
        assert await again.packet() == b""

    played(body)


@pytest.mark.parametrize("wanted", [False, True])
def test_orders_of_an_account_that_goes_stay_unless_it_wants_them_cancelled(wanted: bool) -> None:
    async def body(s: Scene) -> None:
        s.venue.accounts[0].cancel_on_disconnect = wanted
        client = await s.client(0)
        await client.ask(enter_bytes(1, b"B", 10, "ALFA", 10_000), 1)
        again = await s.client(0)  # takes over: the account has not gone
        assert (await again.message())[:1] == b"A"
        assert len(s.venue.engine.open_orders()) == 1
        again.close()
        async with asyncio.timeout(20):
            while s.server.orders.connections:
                await asyncio.sleep(0.005)
        assert len(s.venue.engine.open_orders()) == (0 if wanted else 1)
        last = await s.client(0, sequence=3)
        if wanted:
            gone = await last.message()
            assert struct.unpack(">IIc", gone[9:18]) == (1, 10, b"Z")

    played(body)


def test_a_logon_that_is_wrong_is_refused_with_its_reason() -> None:
    async def body(s: Scene) -> None:
        for user, password, session, sequence, answer in [
            ("user0", "wrong", "", 1, b"JA"),
            ("nobody", "pass0", "", 1, b"JA"),
            ("user0", "pass0", "OTHER", 1, b"JS"),
            ("user0", "pass0", "", 3, b"JS"),
        ]:
            client = await s.connect()
            assert await client.log_on(user, password, session, sequence) == answer
            assert await client.packet() == b""
        assert s.server.orders.problems["logon refused"] == 4
        newest = await s.connect()
        assert (await newest.log_on("USER0", "PASS0", "TEST", 0))[:1] == b"A"

    played(body)


def test_heartbeats_flow_and_a_silent_client_is_cut_off() -> None:
    async def body(s: Scene) -> None:
        silent, alive = await s.client(0), await s.client(1)
        beats = 0
        while packet := await silent.packet():
            assert packet == b"H"
            beats += 1
            alive.put(b"R")
        assert beats >= 2
        assert s.server.orders.problems["silent"] == 1
        assert len(await alive.ask(enter_bytes(1, b"B", 10, "ALFA", 10_000), 1)) == 1
        assert alive.beats >= 1

    played(body, timeout=2.0)


def test_the_feed_beats_when_quiet_and_says_when_it_is_over() -> None:
    async def body(s: Scene) -> None:
        await s.settle()
        client = await s.client(0)
        quiet = s.listener.packets
        async with asyncio.timeout(20):
            while s.listener.packets < quiet + 4:
                await asyncio.sleep(0.01)
        assert not s.listener.missing()
        assert not s.listener.is_over()
        s.venue.close()
        s.server.end_session()
        told = []
        while (packet := await client.packet()) != b"Z":
            told.append(packet)
        assert [p for p in told if p != b"H"] == [b"S" + s.venue.accounts[0].told[-1]]
        assert told[-1][-1:] == b"E"
        async with asyncio.timeout(20):
            while not s.listener.is_over():
                await asyncio.sleep(0.01)
        s.listener.held.pop(2)
        assert await s.listener.recover(s.server.request_address, "TEST") == 1

    played(body)


def test_junk_ends_only_the_connection_that_sent_it() -> None:
    async def body(s: Scene) -> None:
        good, rng = await s.client(1), random.Random(3)
        for i in range(40):
            bad = await s.connect()
            if i % 2:
                await bad.log_on("user0", "pass0")
            bad.writer.write(b"\xff\xff" + rng.randbytes(rng.randrange(1, 80)))
            while await bad.packet():
                pass
        assert s.server.orders.problems["malformed"] == 40
        bad = await s.client(0)
        for _ in range(50):  # whole packets, but no requests
            bad.put(b"U", b"O" + rng.randbytes(rng.randrange(40)))
        assert len(await bad.ask(enter_bytes(1, b"B", 10, "ALFA", 10_000), 1)) == 1
        assert s.venue.accounts[0].problems["malformed"] == 50
        assert len(await good.ask(enter_bytes(1, b"B", 10, "ALFA", 10_000), 1)) == 1

    played(body)


def test_a_late_listener_reads_a_snapshot_and_goes_on_where_it_says() -> None:
    async def body(s: Scene) -> None:
        rng = random.Random(9)
        for _ in range(300):
            account = rng.randrange(3)
            send(s.venue, account, random_request(rng, s.venue.accounts[account]))
        late = await OrderClient.connect(s.server.snapshot_address)
        s.clients.append(late)
        assert (await late.log_on("", ""))[:1] == b"A"
        books: dict[int, list[int]] = {}
        while (message := await late.message())[:1] != b"G":
            if message[:1] in b"AF":
                number, shares = struct.unpack(">Q1xI", message[11:24])
                books.setdefault(struct.unpack(">H", message[1:3])[0] - 1, []).append(number)
                order = next(o for o in s.venue.engine.open_orders() if o.number == number)
                assert order.open == shares
        assert await late.packet() == b"Z"
        resting = [o for o in s.venue.engine.open_orders() if not o.asked.hidden]
        assert len(resting) > 10
        for book, numbers in books.items():
            assert numbers == [o.number for o in resting if o.book == book]
        assert int(message[1:]) == s.venue.feed.next
        fresh = s.venue.accounts[0].next_user_ref
        s.venue.request(0, enter_bytes(fresh, b"B", 77, "ALFA", 100))
        await s.settle()
        first = s.listener.held[int(message[1:])]
        assert (first[:1], struct.unpack(">I", first[20:24])) == (b"A", (77,))

    played(body)


def test_a_snapshot_is_for_those_who_ask_properly() -> None:
    async def body(s: Scene) -> None:
        for user, session, answer in [("nobody", "", b"JA"), ("", "OTHER", b"JS")]:
            client = await OrderClient.connect(s.server.snapshot_address)
            s.clients.append(client)
            assert await client.log_on(user, "x", session) == answer
            assert await client.packet() == b""
        junk = await OrderClient.connect(s.server.snapshot_address)
        s.clients.append(junk)
        junk.writer.write(b"\xff\xffjunk")
        assert await junk.packet() == b""
        assert s.server.orders.problems["malformed"] == 1

    played(body)


def test_requests_that_cannot_be_answered_are_counted() -> None:
    async def body(s: Scene) -> None:
        out = s.listener.transports[0]
        out.sendto(b"junk", s.server.request_address)
        out.sendto(b"OTHER     " + struct.pack(">QH", 1, 1), s.server.request_address)
        out.sendto(b"TEST      " + struct.pack(">QH", 99, 1), s.server.request_address)
        async with asyncio.timeout(20):
            while s.server.requests.problems.total() < 3:
                await asyncio.sleep(0.005)
        assert s.server.requests.problems == {"malformed": 1, "nothing to send": 2}
        assert s.server.requests.answered == 0

    played(body)


def test_a_client_that_does_not_read_loses_its_connection_and_no_message() -> None:
    async def body(s: Scene) -> None:
        told = s.venue.accounts[0].told
        told += [b"%060d" % i for i in range(300_000)]  # more than the system takes off our hands
        lazy = await s.connect()
        assert (await lazy.log_on("user0", "pass0"))[:1] == b"A"
        async with asyncio.timeout(20):
            while not s.server.orders.problems["does not read"]:
                lazy.put(b"R")
                await asyncio.sleep(0.02)
        assert not s.server.orders.connections
        again = await s.client(0, sequence=280_001)
        assert [await again.message() for _ in range(20_001)] == told[280_000:]

    played(body, timeout=2.0)


def test_a_slow_client_reads_a_long_day_to_its_end() -> None:
    async def body(s: Scene) -> None:
        told = s.venue.accounts[0].told
        told += [b"%0400d" % i for i in range(20_000)]  # 8 MB, more than is sent unread
        slow = await s.client(0)
        s.server.end_session()
        for i in range(1, len(told)):
            assert await slow.message() == told[i]
            if i % 2_000 == 0:
                await asyncio.sleep(0.01)
        while (packet := await slow.packet()) == b"H":
            pass
        assert packet == b"Z"

    played(body)


def test_lines_and_their_faults_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="0 lines need as many faults, not 2"):
        ServerOptions()
