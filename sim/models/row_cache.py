"""Reference model of ``gateware.book.row_cache``: the best levels of one side of one book.

Prices are *keys* ``pk``, of which the smaller is the better: the tick of an ask, and the inverted
tick of a bid.
"""

from bisect import bisect_left, insort

__all__ = ["RowCache"]


class RowCache:
    """At most ``size`` best levels, exactly, and how far they reach.

    Every level that is not cached is strictly worse than ``bound``. While ``more`` is False there
    is none, and ``bound`` means nothing.

    Parameters
    ----------
    size : int
        Levels that fit, at least 1 [levels].

    Attributes
    ----------
    levels : list of list of int
        ``[pk, quantity, count]`` of the cached levels, best first.
    bound : int
        Key up to which every level is cached.
    more : bool
        Whether there may be levels beyond.

    Raises
    ------
    ValueError
        If ``size`` is below 1.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Forget all levels: the row is empty."""
        self.levels: list[list[int]] = []
        self.bound = 0
        self.more = False

    @property
    def exact(self) -> bool:
        """Whether ``best`` is the row's best level for sure."""
        return bool(self.levels) or not self.more

    @property
    def best(self) -> tuple[int, int, int] | None:
        """Best level: key, quantity, count. None where the cache holds none; see ``exact``."""
        if not self.levels:
            return None
        pk, quantity, count = self.levels[0]
        return pk, quantity, count

    def reaches(self, pk: int) -> bool:
        """Say whether the level at a key is in the cache if it exists."""
        return not self.more or pk <= self.bound

    def add(self, pk: int, quantity: int) -> None:
        """Let an order of ``quantity`` arrive at ``pk``."""
        if not self.reaches(pk):
            return
        level = self._at(pk)
        if level:
            level[1] += quantity
            level[2] += 1
            return
        insort(self.levels, [pk, quantity, 1])
        if len(self.levels) > self._size:
            self.levels.pop()
            self.bound = self.levels[-1][0]
            self.more = True

    def remove(self, pk: int, quantity: int) -> None:
        """Let an order of ``quantity`` leave ``pk``; its level leaves with the last one."""
        level = self._at(pk)
        if not level:
            return
        level[1] -= quantity
        level[2] -= 1
        if not level[2]:
            self.levels.remove(level)

    def change(self, pk: int, delta: int) -> None:
        """Change the quantity of an order at ``pk``; the order stays."""
        level = self._at(pk)
        if level:
            level[1] += delta

    def refill(self, level: tuple[int, int, int] | None) -> None:
        """Append the best level beyond, or learn with None that there is none.

        Raises
        ------
        ValueError
            If the cache is full or already reaches the level.
        """
        if level is None:
            self.more = False
            return
        if len(self.levels) >= self._size:
            raise ValueError(f"the cache must have room, not {self._size} levels already")
        if self.reaches(level[0]):
            raise ValueError(f"pk must lie beyond {self.bound} of a row with more, not {level[0]}")
        self.levels.append(list(level))
        self.bound = level[0]

    def _at(self, pk: int) -> list[int] | None:
        at = bisect_left(self.levels, [pk])
        found = at < len(self.levels) and self.levels[at][0] == pk
        return self.levels[at] if found else None
