"""From our objects to napari's layers, and back to the true grid."""
