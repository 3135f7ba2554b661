"""The Vessels dock: how tortuous the vessels around a region are."""
