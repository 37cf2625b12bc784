"""Compiling the gateware to a shared library: Verilator, a C++ compiler, and a cache."""
