"""Compiled loops over voxels, one module a family: kernels that call each other stay together."""
