"""What stands on the canvas besides the layers: letters, legend, hover card, window and level."""
