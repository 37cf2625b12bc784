"""Tests of the control and status registers."""
