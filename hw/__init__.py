"""Facts about the hardware as data: records, registers, presets, latency budget. Standard library only."""
