"""Checks of numbers that a person gives."""

import math
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["check_numbers"]


def check_numbers(
    owner: "DataclassInstance",
    *,
    positive: tuple[str, ...] = (),
    not_negative: tuple[str, ...] = (),
) -> None:
    """Check the fields of a dataclass that are floating-point numbers.

    Parameters
    ----------
    owner : dataclass
        What has them.
    positive, not_negative : tuple of str
        Fields for which finite is not enough.

    Raises
    ------
    ValueError
        If a number is not finite or has the wrong sign.
    """
    for field in fields(owner):
        value = getattr(owner, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{field.name} must be finite, not {value}")
    for name in positive:
        if not (value := getattr(owner, name)) > 0:
            raise ValueError(f"{name} must be positive, not {value}")
    for name in not_negative:
        if (value := getattr(owner, name)) < 0:
            raise ValueError(f"{name} must not be negative, not {value}")
