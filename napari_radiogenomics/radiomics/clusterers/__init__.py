"""Ways of clustering voxels, one file each."""
