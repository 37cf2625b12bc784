"""Reference model of ``gateware.risk.repeat_filter``: every order that passed, with its time."""

__all__ = ["RepeatFilter"]


class RepeatFilter:
    """All orders that were recorded, the last ``entries`` of them with what they were."""

    def __init__(self, entries: int) -> None:
        self.entries = entries
        self.orders: list[tuple[int, int]] = []

    def record(self, key: int, now: int) -> None:
        """Remember an order."""
        self.orders.append((key, now))

    def judge(self, key: int, now: int, window: int) -> tuple[bool, bool]:
        """Return whether an order alike is remembered, and whether one was forgotten, too young."""
        known, forgotten = self.orders[-self.entries :], self.orders[: -self.entries]
        repeat = any(k == key and now - t < window for k, t in known)
        return window > 0 and repeat, window > 0 and any(now - t < window for _, t in forgotten)
