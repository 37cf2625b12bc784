"""Devices without a board: the model, and the gateware compiled by Verilator."""
