"""Tests of the book engine."""
