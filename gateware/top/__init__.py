"""Complete designs: what a device is built from."""
