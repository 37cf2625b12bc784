"""Tests of host.protocol."""
