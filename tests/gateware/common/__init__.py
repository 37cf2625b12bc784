"""Tests of the small parts that several blocks use."""
