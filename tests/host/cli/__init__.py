"""Tests of host.cli."""
