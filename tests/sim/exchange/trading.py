"""Accounts that trade at random over OUCH, and an exchange to do it on."""

import random
from typing import Any

from host.wire.ouch50 import requests, responses
from host.wire.ouch50.codes import OptionTag, SelfMatch
from host.wire.ouch50.options import Option
from sim.exchange.accounts import Account
from sim.exchange.engine import Listing
from sim.exchange.exchange import Exchange

__all__ = ["SYMBOLS", "answers", "exchange", "random_request", "send"]

SYMBOLS = ("ALFA", "BRAVO")


def exchange(accounts: int = 3, **more: Any) -> Exchange:
    """Return an exchange with two stocks; its clock ticks with each reading."""
    time = iter(range(34_200 * 10**9, 2**48, 1_000))
    return Exchange(
        [Listing(symbol=symbol) for symbol in SYMBOLS],
        [Account(f"user{i}", f"pass{i}", "ABC"[i % 3]) for i in range(accounts)],
        session="TEST",
        clock=lambda: next(time),
        **more,
    )


def send(venue: Exchange, account: int, message: Any) -> list[Any]:
    """Send a request and return its answers to the same account."""
    told = venue.accounts[account].told
    before = len(told)
    venue.request(account, requests.REQUESTS.encode(message))
    return [responses.RESPONSES.decode(data) for data in told[before:]]


def answers(venue: Exchange, account: int) -> list[Any]:
    """Return all that an account was told."""
    return [responses.RESPONSES.decode(data) for data in venue.accounts[account].told]


def random_request(rng: random.Random, account: Account) -> Any:
    """Return a request that mostly makes sense."""
    open_refs = list(account.orders)
    kind = rng.choices("OUXMC", [60, 15, 15, 5, 1])[0] if open_refs else "O"
    fresh = account.next_user_ref
    options: tuple[Option, ...] = ()
    if rng.random() < 0.2:
        options += (Option(OptionTag.POST_ONLY, "P"),)
    if rng.random() < 0.3:
        options += (Option(OptionTag.SELF_MATCH, rng.choice(list(SelfMatch)).value),)
    price = 100 * rng.randrange(990, 1011)
    quantity = rng.randrange(1, 300)
    time_in_force = rng.choice("000035")
    display = rng.choice("YYYYAN")
    match kind:
        case "O":
            return requests.EnterOrder(
                fresh,
                rng.choice("BBBSST"),
                quantity,
                rng.choice(SYMBOLS),
                price,
                time_in_force,
                display,
                options=options,
            )
        case "U":
            terms = (quantity, price, time_in_force, display)
            return requests.ReplaceOrder(rng.choice(open_refs), fresh, *terms, options=options)
        case "X":
            return requests.CancelOrder(rng.choice(open_refs), rng.choice([0, quantity]))
        case "M":
            ref = rng.choice(open_refs)
            side = "B" if account.orders[ref].side == 0 else rng.choice("STE")
            return requests.ModifyOrder(ref, side, quantity)
        case _:
            return requests.MassCancel(0, "", rng.choice(SYMBOLS))
