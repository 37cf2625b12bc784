"""Reference models: one plain Python model per component, with the same name."""
