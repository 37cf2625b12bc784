"""Default thresholds of the circuit breaker, scaled to an instrument's price."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hw.breaker_detectors import BREAKER_DETECTORS, BREAKER_WINDOWS, WINDOW_BUCKETS
from hw.records import BREAKER_ACTION

__all__ = ["DEFAULTS", "BreakerDefaults"]

_BASIS_POINTS: Final = 10_000
_MS: Final = 1_000_000
_SECOND: Final = 1_000_000_000
_SIGMA_UNIT: Final = 16
_WATCHED, _BANDED = 1, 2  # breaker_flags


def _actions() -> dict[str, str]:
    returns = dict.fromkeys(BREAKER_DETECTORS[:BREAKER_WINDOWS], "halt")
    return returns | {
        "spread": "reduce",
        "depth": "none",  # at best prices a few lots are common: see docs/operate/drills.md
        "divergence": "reduce",
        "rate": "widen",
        "silence": "reduce",
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerDefaults:
    """One rule for every instrument: shares of its price, but never less than some ticks.

    Attributes
    ----------
    windows : tuple of int
        Lengths of the windows [ns].
    returns : tuple of int
        Largest move within each window [basis points of the price].
    sigmas : tuple of int
        The same as a multiple of the mean move in an eighth of the first window; the larger of
        both counts.
    spread, divergence, band : int
        Largest spread, largest difference of mids between two venues, distance of the band
        [basis points of the price].
    least : int
        No distance is less [ticks]: a price of few ticks moves by large shares of itself.
    depth_shift : int
        The smaller side may fall to its average / 2^depth_shift.
    rate : int
        Most changes of the market in an eighth of the second window [changes].
    silence : int
        Longest time without a change [ns].
    hold : int
        How long a detector is calm before widen or reduce ends [ns].
    sigma_smoothing, reference_smoothing, depth_smoothing : int
        Weight of a bucket in the averages: 1 / 2^n.
    actions : mapping of str to str
        What each detector does: ``none``, ``widen``, ``reduce`` or ``halt``.
    """

    windows: tuple[int, int, int] = (50 * _MS, _SECOND, 60 * _SECOND)
    returns: tuple[int, int, int] = (100, 200, 500)
    sigmas: tuple[int, int, int] = (64, 256, 1024)
    spread: int = 100
    divergence: int = 200
    band: int = 500
    least: int = 20
    depth_shift: int = 15
    rate: int = 10_000
    silence: int = 10 * _SECOND
    hold: int = 5 * _SECOND
    sigma_smoothing: int = 12
    reference_smoothing: int = 8
    depth_smoothing: int = 8
    actions: Mapping[str, str] = field(default_factory=_actions)

    def ticks(self, share: int, price: int) -> int:
        """Return a share [basis points] of a price [ticks] as a distance [ticks]."""
        return max(share * price // _BASIS_POINTS, self.least)

    def shared(self) -> dict[str, list[int]]:
        """Return the limits that all instruments share, by register."""
        return {
            "breaker_bucket": [window // WINDOW_BUCKETS for window in self.windows],
            "sigma_smoothing": [self.sigma_smoothing],
            "reference_smoothing": [self.reference_smoothing],
            "depth_smoothing": [self.depth_smoothing],
        }

    def row(self, price: int, *, acts: bool = True) -> dict[str, int]:
        """Return the limits of an instrument, by register.

        Parameters
        ----------
        price : int
            What it trades at [ticks].
        acts : bool
            False: every detector looks and none acts, and no band binds.
        """
        names = list(enumerate(BREAKER_DETECTORS))
        actions = sum(getattr(BREAKER_ACTION, self.actions[name]) << 2 * n for n, name in names)
        row = {
            "breaker_flags": _WATCHED | (_BANDED if acts else 0),
            "breaker_actions": actions if acts else 0,
            "breaker_hold": self.hold,
            "breaker_silence": self.silence,
            "depth_shift": self.depth_shift,
            "spread_limit": self.ticks(self.spread, price),
            "divergence_limit": 2 * self.ticks(self.divergence, price),
            "breaker_rate": self.rate,
            "luld_band": self.ticks(self.band, price),
        }
        for n in range(BREAKER_WINDOWS):
            row[f"return_limit{n}"] = 2 * self.ticks(self.returns[n], price)
            row[f"sigma_factor{n}"] = _SIGMA_UNIT * self.sigmas[n]
        return row


#: What a desk starts with.
DEFAULTS: Final = BreakerDefaults()
