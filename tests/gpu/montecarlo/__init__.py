"""Tests of Monte Carlo prices against closed forms and QuantLib."""
