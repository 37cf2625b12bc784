"""The orders of a moment ago: a second one alike is a duplicate."""

from typing import Final

from amaranth import Cat, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RepeatFilter"]


class RepeatFilter(wiring.Component):
    """Remember the last orders that passed, whole, and find one alike.

    The last ``entries`` orders. When the youngest order that it had to forget is within the window,
    the filter is *blind*: it cannot exclude a repeat, and says so.

    Timing
    ------
    ``key``, ``now`` and ``window`` are sampled in cycle 0, ``repeat`` and ``blind`` are valid in
    cycle ``LATENCY``. With ``record`` the order that was sampled ``LATENCY`` cycles ago is
    remembered; look-ups sampled from the next cycle on see it.

    Parameters
    ----------
    key_bits : int
        Width of what makes orders alike, at least 1 [bits].
    time_bits : int
        Width of times [bits].
    entries : int
        Orders that are remembered, a power of two, at least 2.

    Members
    -------
    key : ``In(key_bits)``
        What makes orders alike.
    now, window : ``In(time_bits)``
        The time, which never goes back, and for how long an order counts [ns]; 0: nothing counts.
    repeat : ``Out(1)``
        An order alike was recorded at a time t with now - t < window.
    blind : ``Out(1)``
        An order that was forgotten was recorded at such a time.
    record : ``In(1)``
        The order passed.
    clear : ``In(1)``
        Forget all.

    Raises
    ------
    ValueError
        If ``key_bits`` is below 1 or ``entries`` no power of two from 2.
    """

    LATENCY: Final = 2

    key: Value
    now: Value
    window: Value
    repeat: Value
    blind: Value
    record: Value
    clear: Value

    def __init__(self, *, key_bits: int, time_bits: int = 64, entries: int = 8) -> None:
        if key_bits < 1:
            raise ValueError(f"key_bits must be at least 1, not {key_bits}")
        if entries < 2 or entries & (entries - 1):
            raise ValueError(f"entries must be a power of two from 2, not {entries}")
        self.key_bits, self.time_bits, self.entries = key_bits, time_bits, entries
        super().__init__(
            {
                "key": In(key_bits),
                "now": In(time_bits),
                "window": In(time_bits),
                "repeat": Out(1),
                "blind": Out(1),
                "record": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The newest is first.
        known = Signal(self.entries)
        keys = [Signal(self.key_bits, name=f"key{n}") for n in range(self.entries)]
        times = [Signal(self.time_bits, name=f"time{n}") for n in range(self.entries)]
        forgot, forgotten = Signal(), Signal(self.time_bits)

        # now - t < window as t > now - window, so that one subtraction serves all entries.
        same, since = Signal(self.entries), Signal(signed(self.time_bits + 1))
        counts = Signal()
        key = [Signal(self.key_bits, name=f"p{n}_key") for n in (1, 2)]
        now = [Signal(self.time_bits, name=f"p{n}_now") for n in (1, 2)]
        m.d.sync += [
            same.eq(Cat(known[n] & (keys[n] == self.key) for n in range(self.entries))),
            since.eq(self.now - self.window),
            counts.eq(self.window != 0),
            key[0].eq(self.key), key[1].eq(key[0]),
            now[0].eq(self.now), now[1].eq(now[0]),
            self.repeat.eq(counts & Cat(same[n] & (t > since) for n, t in enumerate(times)).any()),
            self.blind.eq(counts & forgot & (forgotten > since)),
        ]  # fmt: skip

        with m.If(self.record):
            m.d.sync += [
                known.eq(Cat(1, known)),
                forgot.eq(forgot | known[-1]),
                forgotten.eq(times[-1]),
            ]
            for mine, newer in zip(keys, [key[1], *keys[:-1]], strict=True):
                m.d.sync += mine.eq(newer)
            for mine, newer in zip(times, [now[1], *times[:-1]], strict=True):
                m.d.sync += mine.eq(newer)
        with m.If(self.clear):
            m.d.sync += [known.eq(0), forgot.eq(0)]
        return m
