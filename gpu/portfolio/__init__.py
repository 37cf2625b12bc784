"""Portfolio optimisation."""
