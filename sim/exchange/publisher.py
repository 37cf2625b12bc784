"""Turn what happened on the exchange into ITCH 5.0 messages."""

from collections.abc import Iterable, Sequence

from host.wire import itch50
from sim.exchange.engine import Listing
from sim.exchange.orders import (
    SELL,
    Broken,
    Canceled,
    Event,
    Modified,
    Order,
    Prevented,
    Replaced,
    Rested,
    StateChanged,
    Traded,
)

__all__ = ["ItchPublisher"]


class ItchPublisher:
    """Tell the public what it may see; the locate of a book is its index plus 1.

    Parameters
    ----------
    listings : sequence of Listing
        The instruments, by index.
    """

    def __init__(self, listings: Sequence[Listing]) -> None:
        self._listings = listings

    def system(self, code: str, time: int) -> bytes:
        """Return a system event."""
        return itch50.encode(itch50.SystemEvent(0, 0, time, code))

    def directory(self, time: int) -> list[bytes]:
        """Return what names the instruments: one message each."""
        return [
            itch50.encode(
                itch50.StockDirectory(i + 1, 0, time, listing.symbol, round_lot=listing.round_lot)
            )
            for i, listing in enumerate(self._listings)
        ]

    def messages(self, events: Iterable[Event], time: int) -> list[bytes]:
        """Return what the public sees of the events of one request, once all have happened."""
        found = []
        for event in events:
            message = self._message(event, time)
            if message is not None:
                found.append(itch50.encode(message))
        return found

    def _message(self, event: Event, time: int) -> object | None:
        match event:
            case Rested(order):
                return self._added(order, time)
            case Traded(maker, _, price, quantity, match_number):
                head = (maker.book + 1, 0, time)
                if maker.asked.hidden:  # neither the order nor its side are told
                    symbol = self._listings[maker.book].symbol
                    return itch50.Trade(*head, 0, "B", quantity, symbol, price, match_number)
                return itch50.OrderExecuted(*head, maker.number, quantity, match_number)
            case Canceled(order, quantity, _, True) | Prevented(order, quantity, _, True):
                return _less(order, quantity, time)
            case Modified(order, quantity, True) if quantity:
                return _less(order, quantity, time)
            case Replaced(old, order, whole):
                return self._replaced(old, order, whole, time)
            case StateChanged(book, state, reason):
                symbol = self._listings[book].symbol
                return itch50.TradingAction(book + 1, 0, time, symbol, state, reason=reason)
            case Broken(trade):
                return itch50.BrokenTrade(trade.maker.book + 1, 0, time, trade.match)
            case _:
                return None

    def _replaced(self, old: Order, order: Order, whole: bool, time: int) -> object | None:
        if old.asked.hidden:
            return self._added(order, time) if whole else None
        if not whole or order.asked.hidden:
            return itch50.OrderDelete(old.book + 1, 0, time, old.number)
        return itch50.OrderReplace(
            order.book + 1, 0, time, old.number, order.number, order.open, order.price
        )

    def _added(self, order: Order, time: int) -> object | None:
        if order.asked.hidden:
            return None
        side = "S" if order.side == SELL else "B"
        symbol = self._listings[order.book].symbol
        fields = (order.book + 1, 0, time, order.number, side, order.open, symbol, order.price)
        if order.asked.attributed:
            return itch50.AddOrderAttributed(*fields, order.asked.firm)
        return itch50.AddOrder(*fields)


def _less(order: Order, quantity: int, time: int) -> object | None:
    if order.asked.hidden:
        return None
    if order.open:
        return itch50.OrderCancel(order.book + 1, 0, time, order.number, quantity)
    return itch50.OrderDelete(order.book + 1, 0, time, order.number)
