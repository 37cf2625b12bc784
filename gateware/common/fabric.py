"""What a component may know of the parts that it will be made of."""

from dataclasses import dataclass

__all__ = ["Fabric"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fabric:
    """Platform for synthesis: passed to ``elaborate`` of every component.

    Attributes
    ----------
    columns_above : int
        Memories with more words than this are built of columns of one bit. A block RAM holds the
        most words that way, so that the fewest have to be multiplexed behind their slow outputs;
        synthesis by itself takes the shape that needs the fewest block RAMs.
    """

    columns_above: int
