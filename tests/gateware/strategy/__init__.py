"""Tests of gateware.strategy."""
