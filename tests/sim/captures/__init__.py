"""Tests of sim.captures."""
