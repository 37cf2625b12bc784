"""Tests of gateware.build: export, and place and route."""
