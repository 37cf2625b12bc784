"""Reference model of the windows of ``gateware.book.row_cache``."""

from hw.presets import BookParameters

__all__ = ["window_around", "window_holds"]


def window_around(pk: int, parameters: BookParameters, *, leaf_bits: int) -> int:
    """Return the base of the window that an order at ``pk`` brings along.

    A quarter of the window lies on its better side. Windows begin at the edge of a leaf.

    Parameters
    ----------
    pk : int
        Price key of the order.
    parameters : BookParameters
        Sizes of the build.
    leaf_bits : int
        Keys of one leaf of the occupancy bitmap.
    """
    first = max(0, pk - parameters.window_ticks // 4)
    return first - first % leaf_bits


def window_holds(base: int, pk: int, parameters: BookParameters) -> bool:
    """Say whether the window that begins at ``base`` holds a key."""
    return base <= pk < base + parameters.window_ticks
