"""Tests of the conventions that this repository keeps."""
