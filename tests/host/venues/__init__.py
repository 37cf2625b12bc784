"""Tests of host.venues."""
