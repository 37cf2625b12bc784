"""What drives the gateware's ports in cocotb."""
