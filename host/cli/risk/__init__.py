"""The commands of ``tickgate risk``."""
