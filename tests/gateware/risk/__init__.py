"""Tests of gateware.risk."""
