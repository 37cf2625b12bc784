"""Tests of the parts of the circuit breaker."""
