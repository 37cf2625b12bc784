"""Tests of sim.exchange."""
