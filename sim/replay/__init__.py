"""One run of market updates through a device: pumping, read-outs, checks and statistics."""
