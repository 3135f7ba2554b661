"""What all plots share: napari's colors, scales that everybody can tell apart, a place below."""
