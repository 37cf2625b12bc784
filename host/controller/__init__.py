"""The controller process: supervises the workers and says how they are."""
