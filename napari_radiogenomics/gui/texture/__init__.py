"""The Texture dock: what a region looks like, voxel by voxel."""
