"""Baskets of the tests, and their tasks."""

from typing import Any

import numpy as np

from gpu.basket_task import BasketPayoff, BasketTask

__all__ = ["basket_task"]


def basket_task(payoff: BasketPayoff, *, assets: int = 5, **changed: Any) -> BasketTask:
    """Return a call on some assets whose changes are random mixtures, 3 fixings."""
    generator = np.random.default_rng(assets)
    amounts = generator.uniform(10.0, 30.0, assets)
    factor = np.tril(generator.normal(0.0, 0.1, (assets, assets)))
    given: dict[str, Any] = {
        "paths": 2000,
        "seed": 0xFEDCBA9876543210,
        "fixings": 3,
        "payoff": payoff,
        "antithetic": False,
        "call": True,
        "strike": 20.0 if payoff in (BasketPayoff.BEST, BasketPayoff.WORST) else amounts.sum(),
        "total": float(amounts.sum()),
        "amounts": tuple(amounts.tolist()),
        "shares": tuple((amounts / amounts.sum()).tolist()),
        "drifts": tuple(generator.normal(0.0, 0.01, assets).tolist()),
        "factors": tuple(tuple(row[: i + 1].tolist()) for i, row in enumerate(factor)),
    }
    return BasketTask(**(given | changed))
