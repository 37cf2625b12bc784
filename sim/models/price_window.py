"""Reference model of ``gateware.risk.breaker.price_window``: every price that stood, by bucket."""

from hw.breaker_detectors import WINDOW_BUCKETS

__all__ = ["PriceWindow"]


class PriceWindow:
    """The prices of one instrument in the bucket under way and those that ended before it.

    Each bucket holds all prices that stood in it; one in which none came holds the one that stood.
    """

    def __init__(self) -> None:
        self._buckets: list[set[int]] = [set()]  # the one under way is the last

    def come(self, price: int, before: int | None) -> tuple[int, int]:
        """Take a price; return the highest and the lowest in the window.

        Parameters
        ----------
        price : int
            That stands from now on.
        before : int or None
            That stood until now.
        """
        stood = {price} if before is None else {price, before}
        self._buckets[-1] |= stood
        prices = set().union(*self._buckets)
        return max(prices), min(prices)

    def next_bucket(self) -> None:
        """End the bucket under way."""
        self._buckets = [*self._buckets, set()][-WINDOW_BUCKETS:]

    def empty(self) -> None:
        """Forget all buckets."""
        self._buckets = [set()]
