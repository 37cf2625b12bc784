"""Whatever bytes come, a parser counts a problem or gives rows that fit the record."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.device.records import UPDATE_DTYPE
from host.venues.binance import BinanceParser
from host.venues.bitstamp import BitstampParser
from host.venues.coinbase import CoinbaseParser
from host.venues.itch50 import Itch50Parser
from host.venues.kraken import KrakenParser
from host.venues.lobster import LobsterParser
from host.venues.parser import VenueParser
from hw.records import UPDATE_KIND
from tests.host.venues import messages as m
from tests.host.venues.test_bitstamp import row
from tests.host.venues.test_coinbase import message
from tests.host.venues.test_itch50 import add
from tests.host.venues.test_kraken import book, level

LEVELS = [("100.00", "1.5")]
FEEDS: dict[str, tuple[Callable[[], VenueParser], list[bytes]]] = {
    "binance": (
        BinanceParser,
        [
            m.diff(1, 2, LEVELS), m.snapshot(10, LEVELS, [("101.00", "2")]),
            m.ticker(11, "100.00", "1", "101.00", "2"), m.diff(11, 12, LEVELS, LEVELS),
            m.diff(13, 14, LEVELS, pu=12), m.diff(1, 2, LEVELS, pu=0, ps="BTCUSD"),
            b'{"e":"trade","s":"BTCUSDT","t":5,"p":"100.00","q":"0.5","m":true,"X":"MARKET"}',
        ],
    ),
    "kraken": (
        KrakenParser,
        [
            b'{"result":{"X":{"wsname":"X/Y","pair_decimals":2,"lot_decimals":8}}}',
            book({"bs": [level("1.00")], "as": [level("2.00")]}, depth=1),
            book({"a": [level("1.99", "1.0", "r")], "c": "77"}, {"b": [level("1.0")]}, depth=1),
            b'[1,[["1.50","0.1","1.0","b","m",""]],"trade","X/Y"]',
        ],
    ),
    "coinbase": (
        CoinbaseParser,
        [
            b'[{"id":"A-B","quote_increment":"0.01","base_increment":"0.1"}]',
            message("snapshot", bids=[["1.10", "2.0"]], asks=[["1.20", "3"]]),
            message("l2update", changes=[["sell", "1.20", "0.0"]]),
            message("match", side="sell", price="1.20", size="0.5", trade_id=9),
        ],
    ),
    "bitstamp": (BitstampParser, [row("created"), row("changed", price="1.0"), row("deleted")]),
    "itch50": (
        Itch50Parser,
        [add(1), m.itch("R", "8s", b"AAPL    "), m.itch("E", "QIQ", 1, 4, 9), m.itch("S"),
         m.itch("U", "QQII", 1, 2, 50, 16000), m.itch("D", "Q", 1), m.itch("Q"), m.itch("P")],
    ),
    "lobster": (
        LobsterParser,
        [b"34200.5,1,16113575,18,5853300,1", b"34200.5,7,0,0,-1,-1", b"1,4,1,9,5853300,-1"],
    ),
}  # fmt: skip

WORDS = [b'"', b"{", b"}", b"[", b"]", b",", b"-1", b"1e9", b"9" * 25, b"null", b"\xff", b"0.001"]
WORD = st.one_of(st.sampled_from(WORDS), st.binary(max_size=4))
EDIT = st.tuples(st.integers(0, 2**16), st.integers(0, 12), WORD)


@pytest.mark.parametrize("venue", sorted(FEEDS))
@given(data=st.data())
def test_mutated_messages_never_raise(venue: str, data: st.DataObject) -> None:
    make, samples = FEEDS[venue]
    parser = make()
    sent = data.draw(
        st.lists(st.tuples(st.sampled_from(samples), st.lists(EDIT, max_size=2)), max_size=12)
    )
    for sample, edits in [*((s, []) for s in samples), *sent]:
        body = sample
        for place, cut, word in edits:
            at = place % (len(body) + 1)
            body = body[:at] + word + body[at + cut :]
        parser.parse(body, 1)
    parser.finish()
    rows, checks, _ = m.taken(parser)
    updates = np.array(rows, dtype=UPDATE_DTYPE)
    assert all(kind in UPDATE_KIND for kind in updates["kind"].tolist())
    assert (updates["book"] < max(len(parser.instruments), 1)).all()
    assert all(0 <= check.position < len(rows) for check in checks)
    assert [check.position for check in checks] == sorted({check.position for check in checks})
