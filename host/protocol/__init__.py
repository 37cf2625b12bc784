"""Control messages and data batches between the processes."""
