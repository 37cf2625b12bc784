"""Tests of gateware.market."""
