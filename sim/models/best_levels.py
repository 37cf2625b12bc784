"""Reference model of ``gateware.book.best_levels``: the best levels of the orders given."""

from bisect import insort

__all__ = ["BestLevels"]


class BestLevels:
    """At most ``size`` levels of a stream of orders, the best ones.

    Give the orders first, then take the levels; after the first ``pop`` no order may come.

    Parameters
    ----------
    size : int
        Levels that fit, at least 1 [levels].
    quantity_bits, count_bits : int
        Widths of a level's quantity and count [bits]. Both wrap.

    Attributes
    ----------
    levels : list of list of int
        ``[pk, quantity, count]``, best first.
    more : bool
        Whether there may be levels worse than those collected: it was full.
    """

    def __init__(self, size: int, *, quantity_bits: int, count_bits: int) -> None:
        self._size = size
        self._ends = (1 << quantity_bits, 1 << count_bits)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.levels: list[list[int]] = []
        self.more = False

    @property
    def limit(self) -> int | None:
        """Worst key that would still be collected; None where every key would."""
        return self.levels[-1][0] if len(self.levels) == self._size else None

    @property
    def best(self) -> tuple[int, int, int] | None:
        """Best level that is left: key, quantity, count."""
        return (self.levels[0][0], self.levels[0][1], self.levels[0][2]) if self.levels else None

    def put(self, pk: int, quantity: int) -> bool:
        """Take an order; return whether its level's quantity or count did not fit."""
        level = next((level for level in self.levels if level[0] == pk), None)
        if level is None:
            insort(self.levels, [pk, quantity, 1])
            del self.levels[self._size :]
            self.more |= len(self.levels) == self._size
            return False
        quantity, count = level[1] + quantity, level[2] + 1
        level[1:] = [quantity % self._ends[0], count % self._ends[1]]
        return quantity >= self._ends[0] or count >= self._ends[1]

    def pop(self) -> None:
        """Forget the best level, if there is one."""
        del self.levels[:1]
