"""Computing in bulk: kernels for GPU and processor, and what is priced with them."""
