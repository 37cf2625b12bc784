"""Commands that need models, captures or simulated devices."""
