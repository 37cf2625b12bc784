"""Tests of host.risk."""
