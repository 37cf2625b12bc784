"""Market data in fabric: packets to messages, messages to updates, two lines to one feed."""
