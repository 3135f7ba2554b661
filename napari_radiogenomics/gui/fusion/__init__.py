"""The Fuse dock: what predicts an outcome, alone and together, and how far that holds."""
