"""What the compute commands read."""
