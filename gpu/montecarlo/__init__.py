"""Option prices by Monte Carlo, each with its standard error."""
