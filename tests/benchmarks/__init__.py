"""Rates of the devices beside those of another order book: ``python -m tests.benchmarks``."""
