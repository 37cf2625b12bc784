"""Messages, packets and frames for the tests of feeds."""

import random
from collections.abc import Sequence
from typing import Any, Final

from gateware.net.receive_mac import ReceiveMac
from host.wire import itch50, mold_udp64
from tests.gateware.net.datagrams import datagram

__all__ = ["BOOKS", "SESSION", "frame_words", "packet", "random_message", "spoilt_packet"]

SESSION: Final = "TICKGATE01"
#: Book of each stock locate.
BOOKS: Final = {7: 0, 300: 1, 65535: 2}
_U32, _U64 = (1 << 32) - 1, (1 << 64) - 1


def random_message(rng: random.Random) -> bytes:
    """Return a message of any type that is read, of a known stock or another, often extreme."""
    locate, time = rng.choice([*BOOKS, 8]), rng.randrange(1 << 48)
    order, new = (rng.choice([rng.randrange(1 << 64), 0, _U64]) for _ in range(2))
    shares, price = (rng.choice([rng.randrange(1 << 32), 0, _U32]) for _ in range(2))
    head, side = (locate, rng.randrange(1 << 16), time), rng.choice("BS")
    made: Any = rng.choice(
        [
            itch50.AddOrder(*head, order, side, shares, "TICK", price),
            itch50.AddOrderAttributed(*head, order, side, shares, "TICK", price, "DESK"),
            itch50.OrderExecuted(*head, order, shares, new),
            itch50.OrderExecutedWithPrice(*head, order, shares, new, "Y", price),
            itch50.OrderCancel(*head, order, shares),
            itch50.OrderDelete(*head, order),
            itch50.OrderReplace(*head, order, new, shares, price),
            itch50.Trade(*head, order, side, shares, "TICK", price, new),
            itch50.CrossTrade(*head, new, "TICK", price, order, "O"),
            itch50.BrokenTrade(*head, new),
            itch50.TradingAction(*head, "TICK", "H"),
            itch50.SystemEvent(*head, "Q"),
            itch50.StockDirectory(*head, "TICK"),
        ]
    )
    return itch50.encode(made)


def packet(sequence: int, messages: Sequence[bytes] = (), session: str = SESSION) -> bytes:
    """Return a MoldUDP64 packet."""
    return mold_udp64.encode(session, sequence, messages)


def spoilt_packet(rng: random.Random, sequence: int) -> bytes:
    """Return a packet in which something may be wrong."""
    messages = [random_message(rng) for _ in range(rng.randrange(6))]
    raw = bytearray(packet(sequence, messages))
    what = rng.choice(["none", "count", "length", "cut", "longer", "session", "end", "byte"])
    if what == "count":
        raw[18:20] = rng.choice([0, 1, 7, 65534]).to_bytes(2, "big")
    if what == "length" and messages:
        raw[20:22] = rng.choice([0, 1, 5, 7, 8, 60, 65535]).to_bytes(2, "big")
    if what == "cut":
        del raw[rng.randrange(1, len(raw)) :]
    if what == "longer":
        raw += rng.randbytes(rng.randrange(1, 9))
    if what == "session":
        raw[rng.randrange(10)] ^= 1
    if what == "end":
        raw[18:] = b"\xff\xff"
    if what == "byte":
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def frame_words(payload: bytes, *, good: bool = True, **options: Any) -> list[dict[str, Any]]:
    """Return the inputs of each cycle of a frame with this payload, as the MAC gives them."""
    frame = datagram(payload, **options)
    pieces = [frame[n : n + 8] for n in range(0, len(frame) + 1, 8)]
    cycles: list[dict[str, Any]] = [
        {
            "word": {
                "data": int.from_bytes(piece, "little"),
                "bytes": len(piece),
                "first": n == 0,
                "last": n == len(pieces) - 1,
            }
        }
        for n, piece in enumerate(pieces)
    ]
    cycles += [{} for _ in range(ReceiveMac.END_LATENCY - 1)] + [{"good": good}]
    return cycles
