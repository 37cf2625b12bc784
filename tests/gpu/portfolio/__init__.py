"""Tests of gpu.portfolio."""
