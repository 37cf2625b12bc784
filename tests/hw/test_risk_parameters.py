"""Tests of hw.risk_parameters."""

from hw.presets import PRESETS
from hw.risk_parameters import RiskParameters


def test_the_usual_gate_is_as_large_as_its_books() -> None:
    small, medium, large = (RiskParameters.beside(PRESETS[n]) for n in ("small", "medium", "large"))
    assert small == RiskParameters(
        books=8, instruments=8, strategies=8, id_bits=48, tick_bits=31, quantity_bits=28,
        position_bits=36,
    )  # fmt: skip
    assert medium == RiskParameters(id_bits=48, tick_bits=40)
    assert large == RiskParameters(books=256, tick_bits=40)
