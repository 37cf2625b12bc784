"""Tests of host.worker."""
