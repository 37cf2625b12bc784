"""Tests of the kernels, their backends and what is built on them."""
