"""Reference model of ``gateware.risk.breaker.bucket_clock``: which buckets end by a time."""

from hw.breaker_detectors import WINDOW_BUCKETS

__all__ = ["BucketClock"]


class BucketClock:
    """The end of the bucket under way [ns]."""

    def __init__(self) -> None:
        self.length = 0
        self._end = 0

    def set_length(self, length: int, now: int) -> None:
        """Begin with buckets of another length [ns]; the same one changes nothing."""
        if length != self.length:
            self.length, self._end = length, now + length

    def pass_to(self, now: int) -> int | None:
        """Return how many buckets have ended by a time; None if all of the window have."""
        if not self.length or now < self._end:
            return 0
        if now >= self._end + WINDOW_BUCKETS * self.length:
            self._end = now + self.length
            return None
        ended = (now - self._end) // self.length + 1
        self._end += ended * self.length
        return ended
