"""Shapes and operation codes shared by the parts of the book engine."""

from typing import Final

from amaranth import unsigned
from amaranth.lib import data, enum

from hw.presets import BookParameters

__all__ = ["BANKS", "DIRECT", "WAYS", "Op", "Shapes"]

BANKS: Final = 4
WAYS: Final = 4


class Op(enum.Enum, shape=5):
    """What one slot of the pipeline does.

    Codes below 16 are update kinds of ``hw/records.toml``; the others belong to the engine.
    """

    NONE = 0
    ADD = 1
    EXECUTE = 2
    REDUCE = 3
    DELETE = 4
    REPLACE = 5  # first half: removes the old order, no event
    SET = 6
    PASS = 8  # trade, status, and what cannot be understood: an event only
    GAP = 10
    INSERT = 16  # second half of a replace
    SCAN = 17  # which slots of a set match
    READ_SLOT = 18  # read one slot of the table
    EVICT = 19  # take the order of one slot out of the window
    ADMIT = 20  # take it into the window
    CLEAR_SET = 21  # free the slots of a book in one set; zero one level
    RESET_BOOK = 22  # empty both rows, make the book valid
    READ_ROW = 23  # tell the maintenance engine about one row
    PEEK = 24  # read one level, its bitmap word and the summary
    APPEND = 25  # put a level at the end of the cache
    CLEAR_MORE = 26  # the cache holds every level of the row
    START_MOVE = 27  # a window move begins
    SET_BASE = 28  # the window is now the new one
    LEVEL = 29  # event: one cached level of both sides
    NOTIFY = 30  # event: resolved, cleared or read_done
    INVALIDATE = 31  # event: the book is invalid


#: Operations on one slot, or one set, of the table.
DIRECT: Final = (Op.SCAN, Op.READ_SLOT, Op.EVICT, Op.ADMIT, Op.CLEAR_SET)


class Shapes:
    """Layouts of one build.

    Prices inside the engine are ``pk`` [bits: tick_bits]: the tick of an ask, the inverted tick of
    a bid. A smaller ``pk`` is a better price on both sides, so that one comparison serves both.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Attributes
    ----------
    book, side, pk, quantity, count, set, slot, offset : shape
        Of the field of that name; ``slot`` is one-hot over the ways of all banks, then the stash;
        ``offset`` is a position in the window.
    key, entry, held, terms : StructLayout
        Key of an order; slot of the order table, and its parts: who is there, and at what price.
    level, meta, state : StructLayout
        Cached level; the rest of a row; state of a book.
    delta : shape
        Signed change of a level's quantity [lots].
    """

    def __init__(self, parameters: BookParameters) -> None:
        p = parameters
        self.parameters = p
        self.book_bits: Final = (p.books - 1).bit_length()
        self.set_bits: Final = (p.sets - 1).bit_length()
        self.offset_bits: Final = (p.window_ticks - 1).bit_length()
        #: Width of one bitmap word: half of the window's address bits, rounded up.
        self.leaf_bits: Final = 1 << ((self.offset_bits + 1) // 2)
        self.leaves: Final = p.window_ticks // self.leaf_bits
        self.slots: Final = BANKS * WAYS + p.stash_slots
        self.rows: Final = 2 * p.books

        self.book = unsigned(self.book_bits)
        self.side = unsigned(1)
        self.pk = unsigned(p.tick_bits)
        self.quantity = unsigned(p.quantity_bits)
        self.count = unsigned(p.count_bits)
        self.set = unsigned(self.set_bits)
        self.slot = unsigned(self.slots)
        self.offset = unsigned(self.offset_bits)
        self.delta = unsigned(p.quantity_bits + 1)  # two's complement
        self.key = data.StructLayout({"id": unsigned(p.id_bits), "book": self.book})
        held = {
            "valid": unsigned(1),
            "key": self.key,
            "inside": unsigned(1),  # the order counts in the level store
            "side": self.side,
        }
        terms = {"pk": self.pk, "quantity": self.quantity}
        self.held = data.StructLayout(held)
        self.terms = data.StructLayout(terms)
        self.entry = data.StructLayout(held | terms)
        self.level = data.StructLayout(
            {"pk": self.pk, "quantity": self.quantity, "count": self.count}
        )
        self.meta = data.StructLayout(
            {
                "valid": unsigned(p.cached_levels),  # cached levels, best in bit 0
                "more": unsigned(1),  # there may be levels that are not cached
                "better": unsigned(1),  # there may be orders better than the window
                "bound": self.pk,  # every level that is not cached is worse than this
                "base": self.pk,  # best price of the window
                "outside": self.count,  # orders outside the window
            }
        )
        self.state = data.StructLayout({"invalid": unsigned(1), "complete": unsigned(1)})
