"""The Habitats dock: parts of a region that look alike in several maps."""
