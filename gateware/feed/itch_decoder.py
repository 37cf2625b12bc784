"""ITCH 5.0: messages to updates of books."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import one_hot_index, select
from gateware.common.saturating import count_saturating
from gateware.feed.layouts import LOCATE, MESSAGE, feed_item
from hw.records import SIDE, UPDATE_KIND

__all__ = ["LENGTHS", "ItchDecoder"]

#: Bytes of a message by its type, the type included ("TotalView-ITCH 5.0", section 1).
LENGTHS: Final = {
    "S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21,
    "A": 36, "F": 40, "E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19,
    "I": 50, "N": 20, "O": 48,
}  # fmt: skip
#: What the messages say that concern a book.
_KINDS: Final = {
    "A": UPDATE_KIND.add, "F": UPDATE_KIND.add, "E": UPDATE_KIND.execute, "C": UPDATE_KIND.execute,
    "X": UPDATE_KIND.reduce, "D": UPDATE_KIND.delete, "U": UPDATE_KIND.replace,
    "P": UPDATE_KIND.trade, "Q": UPDATE_KIND.trade, "H": UPDATE_KIND.status,
    "h": UPDATE_KIND.status, "B": UPDATE_KIND.status,
}  # fmt: skip
_ORDER: Final = 11  # where the reference of an order is, in every message that has one
#: Where a type has what [byte].
_SHARES: Final = {"A": 20, "F": 20, "P": 20, "E": 19, "C": 19, "X": 19, "U": 27}
_PRICE: Final = {"A": 32, "F": 32, "P": 32, "U": 31, "Q": 27}
_SIDED: Final = "AFP"


class ItchDecoder(wiring.Component):
    """Read one message a cycle, and find the book of its stock.

    Every message gives an item, so that its sequence number counts; only the messages about the
    book of a stock that the host has mapped are ``wanted``. The tick is 0.0001, as the venue has
    it; auction prints ("Q") are trades without an order. Times are not read.

    Timing
    ------
    From message to item, ``LATENCY`` cycle, one a cycle. Nothing stalls.

    Parameters
    ----------
    books : int
        Books of the engine.

    Members
    -------
    message_valid, message : ``In(1)``, ``In(MESSAGE)``
        Of ``MoldSplitter``.
    locates : ``In(LOCATE[books])``
        Which stock of which feed is in each book, from the register bank.
    item_valid, feed, item : ``Out(1)``, ``Out(3)``, ``Out(feed_item)``
        What the message says, and which feed it came from.
    updates, other_stock, other_type : ``Out(32)``
        Messages: wanted ones, those of stocks without a book, those that concern no book.
    malformed : ``Out(32)``
        Messages of an unknown type, with a length that is not their type's, or a side that is
        neither B nor S. Counters stop at their largest value.

    See Also
    --------
    host.venues.itch50.Itch50Parser : the host's reading of the same messages.
    """

    LATENCY: Final = 1

    message_valid: Value
    message: Any
    locates: Any
    item_valid: Value
    feed: Value
    item: Any
    updates: Signal
    other_stock: Signal
    other_type: Signal
    malformed: Signal

    def __init__(self, *, books: int) -> None:
        self.books = books
        super().__init__(
            {
                "message_valid": In(1),
                "message": In(MESSAGE),
                "locates": In(data.ArrayLayout(LOCATE, books)),
                "item_valid": Out(1),
                "feed": Out(3),
                "item": Out(feed_item(books)),
                "updates": Out(32),
                "other_stock": Out(32),
                "other_type": Out(32),
                "malformed": Out(32),
            }
        )

    def _number(self, offset: int, size: int) -> Value:
        return Cat(*(self.message.data[offset + n] for n in reversed(range(size))))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kind = self.message.data[0]
        types = {letter: Signal(name=f"is_{ord(letter):02x}") for letter in LENGTHS}
        for letter, sign in types.items():
            m.d.comb += sign.eq(kind == ord(letter))
        right, known, concerns, wrong_side = (
            Signal(name=name) for name in ("right", "known", "concerns", "wrong_side")
        )
        side = self.message.data[_ORDER + 8]
        m.d.comb += [
            right.eq(
                Cat(
                    types[letter] & (self.message.length == length)
                    for letter, length in LENGTHS.items()
                ).any()
            ),
            concerns.eq(Cat(types[letter] for letter in _KINDS).any()),
            wrong_side.eq(
                Cat(types[letter] for letter in _SIDED).any()
                & (side != ord("B")) & (side != ord("S"))
            ),
        ]  # fmt: skip
        book = self._find_book(m, known)
        m.d.sync += [
            self.item_valid.eq(self.message_valid),
            self.feed.eq(self.message.feed),
            self.item.sequence.eq(self.message.sequence),
            self.item.wanted.eq(right & ~wrong_side & concerns & known),
            self.item.book.eq(book),
        ]
        self._read_fields(m, types, side)
        read = self.message_valid & right & ~wrong_side
        count_saturating(m, self.updates, read & concerns & known)
        count_saturating(m, self.other_stock, read & concerns & ~known)
        count_saturating(m, self.other_type, read & ~concerns)
        count_saturating(m, self.malformed, self.message_valid & (~right | wrong_side))
        return m

    def _find_book(self, m: Module, known: Signal) -> Value:
        """Return the book of the message's stock; the lowest, of several."""
        matches = Signal(self.books)
        for n in range(self.books):
            place = self.locates[n]
            m.d.comb += matches[n].eq(
                place.enable & (place.locate == self._number(1, 2))
                & (place.feed == self.message.feed)
            )  # fmt: skip
        m.d.comb += known.eq(matches.any())
        return one_hot_index(matches & (~matches + 1)[: self.books])

    def _read_fields(self, m: Module, types: dict[str, Signal], side: Value) -> None:
        """Take the fields from where the message's type has them; 0 where it has none."""

        def fields(places: dict[str, int], size: int) -> Value:
            offsets = sorted(set(places.values()))
            return select(
                [
                    (
                        Cat(types[letter] for letter in places if places[letter] == at).any(),
                        self._number(at, size),
                    )
                    for at in offsets
                ]
            )

        ordered = Cat(types[letter] for letter in "AFPECXDU").any()
        sided = Cat(types[letter] for letter in _SIDED).any()
        shares = fields(_SHARES, 4)
        m.d.sync += [
            self.item.kind.eq(
                select([(types[letter], Const(kind, 4)) for letter, kind in _KINDS.items()])
            ),
            self.item.side.eq(Mux(sided & (side == ord("S")), SIDE.ask, SIDE.bid)),
            self.item.order_id.eq(Mux(ordered, self._number(_ORDER, 8), 0)),
            self.item.new_order_id.eq(Mux(types["U"], self._number(_ORDER + 8, 8), 0)),
            self.item.tick.eq(fields(_PRICE, 4)),
            self.item.quantity.eq(Mux(types["Q"], self._number(_ORDER, 8), shares)),
        ]
