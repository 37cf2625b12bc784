"""The fpga worker process: owns the device."""
