"""Reference model of ``gateware.risk.open_orders``: orders by id, and by slot."""

from typing import Generic, TypeVar

from hw.order_slots import ORDER_WAYS, slot_of

__all__ = ["OpenOrders"]

T = TypeVar("T")


class OpenOrders(Generic[T]):
    """Orders in slots: an id has one place in each way, and takes the first that is free.

    Parameters
    ----------
    order_slots : int
        Slots of all ways together.
    id_bits : int
        Of an id [bits].

    Attributes
    ----------
    slots : list of (int, T) or None
        The order's id and what it is.
    """

    def __init__(self, order_slots: int, id_bits: int) -> None:
        self.order_slots, self.id_bits = order_slots, id_bits
        self.slots: list[tuple[int, T] | None] = [None] * order_slots

    def places(self, order_id: int) -> list[int]:
        """Return the slots that an id can have, in the order in which they are tried."""
        way_slots = self.order_slots // ORDER_WAYS
        return [
            way * way_slots + slot_of(self.order_slots, self.id_bits, way, order_id)
            for way in range(ORDER_WAYS)
        ]

    def find(self, order_id: int) -> int | None:
        """Return the slot of an order, None if it is not here."""
        for slot in self.places(order_id):
            held = self.slots[slot]
            if held is not None and held[0] == order_id:
                return slot
        return None

    def room(self, order_id: int) -> int | None:
        """Return the slot that a new order would take, None if all its places are taken."""
        return next((s for s in self.places(order_id) if self.slots[s] is None), None)

    def write(self, slot: int, order_id: int, order: T) -> None:
        """Put an order into a slot."""
        self.slots[slot] = (order_id, order)

    def empty(self, slot: int) -> None:
        """Empty a slot."""
        self.slots[slot] = None
