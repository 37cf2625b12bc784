"""Tests of the gateware package."""
