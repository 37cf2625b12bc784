"""Choose the smallest preset that holds a capture."""

from collections.abc import Mapping

from hw.presets import BookParameters
from sim.captures.needs import Needs

__all__ = ["DoesNotFitError", "choose_preset", "shortfalls"]


class DoesNotFitError(ValueError):
    """No build holds what was asked for; the text says what was needed and what there is."""


def shortfalls(needs: Needs, parameters: BookParameters) -> list[str]:
    """Say what of a capture a build cannot hold, one phrase each; empty means that it fits."""
    p = parameters
    of = f" of {needs.max_tick_symbol}" if needs.max_tick_symbol else ""
    pairs = (
        ("books", needs.books, p.books),
        ("resting orders or levels", needs.peak_live_orders, p.usable_orders),
        (f"ticks as highest price{of}", needs.max_tick, (1 << p.tick_bits) - 1),
        ("lots at a level", needs.max_quantity, (1 << p.quantity_bits) - 1),
        ("as highest order id", needs.max_id, (1 << p.id_bits) - 1),
        ("orders at a level", needs.max_count, (1 << p.count_bits) - 1),
        ("best levels of a side, for the venue's checksums", needs.levels, p.cached_levels),
    )
    return [f"{need:,} {what} (at most {most:,})" for what, need, most in pairs if need > most]


def choose_preset(
    needs: Needs, presets: Mapping[str, BookParameters], name: str | None = None
) -> BookParameters:
    """Return the preset of a name, else the smallest that fits.

    Parameters
    ----------
    needs : Needs
        What the capture holds.
    presets : mapping of str to BookParameters
        Smallest first.
    name : str, optional
        The user's choice.

    Raises
    ------
    DoesNotFitError
        If the capture does not fit the named preset, or any.
    """
    candidates = [presets[name]] if name else list(presets.values())
    for parameters in candidates:
        if not shortfalls(needs, parameters):
            return parameters
    largest = candidates[-1]
    lacking = "; ".join(shortfalls(needs, largest))
    raise DoesNotFitError(
        f"the capture needs {lacking}: more than preset {largest.name} holds. "
        "Keep fewer symbols with --symbols" + (", or another --preset." if name else ".")
    )
