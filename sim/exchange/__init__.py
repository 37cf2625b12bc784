"""A simulated exchange: matching, its protocols on loopback, and participants who trade on it."""
