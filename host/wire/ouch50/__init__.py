"""OUCH 5.0: orders to an exchange, and what becomes of them.

Types, lengths and fields are those of Nasdaq's public "OUCH 5.0" specification. Prices are in
0.0001, times in ns since midnight.
"""
