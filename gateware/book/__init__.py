"""Order books: table of orders, cache of best levels, level store, and their maintenance."""
