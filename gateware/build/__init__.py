"""From components to files that tools understand: RTLIL, Verilog, place and route."""
