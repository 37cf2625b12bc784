"""Show what a replay found: tables for the terminal and one self-contained page."""
