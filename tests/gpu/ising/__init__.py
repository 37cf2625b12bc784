"""Tests of gpu.ising."""
