"""Tests of sim.drills."""
