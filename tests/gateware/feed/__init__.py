"""Tests of gateware.feed."""
