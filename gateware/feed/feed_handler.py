"""From the words of two ports to the updates of the feeds on them."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, select
from gateware.common.records import MARKET_UPDATE_LAYOUT
from gateware.common.saturating import count_saturating
from gateware.feed.itch_decoder import ItchDecoder
from gateware.feed.layouts import LOCATE, SESSION_BYTES, feed_item
from gateware.feed.line_arbiter import ArbiterState, LineArbiter
from gateware.feed.line_buffer import LineBuffer
from gateware.feed.mold_splitter import MoldSplitter
from gateware.net.layouts import FRAME_END, FRAME_WORD, GROUP
from gateware.net.udp_filter import UdpFilter

__all__ = ["FEED_STATUS", "FeedHandler"]

_PORTS: Final = 2

#: What a feed is set to and told, and what it says.
_WORDS: Final = data.StructLayout(
    {"splice": unsigned(1), "splice_at": unsigned(64), "go": unsigned(1)}
)
FEED_STATUS: Final = data.StructLayout(
    {
        "state": ArbiterState,
        "expected": unsigned(64),
        "gap_from": unsigned(64),
        "gap_to": unsigned(64),
        **{
            name: unsigned(32)
            for name in ("forwarded", "repaired", "duplicates", "gaps", "stale", "lost")
        },
    }
)


class FeedHandler(wiring.Component):
    """ITCH 5.0 over MoldUDP64 of several feeds, each on lines A and B, one on each port.

    ``strict``: a message counts once the FCS of its frame has proved good, so that the other line
    still repairs what this one broke. Otherwise (express) it counts at once; if its frame then
    proves bad, the books of its feed are marked as not to be trusted (``risked`` counts it).

    Timing
    ------
    From the frame word with a message's last byte to the update, ``LATENCY`` cycles in express
    mode, if no other update waits. In strict mode the update comes ``END_LATENCY`` cycles after the
    MAC's verdict.

    Parameters
    ----------
    feeds : int
        1 to 8.
    books : int
        Books of the engine.
    groups : int
        Of each port's filter.
    depth : int
        Messages that a line may be ahead of the other.

    Members
    -------
    word_valid, word, end_valid, end : ``In(2)``, ``In(FRAME_WORD[2])``, ``In(2)``,
    ``In(FRAME_END[2])``
        Of the ports' ``ReceiveMac``.
    groups : ``In(GROUP[groups])``
        Of both ports.
    sessions, locates : ``In(80[8])``, ``In(LOCATE[books])``
        As of ``MoldSplitter`` and ``ItchDecoder``.
    strict, patience, now : ``In(1)``, ``In(24)``, ``In(64)``
        Mode; as of ``LineArbiter``.
    words : ``In(feeds)``
        What the host says to each ``LineArbiter``.
    status : ``Out(FEED_STATUS[feeds])``
        State and counters of each feed.
    risked : ``Out(32)``
        Packets in express mode that proved bad after their first message; stops at its largest
        value.
    update : ``Out(stream of MARKET_UPDATE_LAYOUT)``
        To the book engine; where two feeds have one, the lower feed's goes first.

    Raises
    ------
    ValueError
        If ``feeds`` is out of range.
    """

    LATENCY: Final = MoldSplitter.LATENCY + ItchDecoder.LATENCY + LineArbiter.LATENCY
    END_LATENCY: Final = UdpFilter.END_LATENCY + LineArbiter.LATENCY

    word_valid: Value
    word: Any
    end_valid: Value
    end: Any
    groups: Any
    sessions: Any
    locates: Any
    strict: Value
    patience: Value
    now: Value
    words: Any
    status: Any
    risked: Signal
    update: stream.Interface

    def __init__(self, *, feeds: int, books: int, groups: int = 16, depth: int = 512) -> None:
        if not 1 <= feeds <= 8:
            raise ValueError(f"feeds must be from 1 to 8, not {feeds}")
        self.feeds, self.books, self.depth = feeds, books, depth
        self.n_groups = groups
        super().__init__(
            {
                "word_valid": In(_PORTS),
                "word": In(data.ArrayLayout(FRAME_WORD, _PORTS)),
                "end_valid": In(_PORTS),
                "end": In(data.ArrayLayout(FRAME_END, _PORTS)),
                "groups": In(data.ArrayLayout(GROUP, groups)),
                "sessions": In(data.ArrayLayout(unsigned(8 * SESSION_BYTES), 8)),
                "locates": In(data.ArrayLayout(LOCATE, books)),
                "strict": In(1),
                "patience": In(24),
                "now": In(64),
                "words": In(data.ArrayLayout(_WORDS, feeds)),
                "status": Out(data.ArrayLayout(FEED_STATUS, feeds)),
                "risked": Out(32),
                "update": Out(stream.Signature(MARKET_UPDATE_LAYOUT)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ports = [self._port(m, n) for n in range(_PORTS)]
        arbiters = [self._feed(m, feed, ports) for feed in range(self.feeds)]
        turns = first_of(Cat(arbiter.update.valid for arbiter in arbiters))
        m.d.comb += [
            self.update.valid.eq(turns.any()),
            self.update.payload.eq(
                select([(turns[n], a.update.payload.as_value()) for n, a in enumerate(arbiters)])
            ),
        ]
        for n, arbiter in enumerate(arbiters):
            m.d.comb += arbiter.update.ready.eq(turns[n] & self.update.ready)
        spoilt = Cat(self._spoils(splitter) for splitter, _ in ports)
        count_saturating(m, self.risked, spoilt.any())
        return m

    def _spoils(self, splitter: MoldSplitter) -> Value:
        """Return whether something that was passed on proves bad in this cycle."""
        end = splitter.end
        spoils: Value = ~self.strict & splitter.end_valid & ~end.good & end.some
        return spoils

    def _port(self, m: Module, n: int) -> tuple[MoldSplitter, ItchDecoder]:
        """Read the frames of a port."""
        filters, splitter = UdpFilter(groups=self.n_groups), MoldSplitter()
        decoder = ItchDecoder(books=self.books)
        m.submodules[f"filter{n}"], m.submodules[f"splitter{n}"] = filters, splitter
        m.submodules[f"decoder{n}"] = decoder
        for part in (filters, splitter):
            m.d.comb += [part.word_valid.eq(self.word_valid[n]), part.word.eq(self.word[n])]
        m.d.comb += [
            filters.end_valid.eq(self.end_valid[n]),
            filters.end.eq(self.end[n]),
            filters.groups.eq(self.groups),
            *(
                getattr(splitter, name).eq(getattr(filters, name))
                for name in ("index", "payload", "passes", "payload_end_valid", "payload_good")
            ),
            splitter.sessions.eq(self.sessions),
            decoder.message_valid.eq(splitter.message_valid),
            decoder.message.eq(splitter.message),
            decoder.locates.eq(self.locates),
        ]
        return splitter, decoder

    def _feed(
        self, m: Module, feed: int, ports: list[tuple[MoldSplitter, ItchDecoder]]
    ) -> LineArbiter:
        """Make the two lines of a feed one."""
        m.submodules[f"arbiter{feed}"] = arbiter = LineArbiter(feed=feed, books=self.books)
        spoils, lost = [], []
        for n, (splitter, decoder) in enumerate(ports):
            line = LineBuffer(layout=feed_item(self.books), depth=self.depth)
            m.submodules[f"line{feed}_{n}"] = line
            ends = splitter.end_valid & (splitter.end.feed == feed)
            m.d.comb += [
                line.strict.eq(self.strict),
                line.item_valid.eq(decoder.item_valid & (decoder.feed == feed)),
                line.item.eq(decoder.item),
                line.end_valid.eq(ends),
                line.end_good.eq(splitter.end.good),
                arbiter.heads_valid[n].eq(line.head_valid),
                arbiter.heads[n].eq(line.head),
                line.take.eq(arbiter.takes[n]),
            ]
            # Only a wait hangs on it: it may come a cycle later.
            m.d.sync += [
                arbiter.next_valid[n].eq(ends & splitter.end.good),
                arbiter.next[n].eq(splitter.end.next),
            ]
            spoils.append(self._spoils(splitter) & (splitter.end.feed == feed))
            lost.append(line.lost)
        words, status = self.words[feed], self.status[feed]
        m.d.comb += [
            arbiter.spoil.eq(Cat(*spoils).any()),
            arbiter.locates.eq(self.locates),
            arbiter.now.eq(self.now),
            arbiter.patience.eq(self.patience),
            *(getattr(arbiter, name).eq(getattr(words, name)) for name in _WORDS.members),
            *(
                getattr(status, name).eq(getattr(arbiter, name))
                for name in FEED_STATUS.members
                if name != "lost"
            ),
            status.lost.eq(Mux((lost[0] + lost[1])[32], (1 << 32) - 1, lost[0] + lost[1])),
        ]
        return arbiter
