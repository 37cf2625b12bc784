"""The device interface, how backends are found, and a device in another process."""
