"""The stream of orders that a trigger wants, in cocotb."""

from typing import Any

from gateware.strategy.layouts import intent_layout
from tests.cosim.ports import Ports
from tests.gateware.market.bench import MARKET

__all__ = ["drive", "offered"]


async def drive(ports: Ports, inputs: dict[str, Any]) -> None:
    """Set the inputs of this cycle; wait until all outputs have settled."""
    _handle(ports, "ready").value = int(inputs.pop("intent__ready"))
    await ports.drive(**inputs)


def offered(ports: Ports) -> dict[str, Any]:
    """Return ``valid``, and what is offered as ``intent``."""
    bits = int(_handle(ports, "payload").value)
    return {
        "valid": int(_handle(ports, "valid").value),
        "intent": intent_layout(MARKET).from_bits(bits),
    }


def _handle(ports: Ports, name: str) -> Any:
    return getattr(ports.dut, f"{ports.name}__intent__{name}")
