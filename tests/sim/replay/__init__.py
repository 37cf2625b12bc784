"""Tests of sim.replay."""
