"""The market over all venues, from the books' events."""
