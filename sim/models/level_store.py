"""Reference model of ``gateware.book.level_store``: the levels of one row's window."""

from sim.models.occupancy import Occupancy

__all__ = ["LevelStore"]


class LevelStore:
    """Quantity and count of every offset of a circular window, and which offsets hold an order.

    Numbers wrap at their widths, as those of the gateware do; ``overflow`` says when.

    Parameters
    ----------
    size : int
        Offsets of the window, a multiple of ``leaf_bits``.
    leaf_bits : int
        Offsets of one leaf of the bitmap.
    quantity_bits, count_bits : int
        Widths of a level's quantity and count [bits].

    Attributes
    ----------
    occupied : Occupancy
        The offsets that hold an order.
    overflow : bool
        Whether the last step took a level beyond its widths.
    """

    def __init__(self, size: int, *, leaf_bits: int, quantity_bits: int, count_bits: int) -> None:
        self.occupied = Occupancy(size, leaf_bits=leaf_bits)
        self.overflow = False
        self._leaf_bits = leaf_bits
        self._ends = (1 << quantity_bits, 1 << count_bits)
        self._levels = [(0, 0)] * size

    def at(self, offset: int) -> tuple[int, int]:
        """Return quantity [lots] and count [orders] of an offset."""
        return self._levels[offset]

    def add(self, offset: int, quantity: int) -> None:
        """Let an order of ``quantity`` arrive."""
        if not self._levels[offset][1]:
            self.occupied.set(offset)
        self._move(offset, quantity, 1)

    def remove(self, offset: int, quantity: int) -> None:
        """Let an order of ``quantity`` leave."""
        if self._levels[offset][1] == 1:
            self.occupied.clear(offset)
        self._move(offset, -quantity, -1)

    def change(self, offset: int, delta: int) -> None:
        """Change the quantity of an order that stays."""
        self._move(offset, delta, 0)

    def zero(self, offset: int) -> None:
        """Empty a level, and mark the whole leaf that it lies in as empty."""
        self._levels[offset] = (0, 0)
        self.overflow = False
        first = offset - offset % self._leaf_bits
        for other in range(first, first + self._leaf_bits):
            self.occupied.clear(other)

    def _move(self, offset: int, quantity: int, count: int) -> None:
        ends = self._ends
        old = self._levels[offset]
        new = (old[0] + quantity, old[1] + count)
        self.overflow = not 0 <= new[0] < ends[0] or new[1] >= ends[1]
        self._levels[offset] = (new[0] % ends[0], new[1] % ends[1])
