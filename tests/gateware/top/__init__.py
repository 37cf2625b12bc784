"""Tests of the complete designs."""
