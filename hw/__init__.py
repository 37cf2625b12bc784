"""Facts about the hardware as data: records, registers, presets, cycle budget."""
