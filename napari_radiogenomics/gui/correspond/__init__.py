"""The Correspondence dock: scan, slide and gene side by side, and whether they agree."""
