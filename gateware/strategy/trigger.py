"""What all triggers have in common: where they look, and how they ask."""

from collections.abc import Mapping
from typing import Any

from amaranth import Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Member, Out

from gateware.market.layouts import market_change
from gateware.strategy.layouts import intent_layout
from hw.risk_parameters import RiskParameters

__all__ = ["Trigger"]


class Trigger(wiring.Component):
    """The interface of a trigger.

    Timing
    ------
    That of the trigger.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes.
    settings : data.StructLayout
        Of its settings.
    more : mapping of str to Member
        Members of this trigger alone.

    Members
    -------
    change_valid, change : ``In(1)``, ``In(market_change)``
        Of ``ConsolidatedMarket``.
    settings : ``In(settings)``
        What the trigger may do.
    intent : ``Out(stream)``
        Orders, and cancels.
    """

    change_valid: Value
    change: Any
    settings: Any
    intent: stream.Interface

    def __init__(
        self,
        *,
        parameters: RiskParameters,
        settings: data.StructLayout,
        more: Mapping[str, Member],
    ) -> None:
        self.parameters = parameters
        super().__init__(
            {
                "change_valid": In(1),
                "change": In(market_change(parameters)),
                "settings": In(settings),
                "intent": Out(stream.Signature(intent_layout(parameters))),
                **more,
            }
        )
