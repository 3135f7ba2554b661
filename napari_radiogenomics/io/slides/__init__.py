"""Tissue slides of all formats: lazy levels that tell where a tile is damaged, and their facts."""
