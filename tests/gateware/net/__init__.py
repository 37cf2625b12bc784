"""Tests of gateware.net."""
