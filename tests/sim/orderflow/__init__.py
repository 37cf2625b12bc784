"""Tests of sim.orderflow."""
