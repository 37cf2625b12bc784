"""Strategies that make any message of a class from how its fields are declared."""

from typing import Any, get_type_hints

from hypothesis import strategies as st

from host.wire.fields import Form
from host.wire.ouch50.codes import OptionTag
from host.wire.ouch50.options import Option

__all__ = ["OPTIONS", "messages"]

_BITS = {"B": 8, "H": 16, "I": 32, "Q": 64}
_TEXT = st.characters(min_codepoint=33, max_codepoint=126)


def _values(form: Form) -> st.SearchStrategy[Any]:
    if form.domain:
        return st.sampled_from(form.domain)
    if form.code in _BITS:
        return st.integers(0, 2 ** _BITS[form.code] - 1)
    size = int(form.code[:-1])
    if form.read and isinstance(form.read(bytes(size)), int):
        return st.integers(0, 2 ** (8 * size) - 1)
    return st.text(_TEXT, max_size=size)


_OPTION_VALUES: dict[OptionTag, st.SearchStrategy[Any]] = {
    OptionTag.FIRM: st.text(_TEXT, max_size=4),
    OptionTag.MIN_QUANTITY: st.integers(0, 2**32 - 1),
    OptionTag.PEG_OFFSET: st.integers(-(2**31), 2**31 - 1),
    OptionTag.DISCRETION_PRICE: st.integers(0, 2**64 - 1),
    OptionTag.POST_ONLY: st.sampled_from("PN"),
    OptionTag.GROUP: st.integers(0, 2**16 - 1),
    OptionTag.USER_REF_INDEX: st.integers(0, 255),
    OptionTag.SELF_MATCH: st.sampled_from("NYDOW"),
}
OPTIONS = st.lists(st.sampled_from(list(_OPTION_VALUES)), unique=True).flatmap(
    lambda tags: st.tuples(*(st.builds(Option, st.just(t), _OPTION_VALUES[t]) for t in tags))
)


def messages(message: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for all messages of a class."""
    hints = get_type_hints(message, include_extras=True)
    fields = {
        name: OPTIONS if name == "options" else _values(hints[name].__metadata__[0])
        for name in message._fields
    }
    return st.builds(message, **fields)
