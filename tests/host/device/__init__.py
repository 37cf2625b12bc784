"""Tests of host.device."""
