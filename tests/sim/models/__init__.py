"""Tests of sim.models."""
