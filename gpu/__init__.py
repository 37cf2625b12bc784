"""Array functions and kernels, on NumPy or CuPy."""
