"""Tests: mirrors of the packages, and what crosses them."""
