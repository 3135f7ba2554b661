"""The Segment dock: regions of a scan, tools with a preview, comparing, and keys."""
