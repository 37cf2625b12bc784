"""Protocols of an exchange, as bytes: ITCH, OUCH, and the layers that carry them. No sockets."""
