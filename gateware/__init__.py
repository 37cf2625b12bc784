"""Gateware in Amaranth, in the order in which a packet meets it."""
