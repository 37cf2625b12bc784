"""Drills: bad days in the market and at the desk, played through the device with its risk gate."""
