"""Triggers: each watches the consolidated market and says which orders it wants."""
