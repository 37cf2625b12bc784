"""Tests of host.controller."""
