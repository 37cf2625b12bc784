"""The generated Verilog under cocotb, with random stalls."""
