"""Reference model of the occupancy bitmap of ``gateware.book.level_store``."""

__all__ = ["Occupancy"]


class Occupancy:
    """Which offsets of a circular window hold a level, as leaves and a summary of them.

    Parameters
    ----------
    size : int
        Offsets of the window, a multiple of ``leaf_bits``.
    leaf_bits : int
        Offsets of one leaf, at least 1.

    Raises
    ------
    ValueError
        If the window is not whole leaves.
    """

    def __init__(self, size: int, *, leaf_bits: int) -> None:
        if leaf_bits < 1 or size < 1 or size % leaf_bits:
            raise ValueError(f"size must be a multiple of leaf_bits, not {size} and {leaf_bits}")
        self.size = size
        self._leaf_bits = leaf_bits
        self._leaves = [0] * (size // leaf_bits)

    def set(self, offset: int) -> None:
        """Mark an offset."""
        leaf, bit = self._place(offset)
        self._leaves[leaf] |= 1 << bit

    def clear(self, offset: int) -> None:
        """Unmark an offset."""
        leaf, bit = self._place(offset)
        self._leaves[leaf] &= ~(1 << bit)

    def leaf(self, offset: int) -> int:
        """Return the word that an offset lies in, lowest offset in bit 0."""
        return self._leaves[self._place(offset)[0]]

    @property
    def summary(self) -> int:
        """One bit for each leaf that is not 0."""
        return sum(1 << index for index, leaf in enumerate(self._leaves) if leaf)

    def next_set(self, offset: int) -> int | None:
        """Return the first marked offset at or after ``offset``, going round; None where none is.

        The rest of the first leaf, then the summary, then one other leaf: three words suffice.
        """
        first, bit = self._place(offset)
        ahead = self._leaves[first] >> bit << bit
        if ahead:
            return first * self._leaf_bits + _lowest(ahead)
        summary = self.summary
        later = summary >> (first + 1) << (first + 1)
        if not (later or summary):
            return None
        leaf = _lowest(later or summary)
        return leaf * self._leaf_bits + _lowest(self._leaves[leaf])

    def _place(self, offset: int) -> tuple[int, int]:
        if not 0 <= offset < self.size:
            raise IndexError(f"offset must be from 0 to {self.size - 1}, not {offset}")
        return divmod(offset, self._leaf_bits)


def _lowest(word: int) -> int:
    """Return the number of the lowest set bit."""
    return (word & -word).bit_length() - 1
