"""Segmentation tools: one file each, found on first use."""
