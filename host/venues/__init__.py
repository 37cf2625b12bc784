"""Parsers of venue messages: bytes in, market-update rows out. No sockets, no clock, no files."""
