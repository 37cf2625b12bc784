"""Choosing among values whose conditions exclude each other."""

from amaranth import Cat, Mux, Value

__all__ = ["first_of", "one_hot_index", "select"]


def first_of(mask: Value) -> Value:
    """Return ``mask`` with only its lowest set bit left."""
    return mask & (~mask + 1)[: len(mask)]


def one_hot_index(mask: Value) -> Value:
    """Return the position of the only bit that is set in ``mask``; 0 if none is."""
    places = range((len(mask) - 1).bit_length())
    return Cat(Cat(mask[i] for i in range(len(mask)) if i >> bit & 1).any() for bit in places)


def select(choices: list[tuple[Value, Value]]) -> Value:
    """Return the OR of the values whose condition holds: a one-hot multiplexer."""
    terms = [Mux(condition, value, 0) for condition, value in choices]
    while len(terms) > 1:  # a balanced tree, so that synthesis need not find one
        terms = [
            terms[i] | terms[i + 1] if i + 1 < len(terms) else terms[i]
            for i in range(0, len(terms), 2)
        ]
    return terms[0]
