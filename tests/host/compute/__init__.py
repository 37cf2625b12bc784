"""Tests of host.compute."""
