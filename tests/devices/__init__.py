"""What every device does, whatever is behind it: one suite for all backends that are present."""
