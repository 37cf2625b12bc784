"""Ising and QUBO problems, and solvers of them: classical computation."""
