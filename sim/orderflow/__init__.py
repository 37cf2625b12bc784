"""Deterministic order flow: updates with the mix, bursts and prices of a real feed."""

from sim.orderflow.flow import order_flow
from sim.orderflow.profile import PROFILES, Profile

__all__ = ["PROFILES", "Profile", "order_flow"]
