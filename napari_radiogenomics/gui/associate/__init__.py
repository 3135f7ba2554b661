"""The Associate dock: which features go with which genes, and what speaks for it."""
