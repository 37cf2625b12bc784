"""Processes, device interface and command line of the host."""
