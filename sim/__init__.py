"""What stands in for the world: models, simulated devices, capture readers."""
