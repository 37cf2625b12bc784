"""Tests of host.wire."""
