"""Tests of sim.drills.strategies."""

from hw.records import REQUEST_KIND, RISK_EVENT_KIND, SIDE
from sim.drills.strategies import FollowingMaker, Intent
from sim.drills.tape import Print

BID, ASK = SIDE.bid, SIDE.ask
PAUSE = 1_000


def maker() -> FollowingMaker:
    return FollowingMaker(
        instrument=0, venue=0, book=0, quantity=5, last=10_000, width=100, pause=PAUSE
    )


def shown(intents: list[Intent]) -> list[tuple[int, int, int]]:
    return [(i["kind"], i["side"], i["tick"]) for i in intents]


def event(intent: Intent, kind: int, cause: int, remaining: int = 0) -> dict[str, int]:
    return intent | {"kind": kind, "cause": cause, "remaining": remaining}


def test_it_quotes_both_sides_about_the_last_trade() -> None:
    new = REQUEST_KIND.new
    assert shown(maker().see(0, [], widened=False)) == [(new, BID, 9_900), (new, ASK, 10_100)]


def test_it_quotes_twice_as_wide_when_it_is_told_to() -> None:
    new = REQUEST_KIND.new
    assert shown(maker().see(0, [], widened=True)) == [(new, BID, 9_800), (new, ASK, 10_200)]


def test_it_follows_the_last_trade_of_its_book_once_its_quotes_are_gone() -> None:
    made = maker()
    quotes = made.see(0, [], widened=False)
    fall, elsewhere = Print(1, 0, BID, 5_000, 1), Print(2, 1, BID, 1, 1)
    cancels = made.see(PAUSE, [fall, elsewhere], widened=False)
    assert shown(cancels) == [(REQUEST_KIND.cancel, BID, 9_900), (REQUEST_KIND.cancel, ASK, 10_100)]
    assert made.see(2 * PAUSE, [], widened=False) == []
    for quote in quotes:
        made.hear(event(quote, RISK_EVENT_KIND.told, REQUEST_KIND.cancelled))
    again = made.see(3 * PAUSE, [], widened=False)
    assert shown(again) == [(REQUEST_KIND.new, BID, 4_950), (REQUEST_KIND.new, ASK, 5_050)]
    assert {q["order_id"] for q in again}.isdisjoint(q["order_id"] for q in quotes)


def test_it_keeps_quotes_that_are_near_enough_and_waits_its_pause() -> None:
    made = maker()
    made.see(0, [], widened=False)
    assert made.see(PAUSE - 1, [Print(1, 0, BID, 1, 1)], widened=False) == []
    near = maker()
    near.see(0, [], widened=False)
    assert near.see(PAUSE, [Print(1, 0, BID, 9_990, 1)], widened=False) == []


def test_a_denied_quote_is_sent_again() -> None:
    made = maker()
    for quote in made.see(0, [], widened=False):
        made.hear(event(quote, RISK_EVENT_KIND.denied, REQUEST_KIND.new))
    assert len(made.see(PAUSE, [], widened=False)) == 2


def test_a_quote_is_gone_when_it_is_filled_and_not_before() -> None:
    made = maker()
    bid, ask = made.see(0, [], widened=False)
    made.hear(event(ask, RISK_EVENT_KIND.told, REQUEST_KIND.cancelled))
    made.hear(event(bid, RISK_EVENT_KIND.told, REQUEST_KIND.fill, remaining=2))
    assert made.see(PAUSE, [], widened=False) == []
    made.hear(event(bid, RISK_EVENT_KIND.told, REQUEST_KIND.fill))
    assert len(made.see(2 * PAUSE, [], widened=False)) == 2
