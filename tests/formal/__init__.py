"""Proofs of components, with an SMT solver."""
